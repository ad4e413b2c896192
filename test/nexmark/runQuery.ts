/**
 * Runs a query to its end in this thread: the real job master and tasks under the scheduler of the simulation, which draws
 * every interleaving from a seed. Halfway it may be killed, to go on from its last checkpoint at another parallelism.
 */
import type { Pipeline, Sink, Source } from 'sluice';
import { collectingSink } from 'sluice/connectors';
import type { NexmarkEvent } from '../../bench/nexmark/model.ts';
import { type NexmarkOptions, nexmark } from '../../bench/nexmark/source.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { MemoryDisk } from '../simulation/memoryDisk.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { latestPoint, SimulatedProcess } from '../simulation/simulatedProcess.ts';

export type Query<Row> = (events: Source<NexmarkEvent>, out: Sink<Row>) => Pipeline;

export interface QueryRun {
  readonly events: NexmarkOptions;
  readonly parallelism: number;
  /** Killed once a checkpoint has some of the events and not all, and restored at this parallelism. Null: never. */
  readonly restoredAt: number | null;
  /** Of the interleaving. */
  readonly seed: number;
}

/** All by the clock of the simulation. A run that is killed reads slowly, to be far from its end at its first checkpoint. */
const CHECKPOINT_EVERY_MS = 40;
const READING_MS = 100;
const READING_SLOWLY_MS = 400;
/** A run that has not come so far after so many turns is stuck. */
const TURNS_MAX = 1_000_000;

/** What the sink has committed at the end, in that order. */
export function runQuery<Row>(query: Query<Row>, run: QueryRun): readonly Row[] {
  const scheduler = new Scheduler(seededRandom(run.seed));
  const disk = new MemoryDisk((call) => scheduler.later(call));
  const sink = collectingSink<Row>();
  const readingMs = run.restoredAt === null ? READING_MS : READING_SLOWLY_MS;
  const perSecond = Math.max(1, (run.events.count * 1_000) / readingMs);
  const written = query(nexmark({ ...run.events, perSecond }), sink);
  const start = (runId: string, parallelism: number): SimulatedProcess => {
    const latest = latestPoint(disk);
    return new SimulatedProcess({
      define: () => written.define(),
      disk,
      scheduler,
      settings: { ...written.define().graph.checkpoints, intervalMs: CHECKPOINT_EVERY_MS },
      parallelism,
      threadsMax: 2,
      ringBytes: 1 << 16,
      runId,
      restore: latest === null ? null : { ...latest, supersede: false, isLatest: true },
      nextCheckpointId: (latest?.manifest.checkpointId ?? 0) + 1,
      retained: [],
    });
  };

  const first = start('first', run.parallelism);
  if (run.restoredAt === null) until(first, () => first.over);
  else {
    until(first, () => isHalfway(disk, run.events.count));
    scheduler.forget();
    const second = start('second', run.restoredAt);
    until(second, () => second.over);
  }
  return sink.values;
}

function until(process: SimulatedProcess, reached: () => boolean): void {
  for (let turn = 0; !reached(); turn++) {
    process.advance();
    const failure = process.facts.find((fact) => fact.type === 'failure');
    if (failure !== undefined) throw new Error(`the query failed: ${JSON.stringify(failure)}`);
    if (turn > TURNS_MAX)
      throw new Error(`the query does not come to its end: it is ${process.master.status}`);
  }
}

function isHalfway(disk: MemoryDisk, count: number): boolean {
  const read = latestPoint(disk)?.manifest.sources.reduce((sum, { offset }) => sum + offset, 0) ?? 0;
  if (read === count) throw new Error('there was no checkpoint before the end: take more events');
  return read > 0;
}
