/** Every checkpoint setting that a job can have is shown, by a name and a value that a person reads. */
import { expect, test } from 'vitest';
import { defaultCheckpointSettings } from '../../../runtime/graph/jobGraph.ts';
import { type CheckpointConfig, checkpointConfig } from '../../../runtime/protocol/job.ts';
import { checkpointSettings } from '../../../webview/model/configuration.ts';

const shown = (changes: Partial<CheckpointConfig>) =>
  Object.fromEntries(
    checkpointSettings({ ...defaultCheckpointSettings, ...changes }).map(({ name, value }) => [name, value]),
  );

test('the defaults', () => {
  expect(shown({})).toMatchObject({
    Interval: '1 s',
    Mode: 'exactly-once',
    Barriers: 'aligned',
    Timeout: '10 min',
    'Minimum pause': '0 ms',
    Concurrent: '1',
    'Tolerable failures': '0',
    Retained: '3',
    'On exit': 'retained',
  });
});

test.each<[changes: Partial<CheckpointConfig>, name: string, value: string]>([
  [{ intervalMs: null }, 'Interval', 'off'],
  [{ intervalMs: 250 }, 'Interval', '250 ms'],
  [{ mode: 'at-least-once' }, 'Mode', 'at-least-once'],
  [{ unaligned: true }, 'Barriers', 'unaligned'],
  [{ unaligned: true, alignedTimeoutMs: 2_500 }, 'Barriers', 'unaligned after 2.50 s'],
  [{ timeoutMs: 30_000 }, 'Timeout', '30 s'],
  [{ minPauseMs: 500 }, 'Minimum pause', '500 ms'],
  [{ maxConcurrent: 4 }, 'Concurrent', '4'],
  [{ tolerableFailures: 7 }, 'Tolerable failures', '7'],
  [{ retained: 1 }, 'Retained', '1'],
  [{ retainOnExit: false }, 'On exit', 'deleted'],
])('%j: %s %s', (changes, name, value) => {
  expect(shown(changes)[name]).toBe(value);
});

test('a setting that is added is shown: each of them changes what is shown', () => {
  const other: CheckpointConfig = {
    intervalMs: 7,
    mode: 'at-least-once',
    unaligned: true,
    alignedTimeoutMs: 3,
    timeoutMs: 9,
    minPauseMs: 9,
    maxConcurrent: 9,
    tolerableFailures: 9,
    retained: 9,
    retainOnExit: !defaultCheckpointSettings.retainOnExit,
    incremental: false,
  };
  const base: CheckpointConfig = { ...defaultCheckpointSettings, unaligned: true, incremental: true };
  for (const name of Object.keys(checkpointConfig.shape)) {
    const changed = { ...base, [name]: name === 'unaligned' ? false : other[name as keyof CheckpointConfig] };
    expect(checkpointSettings(changed), name).not.toEqual(checkpointSettings(base));
  }
});
