/**
 * The disk of one simulated life: what is drawn for it to do wrong, and what its user does about it. Every refusal must have a
 * reason: on a disk that did nothing wrong there is none.
 */
import { seededRandom } from '../../runtime/base/random.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import { type DiskFaultKind, DrawnFaults } from './diskFaults.ts';
import type { MemoryDisk } from './memoryDisk.ts';
import { STORAGE_ROOT } from './simulatedProcess.ts';
import { setAllAside, startingPoint } from './startingPoint.ts';

/** So often a life is begun again because of its disk, at most. */
const RUNS_MAX = 200;
/** What a sink says when its directory is not what the restored point says it is. */
const isSinkRefusal = /is lost: neither|other bytes than/;
/** What it says when there is more than that: its owner has to consent, and the same point is gone on from. */
const isInTheWay = /came after the point to be restored/;

export class DiskTrouble {
  /** Null: it does what it says. */
  readonly faults: DrawnFaults | null;
  readonly #story: string[];
  readonly #kinds: Set<string>;
  readonly #refused = new Set<string>();
  #deployedFrom: number | null = null;
  #isRefused = false;
  #needsConsent = false;
  #runs = 0;

  constructor(
    seed: number,
    options: {
      /** What it does wrong; drawn where it is not said, in every second life. */
      readonly only: readonly DiskFaultKind[] | null;
      readonly isExactlyOnce: boolean;
      readonly story: string[];
      readonly kinds: Set<string>;
    },
  ) {
    // By itself, so that it changes nothing else that is drawn from the seed.
    const random = seededRandom(seed ^ 0xd15c);
    const isDrawn = random.below(2) === 0;
    const { only, isExactlyOnce, story, kinds } = options;
    this.#story = story;
    this.#kinds = kinds;
    this.faults =
      isExactlyOnce && (isDrawn || only !== null) ? new DrawnFaults(random, only ?? undefined) : null;
    if (this.faults !== null) story.push(`the disk: ${[...this.faults.kinds].join(', ')}`);
  }

  /** The sinks said no: this process is given up. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  get hasActed(): boolean {
    return (this.faults?.total ?? 0) > 0;
  }

  /** What the next run goes on from; `wanted` null: the newest. Undefined: not even setting aside works now. */
  begin(
    disk: MemoryDisk,
    wanted: RestorePoint | null,
    directories: readonly string[],
  ): RestorePoint | null | undefined {
    if (this.#runs++ > RUNS_MAX) throw new Error(`it was started ${this.#runs} times`);
    const hasConsent = this.#needsConsent;
    this.#isRefused = false;
    this.#needsConsent = false;
    this.#deployedFrom = null;
    const { restore, refusals } = startingPoint(disk, STORAGE_ROOT, wanted, this.#refused);
    for (const refusal of refusals) this.#refuse(refusal);
    if (restore !== null) return { ...restore, supersede: restore.supersede || hasConsent };
    if (this.#runs === 1) return null;
    try {
      for (const directory of directories) setAllAside(disk, directory, 'jsonl', `fresh${this.#runs}`);
      return null;
    } catch (error) {
      this.#story.push(`nothing could be set aside: ${String(error)}`);
      return undefined;
    }
  }

  hear(fact: JobFact): void {
    if (fact.type === 'deployed') this.#deployedFrom = fact.restoredCheckpointId;
    if (fact.type !== 'failure' || this.#isRefused) return;
    const { message } = fact.failure;
    this.#needsConsent = isInTheWay.test(message);
    this.#isRefused = this.#needsConsent || isSinkRefusal.test(message);
    if (this.#isRefused) this.#refuse(message);
  }

  /** The process is gone, and perhaps the power; somebody may change a file now. */
  between(disk: MemoryDisk, restore: RestorePoint | null, directories: readonly string[]): void {
    if (this.#isRefused && !this.#needsConsent) {
      for (const [directory, { checkpointId }] of disk.manifests())
        if (checkpointId === this.#deployedFrom) this.#refused.add(directory);
      // A branch that was just begun is a copy of it.
      if (restore?.isLatest === false) this.#refused.add(restore.directory);
    }
    const changed = this.faults?.tamper(waitingFiles(disk, directories)) ?? null;
    if (changed !== null) this.#story.push(`${changed} was changed`);
  }

  /** Faults are over. */
  end(): void {
    if (this.faults === null) return;
    this.faults.isActive = false;
    for (const kind of this.faults.counts.keys()) this.#kinds.add(`disk: ${kind}`);
  }

  #refuse(why: string): void {
    this.#story.push(`refused: ${why}`);
    this.#kinds.add('disk: refused');
    if (!this.hasActed) throw new Error(`refused on an honest disk: ${why}`);
  }
}

/** Everything that Sluice will read again; what was committed is its owner's. */
const waitingFiles = (disk: MemoryDisk, directories: readonly string[]) => {
  const out = directories.flatMap((directory) => disk.tree.files(directory));
  const committed = new Set(out.filter(([path]) => path.includes('/part-')).map(([, file]) => file));
  const waiting = out.filter(([path, file]) => path.includes('part-') && !committed.has(file));
  return [...disk.tree.files(STORAGE_ROOT), ...waiting];
};
