/** CONFORMANCE B: at-least-once. */
import { expect, test } from 'vitest';
import { runGate } from './gateModel.ts';

test.each<[name: string, channels: number, script: string, log: string]>([
  ['B1 nothing is blocked', 2, 'B1.0 ? D0 B1.1', '{} D0 T1'],
  ['B2 a checkpoint that a channel never brought is dropped by the next one', 2, 'B1.0 B2.0 B2.1 B1.1', 'T2'],
  [
    'B4 a cancellation aborts the pending ones before it too, each once',
    2,
    'B1.0 B2.0 X2.1 X2.0 X1.0 B1.1 B2.1',
    'A1 A2',
  ],
  ['B5 the end of a channel that has delivered does not count twice', 2, 'B1.0 E0 B1.1', 'T1'],
  [
    'the end of a channel counts for every pending checkpoint; the newest that is full is taken',
    2,
    'B1.0 B2.0 B3.0 E1',
    'T3',
  ],
  ['the end of a channel leaves alone what others still owe', 3, 'B1.0 B1.1 B2.0 E2 B2.1', 'T1 T2'],
  ['one channel: a snapshot for each barrier', 1, 'B1.0 D0 B2.0 X3.0 B4.0', 'T1 D0 T2 A3 T4'],
  ['a notice before the barrier: no snapshot', 2, 'N2 B1.0 B2.0 B2.1 B1.1', 'A2 T1'],
  ['a notice ends only its own checkpoint', 2, 'B1.0 B2.0 N2 B1.1 B2.1', 'A2 T1'],
  ['a trigger when every channel has ended', 2, 'E0 E1 G1', 'T1'],
  ['a trigger awaits the others', 2, 'E0 G1 D1 E1', 'D1 T1'],
])('%s', (_, channels, script, log) => {
  expect(runGate({ channels, mode: 'at-least-once' }, script).log).toBe(log);
});

test('at most 50 are pending; the oldest is forgotten beyond that', () => {
  const ids = Array.from({ length: 51 }, (_, i) => i + 1);
  const first = ids.map((id) => `B${id}.0`).join(' ');
  expect(runGate({ channels: 2, mode: 'at-least-once' }, `${first} B1.1`).log).toBe('');
  expect(runGate({ channels: 2, mode: 'at-least-once' }, `${first} B2.1`).log).toBe('T2');
});

test('the alignment is measured although nothing waits', () => {
  const { snapshots } = runGate({ channels: 2, mode: 'at-least-once' }, 'B1.0 +12 B1.1');
  expect(snapshots).toMatchObject([{ id: 1, alignmentMs: 12 }]);
});
