/**
 * N1 to N3, L1 to L3, S2, G11: whatever is written, removed, mutated in place, marked, completed, aborted and thrown away in between, every
 * complete checkpoint is what a plain model was at its mark, and has exactly the files that it needs.
 */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { DataFileWriter, type WrittenFile } from '../../runtime/checkpoint/dataFileWriter.ts';
import type { OldFile } from '../../runtime/checkpoint/savedLayers.ts';
import { type ChainPlan, FileChain, type Saved } from '../../runtime/engine/fileChain.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import type { SnapshotCursor } from '../../runtime/state/snapshotCursor.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { restoreAll } from '../checkpoint/snapshotting.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const box: StateDeclaration<{ n: number }> = { name: 'box', type: 'value', schemaVersion: 1 };
const items: StateDeclaration<number> = { name: 'items', type: 'list', schemaVersion: 1 };
const perHour: StateDeclaration<{ n: number }> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const fading: StateDeclaration<number> = {
  name: 'fading',
  type: 'value',
  schemaVersion: 1,
  ttl: { afterMs: 30, refresh: 'on-create-and-write', visibility: 'never-return-expired' },
};
const declarations = [count, box, items, perHour, fading] as readonly StateDeclaration[];
const maxParallelism = 8;
const keyGroups = { first: 0, last: maxParallelism - 1 };
const slices = 4;

/** What is there, as text: one line an entry. */
type Model = Map<string, string>;

class World {
  readonly files = new MemoryFiles();
  readonly #backend: KeyedStateBackend;
  readonly #chain: FileChain;
  #model: Model = new Map();
  #now = 0;
  #nextId = 1;
  #running: Running[] = [];
  /** Complete and not thrown away, oldest first. */
  readonly complete: { id: number; directory: string; saved: Saved; expected: Model }[] = [];
  increments = 0;
  removals = 0;

  constructor() {
    this.#backend = new KeyedStateBackend({
      operatorUid: 'op',
      maxParallelism,
      keyGroups,
      declarations,
      now: () => this.#now,
      sliceUnits: 20,
    });
    this.#chain = new FileChain(this.#backend, { fullBelowBytes: 0, slices });
  }

  change(step: Change): void {
    const key = `k${step.key}`;
    const at = (state: string, rest = '') => `${state} ${key}${rest}`;
    const backend = this.#backend;
    backend.setCurrentKey(key);
    switch (step.type) {
      case 'count':
        if (step.n === 0) backend.value(count).clear();
        else backend.value(count).set(step.n);
        this.#put(at('count'), step.n === 0 ? null : step.n);
        break;
      case 'box': {
        const there = backend.value(box).get();
        // In place, without a `set`.
        if (there !== undefined) there.n = step.n;
        else backend.value(box).set({ n: step.n });
        this.#put(at('box'), { n: step.n });
        break;
      }
      case 'items': {
        if (step.n === 0) backend.list(items).clear();
        else backend.list(items).add(step.n);
        const list = backend.list(items).get();
        this.#put(at('items'), list.length === 0 ? null : list);
        break;
      }
      case 'entry': {
        const map = backend.map<string, { n: number }>(perHour);
        const there = map.get(`s${step.sub}`);
        if (step.n === 0) map.delete(`s${step.sub}`);
        else if (there !== undefined && step.n % 2 === 0) there.n = step.n;
        else map.set(`s${step.sub}`, { n: step.n });
        this.#put(at('per-hour', `/s${step.sub}`), step.n === 0 ? null : { n: step.n });
        break;
      }
      case 'walk':
        for (const [sub, value] of backend.map<string, { n: number }>(perHour).entries()) {
          value.n += 1;
          this.#put(at('per-hour', `/${sub}`), value);
        }
        break;
      case 'clear':
        backend.map(perHour).clear();
        for (const line of [...this.#model.keys()])
          if (line.startsWith(at('per-hour', '/'))) this.#model.delete(line);
        break;
      case 'timer':
        if (step.n % 3 === 0) backend.timers.deleteEventTime(step.sub, key);
        else backend.timers.registerEventTime(step.sub, key);
        this.#put(at('timer', `@${step.sub}`), step.n % 3 === 0 ? null : true);
        break;
      case 'fading':
        backend.value(fading).set(step.n);
        this.#put(at('fading'), step.n);
        break;
      case 'fire': {
        const due = backend.eventTimers.popDue(step.sub);
        if (due !== null) this.#put(`timer ${String(due.key)}@${due.time}`, null);
        break;
      }
      case 'later':
        this.#now += step.n;
        // Cleaned at once, so that the model knows what is left.
        for (let k = 0; k < keyCount; k++) {
          backend.setCurrentKey(`k${k}`);
          if (backend.value(fading).get() === undefined) this.#model.delete(`fading k${k}`);
        }
        break;
    }
  }

  mark(isSavepoint: boolean): void {
    const id = this.#nextId++;
    const directory = `attempt-${id}`;
    const chain = isSavepoint ? null : this.#chain;
    const plan: ChainPlan = chain?.plan(directory, this.files) ?? { type: 'alone' };
    if (plan.type === 'increment') this.increments++;
    const path = `op.${id}`;
    const writer = new DataFileWriter(
      this.files.create(`${directory}/${path}`),
      {
        operatorUid: 'op',
        subtaskIndex: 0,
        maxParallelism,
        wholeGroups: plan.type === 'increment' ? [...plan.wholeGroups] : null,
      },
      this.#backend.states,
    );
    const cursor =
      plan.type === 'increment'
        ? this.#backend.markIncrement(id, plan.wholeGroups)
        : plan.type === 'full'
          ? this.#backend.markFullCheckpoint(id)
          : this.#backend.markSnapshot(id);
    const expected = new Map(this.#model);
    this.#running.push({ id, directory, path, plan, chain, writer, cursor, expected, saved: null });
  }

  /** Some slices of the oldest or the newest that is under way. */
  write(slicesMax: number, isOldest: boolean): void {
    const open = this.#running.filter(({ saved }) => saved === null);
    const running = isOldest ? open[0] : open.at(-1);
    if (running === undefined) return;
    for (let i = 0; i < slicesMax; i++) {
      const slice = running.cursor.next();
      if (slice === null) {
        let written: WrittenFile | null = null;
        running.writer.finish((result) => {
          if (result.ok) written = result.value;
        });
        const { states, ...file } = written!;
        running.saved = running.chain?.wrote(running.id, running.plan, running.path, written!) ?? {
          files: [{ path: running.path, ...file }],
          states,
        };
        return;
      }
      if (slice.block !== null) running.writer.append(slice.block);
    }
  }

  /** The oldest that is written. What is older and is not can only be aborted. */
  finish(retained: number): void {
    const running = this.#running.find(({ saved }) => saved !== null);
    if (running === undefined) return;
    while (this.#running[0] !== running) this.abort();
    this.#running.shift();
    const directory = `chk-${running.id}`;
    for (const [path, bytes] of [...this.files.contents]) {
      if (!path.startsWith(`${running.directory}/`)) continue;
      this.files.contents.delete(path);
      this.files.contents.set(directory + path.slice(running.directory.length), bytes);
    }
    this.complete.push({ id: running.id, directory, saved: running.saved!, expected: running.expected });
    if (running.chain !== null) this.#chain.complete(running.id, directory);
    while (this.complete.length > retained) this.#discard(this.complete.shift()!.directory);
  }

  abort(): void {
    const running = this.#running.shift();
    if (running === undefined) return;
    running.cursor.cancel();
    if (running.plan.type === 'increment') running.plan.links.undo();
    running.writer.abort();
    this.#discard(running.directory);
    if (running.chain !== null) this.#chain.aborted(running.id);
  }

  giveUp(): void {
    this.#chain.giveUpWhatIsTooMuch();
  }

  /** Every complete checkpoint is what it must be, at two parallelisms, and no file is missing or too many. */
  check(): void {
    for (const { id, directory, saved, expected } of this.complete) {
      const old = {
        operatorUid: 'op',
        files: saved.files.map(
          ({ path, layer = 0 }): OldFile => ({ path: `${directory}/${path}`, oldSubtaskIndex: 0, layer }),
        ),
      };
      const now = () => -1_000_000;
      for (const parallelism of [1, 3]) {
        const restored = restoreAll(
          { uid: 'op', maxParallelism, declarations, now },
          parallelism,
          old,
          this.files,
        );
        expect(linesOf(restored), `checkpoint ${id} at ${parallelism}`).toEqual(
          [...expected].map((line) => line.join(' = ')).sort(),
        );
        const entries = restored.reduce((sum, { entryCount }) => sum + entryCount, 0);
        expect(
          saved.states.reduce((sum, { keys }) => sum + keys, 0),
          'entries',
        ).toBe(entries);
      }
      const there = [...this.files.contents.keys()].filter((path) => path.startsWith(`${directory}/`));
      expect(there.sort(), `files of ${id}`).toEqual(old.files.map(({ path }) => path).sort());
      expect(saved.files.length, 'files in a chain').toBeLessThanOrEqual(slices);
    }
    const known = [...this.complete, ...this.#running].map(({ directory }) => `${directory}/`);
    for (const path of this.files.contents.keys())
      expect(
        known.some((directory) => path.startsWith(directory)),
        `${path} is nobody's`,
      ).toBe(true);
  }

  #put(line: string, value: unknown): void {
    if (value === null) this.#model.delete(line);
    else this.#model.set(line, JSON.stringify(value));
  }

  #discard(directory: string): void {
    for (const path of [...this.files.contents.keys()])
      if (path.startsWith(`${directory}/`)) this.files.contents.delete(path);
  }
}

interface Running {
  readonly id: number;
  readonly directory: string;
  readonly path: string;
  readonly plan: ChainPlan;
  readonly chain: FileChain | null;
  readonly writer: DataFileWriter;
  readonly cursor: SnapshotCursor;
  readonly expected: Model;
  saved: Saved | null;
}

function linesOf(subtasks: readonly KeyedStateBackend[]): string[] {
  const lines: string[] = [];
  const put = (line: string, value: unknown) => lines.push(`${line} = ${JSON.stringify(value)}`);
  for (const backend of subtasks) {
    for (const state of [count, box, fading] as StateDeclaration[])
      backend.forEachKey(state, (key) => put(`${state.name} ${String(key)}`, backend.value(state).get()));
    backend.forEachKey(items, (key) => put(`items ${String(key)}`, backend.list(items).get()));
    backend.forEachKey(perHour, (key) => {
      for (const [sub, value] of backend.map<string, unknown>(perHour).entries())
        put(`per-hour ${String(key)}/${sub}`, value);
    });
    for (const group of backend.eventTimers.groups)
      for (const { key, time } of group.timers()) put(`timer ${String(key)}@${time}`, true);
  }
  return lines.sort();
}

const keyCount = 30;
interface Change {
  readonly type:
    | 'count'
    | 'box'
    | 'items'
    | 'entry'
    | 'walk'
    | 'clear'
    | 'timer'
    | 'fading'
    | 'fire'
    | 'later';
  readonly key: number;
  readonly sub: number;
  readonly n: number;
}

const changes = fc.record({
  type: fc.constantFrom<Change['type']>(
    'count',
    'count',
    'box',
    'items',
    'entry',
    'entry',
    'walk',
    'clear',
    'timer',
    'timer',
    'fading',
    'fire',
    'later',
  ),
  key: fc.nat(keyCount - 1),
  sub: fc.nat(3),
  n: fc.nat(9),
});
const steps = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('change' as const), change: changes }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('mark' as const), isSavepoint: fc.nat(5).map((n) => n === 0) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      slices: fc.constantFrom(1, 5, 1_000, 1_000),
      isOldest: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('finish' as const), retained: fc.constantFrom(1, 2, 3) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'abort' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'give-up' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'check' as const }) },
);

let increments = 0;
let longest = 0;
afterAll(() => {
  // A test of increments that never makes one shows nothing.
  expect(increments).toBeGreaterThan(100);
  expect(longest).toBe(slices);
});

test('G11 any checkpoint, full or an increment, is what was there at its mark', () => {
  fc.assert(
    fc.property(
      fc.array(changes, { minLength: 40, maxLength: 80 }),
      fc.array(steps, { maxLength: 200, size: 'max' }),
      (first, rest) => {
        const world = new World();
        for (const change of first) world.change(change);
        for (const step of rest) {
          switch (step.do) {
            case 'change':
              world.change(step.change);
              break;
            case 'mark':
              world.mark(step.isSavepoint);
              break;
            case 'write':
              world.write(step.slices, step.isOldest);
              break;
            case 'finish':
              world.finish(step.retained);
              break;
            case 'abort':
              world.abort();
              break;
            case 'give-up':
              world.giveUp();
              break;
            case 'check':
              world.check();
              break;
          }
          for (const { saved } of world.complete) longest = Math.max(longest, saved.files.length);
        }
        world.check();
        increments += world.increments;
      },
    ),
    // What fails on a slow machine is told with its seed before the test runs out of time.
    { numRuns: 100, interruptAfterTimeLimit: 20_000 },
  );
});
