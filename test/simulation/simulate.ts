/**
 * One simulated life of a job: a random dataflow on random threads, killed, cut from power, restored at another parallelism,
 * with checkpoints and savepoints at random moments, until the faults stop. Then it must end, and what the sink committed
 * must be exactly what the oracle says. Everything follows from the seed.
 *
 * The same lives can be lived at-least-once: then nothing may be missing, and more may come. A window that counts a record
 * twice tells another number, so that of pipelines with windows only the end is looked at.
 */
import { type Random, seededRandom } from '../../runtime/base/random.ts';
import type { Manifest, ManifestState } from '../../runtime/checkpoint/manifest.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import { RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import type { CheckpointSettings } from '../../runtime/graph/jobGraph.ts';
import { inFlightStates } from '../../runtime/state/declarations.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { randomPipeline } from './randomPipeline.ts';
import { Scheduler } from './scheduler.ts';
import { latestPoint, SimulatedProcess } from './simulatedProcess.ts';
import type { Item } from './stages/stage.ts';

const OUT = '/out';
/** A job that has not ended after so many turns without a fault is stuck. */
const TURNS_MAX = 400_000;

export interface SimulationResult {
  readonly seed: number;
  readonly description: string;
  readonly kills: number;
  readonly checkpoints: number;
  readonly restores: number;
  /** Deployments that replayed what had been in flight, and at another parallelism. */
  readonly replays: number;
  readonly rescaledReplays: number;
}

export type Overtaking = Pick<CheckpointSettings, 'unaligned' | 'alignedTimeoutMs'>;
export const aligned: Overtaking = { unaligned: false, alignedTimeoutMs: 0 };

/** Unaligned in every second life, after a timeout in a third of these. By itself, so that old seeds tell their old story. */
export const drawnOvertaking = (seed: number): Overtaking => {
  const random = seededRandom(seed ^ 0x5eed);
  if (random.below(2) === 0) return aligned;
  return { unaligned: true, alignedTimeoutMs: random.below(3) === 0 ? 1 + random.below(20) : 0 };
};

/** Throws with the seed and the story when a promise is broken. */
export const simulate = (
  seed: number,
  mode: CheckpointSettings['mode'] = 'exactly-once',
  overtaking: Overtaking = mode === 'exactly-once' ? drawnOvertaking(seed) : aligned,
): SimulationResult => {
  const random = seededRandom(seed);
  const story: string[] = [];
  try {
    return life(seed, mode, overtaking, random, story);
  } catch (error) {
    throw new Error(
      `seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n  ${story.join('\n  ')}`,
      { cause: error },
    );
  }
};

const life = (
  seed: number,
  mode: CheckpointSettings['mode'],
  overtaking: Overtaking,
  random: Random,
  story: string[],
): SimulationResult => {
  const scheduler = new Scheduler(random);
  const disk = new MemoryDisk((call) => scheduler.later(call));
  const { pipeline, expected, description } = randomPipeline(
    random,
    () => jsonl.sink(OUT),
    (call) => scheduler.later(call),
    overtaking === aligned ? null : seededRandom(seed),
  );
  const settings: CheckpointSettings = {
    ...pipeline.define().graph.checkpoints,
    mode,
    ...overtaking,
    intervalMs: random.below(6) === 0 ? null : 2 + random.below(30),
    retained: 1 + random.below(3),
    tolerableFailures: 100,
  };
  const channelRecords = [1, 16, 4_096][random.below(3)] as number;
  const define = () => {
    const definition = pipeline.define();
    return {
      ...definition,
      graph: {
        ...definition.graph,
        channelRecords,
        restart: { type: 'fixed-delay', attempts: 1_000, delayMs: 5 } as const,
      },
    };
  };
  const threadsMax = 1 + random.below(3);
  const ringBytes = random.below(2) === 0 ? RING_BYTES_MIN : 1 << 16;
  story.push(
    `${description}, ${threadsMax} threads, rings of ${ringBytes} bytes, channels of ${channelRecords} records, checkpoints every ${settings.intervalMs} ms, ${overtaking.unaligned ? `unaligned after ${overtaking.alignedTimeoutMs} ms` : 'aligned'}`,
  );
  let faults = random.below(8);
  let kills = 0;
  let checkpoints = 0;
  let restores = 0;
  let replays = 0;
  let rescaledReplays = 0;
  const inFlightOf = new Map<number, Manifest>();
  const savepoints: RestorePoint[] = [];

  for (let run = 0; ; run++) {
    const chosen =
      savepoints.length > 0 && random.below(4) === 0
        ? savepoints[random.below(savepoints.length)]
        : undefined;
    if (chosen !== undefined) forgetAfter(savepoints, chosen);
    const restore = chosen ?? pointFor(disk);
    const parallelism = random.below(2) === 0 ? null : 1 + random.below(4);
    story.push(
      `run ${run} at parallelism ${parallelism ?? 'as planned'} from ${restore === null ? 'nothing' : `${restore.manifest.kind} ${restore.manifest.checkpointId}`}`,
    );
    const process = new SimulatedProcess({
      define,
      disk,
      scheduler,
      settings,
      parallelism,
      threadsMax,
      ringBytes,
      runId: `run${run}`,
      restore,
      nextCheckpointId: highestId(disk) + 1,
      retained: retainedOn(disk),
      emit: (fact) => {
        if (fact.type === 'checkpoint-completed') {
          checkpoints++;
          inFlightOf.set(fact.checkpointId, fact.manifest);
        }
        if (fact.type === 'deployed') {
          const from = inFlightOf.get(fact.restoredCheckpointId ?? 0);
          const moved = from?.operators.filter((operator) => operator.states.some(isInFlight)) ?? [];
          if (moved.length > 0) replays++;
          const parallelismOf = new Map(
            fact.graph.job.operators.map(({ uid, parallelism: now }) => [uid, now]),
          );
          if (moved.some(({ uid, parallelism: before }) => parallelismOf.get(uid) !== before))
            rescaledReplays++;
        }
        if (fact.type === 'failure')
          story.push(
            `failure: ${fact.failure.operator ?? fact.failure.subtask.vertex}: ${fact.failure.name}: ${fact.failure.message}\n${fact.failure.origin === 'user' || fact.failure.origin === 'engine' ? fact.failure.stack : ''}`,
          );
      },
    });
    const untilFault = faults > 0 ? random.below(1 + 2 ** (4 + random.below(10))) : Number.POSITIVE_INFINITY;
    let turns = 0;
    while (!process.over && turns < untilFault) {
      process.advance();
      turns++;
      if (faults > 0 && random.below(300) === 0) act(random, process, savepoints, story);
      if (turns > TURNS_MAX) throw new Error(`the job does not end: it is ${process.master.status}`);
    }
    if (process.over) {
      story.push(`${process.master.status} after ${turns} turns`);
      if (process.master.status === 'finished') break;
      if (process.master.status === 'failed') throw new Error('the job failed for good');
      restores++;
      continue;
    }
    faults--;
    kills++;
    scheduler.forget();
    const cut = random.below(2) === 0;
    if (cut) disk.powerCut(random);
    story.push(`${cut ? 'power cut' : 'kill -9'} after ${turns} turns`);
  }

  if (mode === 'exactly-once') compare(expected, committed(disk), expected);
  else if (!description.includes('window')) compare(expected, committed(disk), null);
  return { seed, description, kills, checkpoints, restores, replays, rescaledReplays };
};

const isInFlight = ({ name, type, keys }: ManifestState): boolean =>
  type === 'in-flight' && name !== inFlightStates.watermarks.name && keys > 0;

/** What a user might do meanwhile. */
const act = (
  random: Random,
  process: SimulatedProcess,
  savepoints: RestorePoint[],
  story: string[],
): void => {
  const keep: Parameters<typeof process.master.takeSavepoint>[1] = (result) => {
    story.push(`savepoint: ${result.ok ? `#${result.value.manifest.checkpointId}` : 'refused'}`);
    if (result.ok)
      savepoints.push({
        manifest: result.value.manifest,
        directory: result.value.path,
        supersede: true,
        isLatest: false,
      });
  };
  switch (random.below(7)) {
    case 0:
      process.master.takeSavepoint({ label: 'simulated', notes: null }, keep);
      break;
    case 1:
      process.master.triggerCheckpoint(() => {});
      break;
    case 2:
      process.master.stop({ drain: false, label: null }, keep);
      break;
    case 3:
      story.push('a thread dies');
      process.killThread(random.below(process.threadCount || 1));
      break;
    case 4: {
      const point = savepoints[random.below(savepoints.length || 1)];
      if (point === undefined) break;
      story.push(`going on from savepoint #${point.manifest.checkpointId}`);
      process.master.restore(point, random.below(2) === 0 ? null : 1 + random.below(4), (result) =>
        story.push(`restore: ${result.ok ? 'runs' : result.message}`),
      );
      forgetAfter(savepoints, point);
      break;
    }
    default:
      process.master.abortCheckpoint(savepoints.length + random.below(20));
  }
};

/** What a newer savepoint calls committed is set aside by going back before it. */
const forgetAfter = (savepoints: RestorePoint[], point: RestorePoint): void => {
  for (let place = savepoints.length - 1; place >= 0; place--) {
    if ((savepoints[place] as RestorePoint).manifest.checkpointId > point.manifest.checkpointId)
      savepoints.splice(place, 1);
  }
};

const pointFor = (disk: MemoryDisk): RestorePoint | null => {
  const latest = latestPoint(disk);
  return latest === null ? null : { ...latest, supersede: false, isLatest: true };
};

const highestId = (disk: MemoryDisk): number =>
  Math.max(0, ...[...disk.manifests().values()].map((manifest) => manifest.checkpointId));

const retainedOn = (disk: MemoryDisk): { checkpointId: number; directory: string }[] =>
  [...disk.manifests()]
    .filter(([, manifest]) => manifest.kind === 'checkpoint')
    .map(([directory, manifest]) => ({ checkpointId: manifest.checkpointId, directory }))
    .sort((a, b) => a.checkpointId - b.checkpointId);

/** Ids of all records in committed parts. */
const committed = (disk: MemoryDisk): string[] =>
  disk
    .list(OUT)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => disk.text(`${OUT}/${name}`).split('\n'))
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Item).id)
    .sort();

/** `atMost` null: more than expected is no mistake. */
const compare = (
  expected: readonly string[],
  actual: readonly string[],
  atMost: readonly string[] | null,
): void => {
  const missing = difference(expected, actual);
  const doubled = atMost === null ? [] : difference(actual, atMost);
  if (missing.length === 0 && doubled.length === 0) return;
  throw new Error(
    `committed ${actual.length} records instead of ${expected.length}; missing ${missing.length} (${missing.slice(0, 5).join(' ')}), too many ${doubled.length} (${doubled.slice(0, 5).join(' ')})`,
  );
};

/** Elements of a that b has less often. */
const difference = (a: readonly string[], b: readonly string[]): string[] => {
  const counts = new Map<string, number>();
  for (const id of b) counts.set(id, (counts.get(id) ?? 0) + 1);
  return a.filter((id) => {
    const left = counts.get(id) ?? 0;
    counts.set(id, left - 1);
    return left <= 0;
  });
};
