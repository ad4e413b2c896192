/**
 * What is drawn for one simulated life before it begins: the dataflow's palette, how checkpoints are taken, what lies between
 * tasks, what the clocks do, how many faults there will be. Plain data, so that a failing seed can say what it was about.
 */
import type { Random } from '../../runtime/base/random.ts';
import { RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import {
  type CheckpointSettings,
  defaultCheckpointSettings,
  type RestartStrategy,
} from '../../runtime/graph/jobGraph.ts';

/** How barriers travel. */
export type Travel = 'aligned' | 'unaligned' | 'aligned with timeout' | 'at-least-once';
/** `skewed`: every thread reads a wall clock of its own; `jumping`: they are all set forward and back, too. */
export type Clocks = 'steady' | 'skewed' | 'jumping';

export interface Life {
  readonly travel: Travel;
  /** `growing`: only stages whose output duplicates and an early end do not spoil. */
  readonly palette: 'all' | 'growing';
  readonly settings: CheckpointSettings;
  readonly restart: RestartStrategy;
  readonly clocks: Clocks;
  readonly threadsMax: number;
  readonly ringBytes: number;
  readonly channelRecords: number;
  /** Processes that are killed; with the last of them all faults end. */
  readonly kills: number;
}

/** `travel` null: drawn. */
export const drawLife = (random: Random, travel: Travel | null): Life => {
  const drawn = drawnTravel(random);
  const travels = travel ?? drawn;
  const isAligned = travels === 'aligned' || travels === 'at-least-once';
  const palette = random.below(4) === 0 || travels === 'at-least-once' ? 'growing' : 'all';
  const timeoutMs = 1 + random.below(20);
  const concurrent = 1 + random.below(3);
  const settings: CheckpointSettings = {
    ...defaultCheckpointSettings,
    mode: travels === 'at-least-once' ? 'at-least-once' : 'exactly-once',
    unaligned: !isAligned,
    alignedTimeoutMs: travels === 'aligned with timeout' ? timeoutMs : 0,
    // Of a number that is drawn anyway: no other draw moves.
    incremental: timeoutMs % 5 !== 0,
    intervalMs: random.below(6) === 0 ? null : 2 + random.below(30),
    minPauseMs: random.below(3) === 0 ? random.below(10) : 0,
    maxConcurrent: isAligned && random.below(2) === 0 ? concurrent : 1,
    // What is computed takes simulated time, so that a large dataflow needs seconds for a checkpoint.
    timeoutMs: random.below(4) === 0 ? 30_000 : defaultCheckpointSettings.timeoutMs,
    retained: 1 + random.below(3),
    tolerableFailures: 1_000,
  };
  return {
    travel: travels,
    palette,
    settings,
    restart: drawnRestart(random),
    clocks: (['steady', 'steady', 'skewed', 'jumping'] as const)[random.below(4)] ?? 'steady',
    threadsMax: 1 + random.below(3),
    ringBytes: random.below(2) === 0 ? RING_BYTES_MIN : 1 << 16,
    channelRecords: [1, 16, 4_096][random.below(3)] ?? 1,
    kills: random.below(8),
  };
};

const drawnTravel = (random: Random): Travel => {
  const drawn = random.below(8);
  if (drawn < 3) return 'aligned';
  if (drawn < 5) return 'unaligned';
  return drawn < 7 ? 'aligned with timeout' : 'at-least-once';
};

/** None of them ever gives up. */
const drawnRestart = (random: Random): RestartStrategy => {
  const drawn = random.below(3);
  if (drawn === 0) return { type: 'fixed-delay', attempts: 10_000, delayMs: 5 };
  if (drawn === 1) return { type: 'failure-rate', failuresMax: 10_000, intervalMs: 1_000, delayMs: 3 };
  return {
    type: 'exponential-delay',
    initialMs: 1,
    maxMs: 50,
    multiplier: 2,
    jitter: 0.5,
    resetAfterMs: 100,
    attempts: 10_000,
  };
};

export const describedLife = (life: Life): string => {
  const { settings } = life;
  const aligned = life.travel === 'aligned with timeout' ? ` of ${settings.alignedTimeoutMs} ms` : '';
  return [
    `${life.threadsMax} threads`,
    `rings of ${life.ringBytes} bytes`,
    `channels of ${life.channelRecords} records`,
    `checkpoints every ${settings.intervalMs} ms`,
    `${settings.minPauseMs} ms between them`,
    `${settings.maxConcurrent} at once`,
    `${settings.retained} retained`,
    `${life.travel}${aligned}`,
    `${life.clocks} clocks`,
    `${life.restart.type} restarts`,
    `${life.kills} kills`,
  ].join(', ');
};

/** What the life is counted under in the table of what was drawn. */
export const kindsOfLife = (life: Life): readonly string[] => {
  const { settings } = life;
  const kinds: string[] = [life.travel, `clocks: ${life.clocks}`, `restart: ${life.restart.type}`];
  if (life.ringBytes === RING_BYTES_MIN && life.threadsMax > 1) kinds.push('smallest rings');
  if (life.channelRecords === 1) kinds.push('smallest queues');
  if (settings.intervalMs === null) kinds.push('no periodic checkpoints');
  if (!settings.incremental) kinds.push('full checkpoints only');
  if (settings.maxConcurrent > 1) kinds.push('concurrent checkpoints');
  if (settings.minPauseMs > 0) kinds.push('min pause');
  if (settings.retained === 1) kinds.push('one retained');
  if (life.kills === 0) kinds.push('no faults');
  return kinds;
};
