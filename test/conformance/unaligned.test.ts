/** CONFORMANCE C: unaligned barriers. C7, the replay after a restore, is the engine's. */
import { expect, test } from 'vitest';
import { runGate } from './gateModel.ts';

test.each<[name: string, channels: number, script: string, log: string, persisted: string]>([
  [
    'C1 the snapshot comes with the first barrier',
    3,
    'D0 D2 D0b U1.1 U1.2 D2b D1 D0c U1.0',
    'D0 D2 D0b U1 D2b D1 D0c C1',
    '1: D0c',
  ],
  [
    'C2 what comes before the own barrier is persisted, in its order',
    3,
    'U5.1 D2a D0a D2b D1 U5.2 D1 D0b D2 D1 U5.0',
    'U5 D2a D0a D2b D1 D1 D0b D2 D1 C5',
    '5: D2a D0a D2b D0b',
  ],
  ['C3 adjacent barriers persist nothing', 3, 'D0 U1.0 U1.1 U1.2 D1', 'D0 U1 C1 D1', ''],
  ['one channel: taken at once, as if aligned', 1, 'D0 U1.0 D0 U2.0', 'D0 U1 C1 D0 U2 C2', ''],
  ['nothing is blocked', 2, 'U1.0 ? D0 D1 U1.1 ?', 'U1 {} D0 D1 C1 {}', '1: D1'],
  [
    'an announced barrier overtakes what lies before it',
    2,
    '( D0a D0b U1.0 D0c ) D1 U1.1',
    'U1 D0a D0b D0c D1 C1',
    '1: D0a D0b D1',
  ],
  [
    'a barrier that is announced while its channel is captured',
    2,
    'U1.0 ( D1a D1b U1.1 D1c )',
    'U1 C1 D1a D1b D1c',
    '1: D1a D1b',
  ],
  [
    'both: some captured as it is read, the rest by the announcement',
    2,
    'U1.0 D1a ( D1b U1.1 )',
    'U1 D1a C1 D1b',
    '1: D1a D1b',
  ],
  ['the end of a channel ends its capture', 2, 'U1.0 D1 E1', 'U1 D1 C1', '1: D1'],
  ['a notice stops the capture', 2, 'U1.0 D1 N1 D1b U1.1', 'U1 D1 A1 D1b', ''],
  ['a newer barrier subsumes and captures anew', 2, 'U1.0 D1 U2.0 D1b U2.1', 'U1 D1 A1s U2 D1b C2', '2: D1b'],
  [
    'savepoints are aligned between unaligned checkpoints',
    2,
    'U1.0 U1.1 S2.0 ? D1 S2.1 U3.0 U3.1',
    'U1 C1 {0} D1 T2 U3 C3',
    '',
  ],
  ['a trigger where some inputs have ended is a first barrier', 2, 'E0 G1 D1 E1', 'D1 T1', ''],
])('%s', (_, channels, script, log, persisted) => {
  const result = runGate({ channels }, script);
  expect(result).toMatchObject({ log, persisted, blocked: [], unread: '' });
});

test('C4 what is processed and what is persisted are counted apart', () => {
  const { processedDuringAlignment, persisted } = runGate(
    { channels: 3 },
    'U1.0 D0 D1 D2 U1.1 D0 D1 D2 U1.2',
  );
  expect(processedDuringAlignment).toEqual({ 1: 600 });
  expect(persisted).toBe('1: D1 D2 D2');
});

test('C5 cancellations of newer ones: the capture stops and nothing waits', () => {
  const result = runGate({ channels: 2 }, 'U1.0 D1 X2.1 X3.1 X3.0 D1 D0');
  expect(result).toMatchObject({ log: 'U1 D1 A1s A2 A3 D1 D0', persisted: '', blocked: [] });
});

test('the snapshot is marked at the first barrier, the alignment goes on to the last', () => {
  expect(runGate({ channels: 2 }, 'U1.0 +5 U1.1').snapshots).toEqual([
    { id: 1, alignmentMs: 0, startDelayMs: 0 },
  ]);
});
