/**
 * One simulated life of a job: a random dataflow on random threads, killed, cut from power, restored at another parallelism,
 * with checkpoints and savepoints at random moments, until the faults stop. Then it must end soon, everything that was asked
 * must be answered, and what the sinks committed must be exactly what the oracle says. Everything follows from the seed.
 *
 * The same lives are lived at-least-once: then nothing may be missing, and more may come.
 */
import { seededRandom } from '../../runtime/base/random.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import { type Acting, act, askForCheckpoint, Trap } from './act.ts';
import { drawAim, noAim } from './aim.ts';
import { checkCommitted, committedIds } from './committed.ts';
import type { DiskFaultKind } from './diskFaults.ts';
import { honest } from './diskFaults.ts';
import { DiskTrouble } from './diskTrouble.ts';
import { describedLife, drawLife, kindsOfLife, type Travel } from './life.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { forgetAfter, retainedOn } from './points.ts';
import { randomPipeline } from './randomPipeline.ts';
import { Replays } from './replays.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedProcess, STORAGE_ROOT } from './simulatedProcess.ts';
import { allStages, growingStages } from './stages/allStages.ts';
import { highestId } from './startingPoint.ts';

/** Liveness: a job that has not ended after so many turns without a fault is stuck. */
const TURNS_MAX = 400_000;
/** Nor does one that has failed so often since its start or its last checkpoint: it would do the same for all these turns. */
const FAILURES_MAX = 500;
const SINKS_MAX = 9;
const SKEW_MS = 70;

export interface SimulationResult {
  readonly seed: number;
  readonly story: readonly string[];
  /** What was drawn and what came to pass; `everyKind` names them. */
  readonly kinds: ReadonlySet<string>;
  readonly kills: number;
  readonly checkpoints: number;
  /** Turns from the last fault to the end. */
  readonly lastTurns: number;
}

/**
 * Throws with the seed and the story when a promise is broken. `travel` null: drawn. `diskFaults`: what the disk does wrong;
 * null: drawn, in every second life.
 */
export const simulate = (
  seed: number,
  travel: Travel | null = null,
  diskFaults: readonly DiskFaultKind[] | null = null,
): SimulationResult => {
  const story: string[] = [];
  try {
    return live(seed, travel, diskFaults, story);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`seed ${seed}: ${message}\n  ${story.join('\n  ')}`, { cause: error });
  }
};

const live = (
  seed: number,
  travel: Travel | null,
  diskFaults: readonly DiskFaultKind[] | null,
  story: string[],
): SimulationResult => {
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random);
  const life = drawLife(random, travel);
  const kinds = new Set<string>(kindsOfLife(life));
  const isExactlyOnce = life.travel !== 'at-least-once';
  const trouble = new DiskTrouble(seed, { only: diskFaults, isExactlyOnce, story, kinds });
  const disk = new MemoryDisk((call) => scheduler.later(call), trouble.faults ?? honest);
  const trap = new Trap();
  const {
    pipeline,
    expected,
    description,
    kinds: ofPipeline,
  } = randomPipeline(random, {
    stages: life.palette === 'growing' ? growingStages : allStages,
    sink: (place) => jsonl.sink(directoryOf(place)),
    later: (call) => scheduler.later(call),
    mayThrow: () => trap.pass(),
  });
  const define = () => {
    const definition = pipeline.define();
    const { channelRecords, restart } = life;
    return { ...definition, graph: { ...definition.graph, channelRecords, restart } };
  };
  story.push(`${description}; ${describedLife(life)}`);
  for (const kind of ofPipeline) kinds.add(kind);
  const replays = new Replays(kinds);
  const savepoints: RestorePoint[] = [];
  // By dice of its own: the seeds of before it live the same lives.
  const stateBytes = spilledBytes(seed);
  if (stateBytes !== null) {
    kinds.add('state on disk');
    story.push(`state on disk beyond ${stateBytes} bytes`);
  }
  let killsLeft = life.kills;
  let checkpoints = 0;
  let failures = 0;
  const hear = (fact: JobFact): void => {
    replays.hear(fact);
    trouble.hear(fact);
    if (fact.type === 'checkpoint-completed') {
      checkpoints++;
      failures = 0;
    }
    if (fact.type === 'failure') {
      failures++;
      story.push(toldFailure(fact));
    }
  };

  for (let run = 0; ; run++) {
    const isChosen = savepoints.length > 0 && random.below(4) === 0;
    const wanted = isChosen ? (savepoints[random.below(savepoints.length)] ?? null) : null;
    const restore = trouble.begin(disk, wanted, sinkDirectories);
    if (restore === undefined) continue;
    if (restore === null) savepoints.length = 0;
    else if (restore.supersede) forgetAfter(savepoints, restore);
    const parallelism = random.below(2) === 0 ? null : 1 + random.below(4);
    kinds.add(restore === null ? 'from nothing' : isChosen ? 'from an older savepoint' : 'from the newest');
    story.push(`run ${run} at parallelism ${parallelism ?? 'as planned'} from ${nameOf(restore)}`);
    const isLast = killsLeft === 0;
    const aim = isLast ? noAim : drawAim(random);
    const process = new SimulatedProcess({
      define,
      disk,
      scheduler,
      settings: life.settings,
      parallelism,
      threadsMax: life.threadsMax,
      ringBytes: life.ringBytes,
      runId: `run${run}`,
      restore,
      nextCheckpointId: highestId(disk, STORAGE_ROOT) + 1,
      retained: retainedOn(disk),
      skewMs: (thread) => (life.clocks === 'steady' ? 0 : (thread - 1) * SKEW_MS),
      emit: (fact) => {
        aim.hear(fact);
        hear(fact);
      },
      stateBytes,
    });
    const asked = new Set<string>();
    const acting: Acting = { random, process, scheduler, life, savepoints, story, kinds, trap, asked };
    let turns = 0;
    failures = 0;
    for (; !process.over && !trouble.isRefused && !aim.strikes(); turns++) {
      if (isLast && turns === 40) trouble.end();
      if (isLast && turns === 50) askForCheckpoint(acting);
      if (!isLast && random.below(300) === 0) act(acting);
      process.advance();
      if (failures > FAILURES_MAX) throw new Error(`the job failed ${failures} times without a checkpoint`);
      if (turns > TURNS_MAX) throw new Error(`the job does not end: it is ${process.master.status}`);
    }
    if (process.over) {
      const { status } = process.master;
      kinds.add(status);
      story.push(`${status} after ${turns} turns`);
      if (asked.size > 0) throw new Error(`never answered: ${[...asked].join(', ')}`);
      if (status === 'failed' && !trouble.hasActed) throw new Error('the job failed for good');
      if (status !== 'finished') continue;
      checkCommitted(expected, committedIds(disk, sinkDirectories), !isExactlyOnce);
      return { seed, story, kinds, kills: life.kills - killsLeft, checkpoints, lastTurns: turns };
    }
    if (!trouble.isRefused) killsLeft--;
    scheduler.forget();
    const fault = random.below(2) === 0 ? 'power cut' : 'kill -9';
    if (fault === 'power cut') disk.powerCut(random);
    kinds.add(fault);
    story.push(`${fault} after ${turns} turns`);
    trouble.between(disk, restore, sinkDirectories);
  }
};

const spilledBytes = (seed: number): number | null => {
  const random = seededRandom(seed ^ 0x5b11);
  return random.below(3) === 0 ? random.below(1_000) : null;
};

const directoryOf = (place: number): string => `/out${place}`;
const sinkDirectories = Array.from({ length: SINKS_MAX }, (_unused, place) => directoryOf(place));

const nameOf = (point: RestorePoint | null): string =>
  point === null ? 'nothing' : `${point.manifest.kind} ${point.manifest.checkpointId}`;

/** With the stack where it may be our mistake. */
const toldFailure = ({ failure }: JobFact & { readonly type: 'failure' }): string => {
  const { operator, subtask, name, message, origin, stack } = failure;
  const isOurs = (origin === 'user' || origin === 'engine') && !message.includes(Trap.message);
  return `failure: ${operator ?? subtask.vertex}: ${name}: ${message}${isOurs ? `\n${stack}` : ''}`;
};
