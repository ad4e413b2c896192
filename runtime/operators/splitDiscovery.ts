/**
 * Which splits of a source a subtask reads, and when it looks for new ones.
 *
 * Subtasks do not talk about it: each knows from a rule what is its own. Where all of them list the same splits at the same
 * moment (the start), the rule is the place in the sorted list, which spreads them evenly. A source whose splits come while
 * it runs is listed by each subtask at moments of its own, and a place in a list that grows means something else a
 * second later; there the rule is a hash of the split's id, which spreads them well enough.
 *
 * - D1. A split belongs to one subtask, whatever each of them has listed, and when.
 * - D2. What was handed out, or is in the snapshot that was restored, is not handed out again: a split that was finished
 *   long ago is not read twice.
 */
import { encodeUtf8 } from '../base/utf8.ts';
import { murmur3 } from '../state/murmur3.ts';
import { type Source, type SourceContext, SourceError } from './source.ts';

type Discovered = Pick<Source<unknown>, 'name' | 'bounded' | 'splits' | 'discoverEveryMs'>;

export class SplitDiscovery {
  readonly #source: Discovered;
  readonly #context: SourceContext;
  readonly #known = new Set<string>();
  /** By Clock.monotonicMs(). */
  #dueAtMs = Number.POSITIVE_INFINITY;

  constructor(source: Discovered, context: SourceContext) {
    this.#source = source;
    this.#context = context;
    const { name, bounded, discoverEveryMs } = source;
    if (discoverEveryMs === undefined) return;
    if (!(discoverEveryMs > 0)) {
      throw new SourceError(
        `Source ${name} looks for new splits every ${discoverEveryMs} ms; discoverEveryMs must be above zero.`,
      );
    }
    if (bounded) {
      throw new SourceError(
        `Source ${name} says that it ends and that new splits come; with discoverEveryMs, bounded must be false.`,
      );
    }
  }

  /** The splits of this subtask at its start, sorted: those that a snapshot knows, and those that are listed. */
  first(saved: Iterable<string>): readonly string[] {
    const { subtaskIndex, parallelism } = this.#context;
    const ids = [...new Set([...saved, ...this.#list()])].sort();
    const mine =
      this.#source.discoverEveryMs === undefined
        ? ids.filter((_, place) => place % parallelism === subtaskIndex)
        : ids.filter((id) => ownerOf(id, parallelism) === subtaskIndex);
    for (const id of mine) this.#known.add(id);
    return mine;
  }

  /** Splits of this subtask that were not there before, sorted; none while it is too early to look. */
  look(): readonly string[] {
    const { clock, subtaskIndex, parallelism } = this.#context;
    if (clock.monotonicMs() < this.#dueAtMs) return [];
    const isNew = (id: string) => !this.#known.has(id) && ownerOf(id, parallelism) === subtaskIndex;
    const found = [...new Set(this.#list())].filter(isNew).sort();
    for (const id of found) this.#known.add(id);
    return found;
  }

  /** When to look again, by Clock.monotonicMs(); null: never. */
  get nextLookAtMs(): number | null {
    return this.#dueAtMs === Number.POSITIVE_INFINITY ? null : this.#dueAtMs;
  }

  #list(): readonly string[] {
    const { discoverEveryMs } = this.#source;
    if (discoverEveryMs !== undefined) this.#dueAtMs = this.#context.clock.monotonicMs() + discoverEveryMs;
    return this.#source.splits(this.#context);
  }
}

/** The subtask that reads a split of a source with discovery: from its id alone (D1). */
export function ownerOf(split: string, parallelism: number): number {
  return murmur3(encodeUtf8(split)) % parallelism;
}
