/** A job's checkpoint settings as a person reads them: every option by its name, its value, and what that means. */
import type { CheckpointConfig } from '../../runtime/protocol/job.ts';
import * as format from './format.ts';

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

export function checkpointSettings(config: CheckpointConfig): readonly Setting[] {
  const { intervalMs, mode, unaligned, alignedTimeoutMs, maxConcurrent, tolerableFailures, retained } =
    config;
  return [
    intervalMs === null
      ? setting('Interval', 'off', 'Only by hand, and at the end of the data')
      : setting('Interval', time(intervalMs), 'From trigger to trigger'),
    mode === 'exactly-once'
      ? setting('Mode', mode, 'A failure neither loses nor doubles')
      : setting('Mode', mode, 'Nothing is blocked; duplicates after a failure are possible'),
    unaligned
      ? setting(
          'Barriers',
          alignedTimeoutMs === 0 ? 'unaligned' : `unaligned after ${time(alignedTimeoutMs)}`,
          'They overtake records, which become part of the checkpoint',
        )
      : setting('Barriers', 'aligned', 'They keep their place among the records'),
    setting('Timeout', time(config.timeoutMs), 'A checkpoint that takes longer has failed'),
    setting('Minimum pause', time(config.minPauseMs), 'From the end of one to the start of the next'),
    setting('Concurrent', String(maxConcurrent), 'Under way at once, savepoints not counted'),
    setting(
      'Tolerable failures',
      String(tolerableFailures),
      tolerableFailures === 0
        ? 'The first failed checkpoint restarts the job'
        : 'In a row, before the job restarts',
    ),
    setting('Retained', String(retained), 'Completed checkpoints that are kept'),
    config.retainOnExit
      ? setting('On exit', 'retained', 'The last ones stay when the job ends')
      : setting('On exit', 'deleted', 'They stay only when the job fails'),
    ...(config.incremental === undefined
      ? []
      : [
          config.incremental
            ? setting('Written', 'incrementally', 'What changed; savepoints are always whole')
            : setting('Written', 'whole', 'All state, each time'),
        ]),
  ];
}

const setting = (name: string, value: string, meaning: string): Setting => ({ name, value, meaning });

const time = (ms: number): string =>
  format
    .duration(ms)
    .replace(/\.00 s$/, ' s')
    .replace(/ m 00 s$/, ' min');
