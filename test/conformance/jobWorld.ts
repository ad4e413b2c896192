/**
 * A job with its disk on one screen, for scenarios over savepoints and retention: an endless count per key whose output says
 * by itself whether anything was lost or doubled. It runs on the simulated process, under a seeded scheduler.
 */
import { expect } from 'vitest';
import { type DataStream, ofType, type Pipeline, pipeline, valueState } from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import type { JobStatus } from '../../runtime/engine/job/facts.ts';
import type { RestorePoint, TakenSnapshot } from '../../runtime/engine/job/jobMaster.ts';
import type { CheckpointSettings } from '../../runtime/graph/jobGraph.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { MemoryDisk } from '../simulation/memoryDisk.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { latestPoint, SimulatedProcess } from '../simulation/simulatedProcess.ts';

interface Tick {
  readonly n: number;
  readonly key: string;
}

const keys = ['k0', 'k1', 'k2'];

export class JobWorld {
  readonly scheduler: Scheduler;
  readonly disk: MemoryDisk;
  process: SimulatedProcess;
  /** Of the processes that are started from now on. */
  settings: Partial<CheckpointSettings>;
  readonly #pipeline: Pipeline;
  readonly #parallelism: number;
  #runs = 0;

  /** `ticks`: where every split ends; endless unless given. */
  constructor(
    settings: Partial<CheckpointSettings> = {},
    options: {
      readonly ticks?: number;
      readonly sources?: number;
      readonly seed?: number;
      /** Of everything, threads too; each source has as many splits. */
      readonly parallelism?: number;
    } = {},
  ) {
    this.settings = { intervalMs: 20, tolerableFailures: 0, ...settings };
    this.#pipeline = counting(
      options.ticks ?? Number.POSITIVE_INFINITY,
      options.sources ?? 1,
      options.parallelism ?? 1,
    );
    this.#parallelism = options.parallelism ?? 1;
    this.scheduler = new Scheduler(seededRandom(options.seed ?? 1));
    this.disk = new MemoryDisk((call) => this.scheduler.later(call));
    this.process = this.start(null);
  }

  /** Another process on the same disk. What was claimed is what a file would have said. */
  start(
    restore: RestorePoint | null,
    claimed: readonly { readonly checkpointId: number; readonly directory: string }[] = [],
  ): SimulatedProcess {
    const manifests = [...this.disk.manifests()];
    const ids = manifests.map(([, manifest]) => manifest.checkpointId);
    this.process = new SimulatedProcess({
      define: () => this.#pipeline.define(),
      disk: this.disk,
      scheduler: this.scheduler,
      settings: { ...this.#pipeline.define().graph.checkpoints, ...this.settings },
      parallelism: this.#parallelism,
      threadsMax: this.#parallelism,
      ringBytes: 1 << 16,
      runId: `run-${this.#runs++}`,
      restore,
      nextCheckpointId: Math.max(0, ...ids) + 1,
      retained: manifests
        .filter(([, { kind }]) => kind === 'checkpoint')
        .map(([directory, { checkpointId }]) => ({ checkpointId, directory }))
        .sort((a, b) => a.checkpointId - b.checkpointId),
      claimed,
    });
    return this.process;
  }

  /** As `--from latest` does, after a kill. */
  continue(claimed: readonly { readonly checkpointId: number; readonly directory: string }[] = []): void {
    this.scheduler.forget();
    const latest = latestPoint(this.disk);
    this.start(latest === null ? null : { ...latest, supersede: false, isLatest: true }, claimed);
  }

  until(what: string, reached: () => boolean): void {
    for (let turn = 0; !reached(); turn++) {
      if (turn > 20_000) throw new Error(`never came: ${what}; the job is ${this.process.master.status}`);
      this.process.advance();
    }
  }

  untilStatus(status: JobStatus): void {
    this.until(status, () => this.process.master.status === status);
  }

  /** What is on its way to the disk arrives there; shorter than a checkpoint takes to come. */
  rest(): void {
    for (let call = 0; call < 100; call++) this.scheduler.deliver();
  }

  /** So many more than now. */
  untilCheckpoints(count: number): void {
    const completed = () => this.process.facts.filter((fact) => fact.type === 'checkpoint-completed').length;
    const wanted = completed() + count;
    this.until(`${count} more checkpoints`, () => completed() >= wanted);
  }

  takeSavepoint(label: string): TakenSnapshot {
    let taken: TakenSnapshot | null = null;
    this.process.master.takeSavepoint({ label, notes: null }, (result) => {
      taken = result.ok ? result.value : null;
    });
    this.until('the savepoint', () => taken !== null);
    return taken as unknown as TakenSnapshot;
  }

  /** Labels of savepoints and ids of checkpoints, oldest first. */
  onDisk(): string[] {
    return [...this.disk.manifests().values()]
      .sort((a, b) => a.checkpointId - b.checkpointId)
      .map(({ kind, label, checkpointId }) => (kind === 'savepoint' ? `${label}` : `#${checkpointId}`));
  }

  savepoints(): string[] {
    return this.onDisk().filter((name) => !name.startsWith('#'));
  }

  checkpoints(): string[] {
    return this.onDisk().filter((name) => name.startsWith('#'));
  }

  /** What the sink has committed, which must be each key's count from 1 on, nothing missing, nothing twice. */
  committedExactly(): number {
    const ids = this.committed();
    for (const key of keys) {
      const counts = ids.filter((id) => id.startsWith(key)).map((id) => Number(id.slice(3)));
      expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: counts.length }, (_, i) => i + 1));
    }
    return ids.length;
  }

  committed(): readonly string[] {
    return this.disk
      .list('/out')
      .filter((name) => name.startsWith('part-'))
      .flatMap((name) => this.disk.text(`/out/${name}`).split('\n'))
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: string }).id);
  }
}

/** Several sources are united before they are counted, so that there is something to align. */
function counting(until: number, sources: number, splits: number): Pipeline {
  return pipeline('counting', (env) => {
    env.restart({ strategy: 'fixed-delay', attempts: 100, delay: 1 });
    const [first, ...others] = Array.from({ length: sources }, (_, place) =>
      env.fromSource(ticks(until, splits), { uid: place === 0 ? 'ticks' : `ticks-${place}` }),
    );
    others
      .reduce((all, one) => all.union(one), first as DataStream<Tick>)
      .keyBy((tick) => tick.key)
      .process(
        {
          output: ofType<{ id: string }>(),
          state: { count: valueState<number>({ initial: 0 }) },
          onElement: (tick, context) => {
            const count = context.state.count.get() + 1;
            context.state.count.set(count);
            context.emit({ id: `${tick.key}#${count}` });
          },
        },
        { uid: 'count' },
      )
      .sinkTo(jsonl.sink('/out'), { uid: 'out' });
  });
}

const ticks = (until: number, splits: number): Source<Tick> => ({
  name: 'ticks',
  bounded: Number.isFinite(until),
  splits: () => Array.from({ length: splits }, (_, place) => `${place}`),
  openSplit: (_split, from) => {
    let n = from?.offset ?? 0;
    return {
      poll: (emit) => {
        for (let taken = 0; taken < 3 && n < until; taken++)
          if (!emit({ n, key: keys[n++ % keys.length] as string }, 0)) break;
        return n < until ? { status: 'more' } : { status: 'finished' };
      },
      position: () => ({ offset: n, resume: null, finished: n >= until }),
      close: () => {},
    };
  },
});
