/** CONFORMANCE D: aligned barriers that turn unaligned after a timeout (here 10 ms), and alternating ones. */
import { expect, test } from 'vitest';
import { GateModel, runGate } from './gateModel.ts';

const alignedTimeoutMs = 10;

test.each<[name: string, channels: number, script: string, log: string, persisted: string]>([
  ['D2 an announcement, then an unaligned barrier', 2, '( D0a B1.0 U1.1 ) ?', 'U1 C1 D0a {}', '1: D0a'],
  [
    'D3 both are announced, the timeout passes: both overtake, one snapshot',
    2,
    '( D0a D0b B1.0 D1 B1.1 +11 ) ?',
    'U1 C1 D0a D0b D1 {}',
    '1: D0a D0b D1',
  ],
  ['D4 the timeout has passed before any barrier', 2, '+11 B1.0 ? D1 B1.1', 'U1 {} D1 C1', '1: D1'],
  ['D6 both barriers, then the timer', 2, 'B1.0 B1.1 +11 !', 'T1', ''],
  ['D7 cancelled on both channels, then the timer', 2, 'B1.0 X1.1 X1.0 +11 !', 'A1', ''],
  ['D8 a barrier, everything ends, a stray timer', 2, 'B1.0 E1 E0 +11 !', 'T1', ''],
  [
    'D10 timed out and completed: every channel is open',
    3,
    'B1.0 B1.1 ? +11 ? D2 B1.2 ?',
    '{0 1} U1 {} D2 C1 {}',
    '1: D2',
  ],
  [
    'D15 aligned on one channel, unaligned behind two records on the other',
    2,
    'B1.0 ( D1a D1b U1.1 )',
    'U1 C1 D1a D1b',
    '1: D1a D1b',
  ],
  ['what was blocked goes on when the timer fires', 2, 'B1.0 D0 ? +11 D1 B1.1', '{0} U1 D0 D1 C1', '1: D1'],
  [
    'announced ones overtake when another channel is still silent',
    3,
    'B1.0 ( D1 B1.1 +11 ) D2 B1.2',
    'U1 D1 D2 C1',
    '1: D1 D2',
  ],
  ['an unaligned barrier at the head turns the others around', 3, 'B1.0 B1.1 ? U1.2 ?', '{0 1} U1 C1 {}', ''],
  ['savepoints do not time out', 2, 'S1.0 +11 ! ? D1 S1.1', '{0} D1 T1', ''],
  ['an announced savepoint does not overtake', 2, '( D0 S1.0 +11 ) ? S1.1', 'D0 {0} T1', ''],
  ['an end counts like a barrier when the timeout passes', 3, 'B1.0 E1 +11 D2 B1.2', 'U1 D2 C1', '1: D2'],
  ['an announced checkpoint whose first arrival is an end starts there', 2, '( D0 B1.0 E1 ) ', 'D0 T1', ''],
  [
    'one channel: an announced barrier overtakes when the time is up',
    1,
    '( D0a D0b B1.0 +11 ) D0c',
    'U1 C1 D0a D0b D0c',
    '1: D0a D0b',
  ],
])('%s', (_, channels, script, log, persisted) => {
  expect(runGate({ channels, alignedTimeoutMs }, script)).toMatchObject({
    log,
    persisted,
    blocked: [],
    unread: '',
  });
});

test('D1 123 checkpoints and savepoints by turns over 123 channels, all in order', () => {
  const gate = new GateModel({ channels: 123 });
  for (let id = 1; id <= 123; id++) {
    const kind = id % 2 === 0 ? 'S' : 'U';
    for (let i = 0; i < 123; i++) gate.feed(`${kind}${id}.${(i * 7 + id) % 123}`);
  }
  const taken = Array.from({ length: 123 }, (_, i) =>
    (i + 1) % 2 === 0 ? `T${i + 1}` : `U${i + 1} C${i + 1}`,
  );
  expect(gate.result()).toMatchObject({ log: taken.join(' '), blocked: [], persisted: '' });
});

test('D9 the first timed out, the second is on time', () => {
  const gate = new GateModel({ channels: 2, alignedTimeoutMs });
  gate.triggeredAt = { 1: 0, 2: 20 };
  for (const token of 'B1.0 +11 B1.1 +9 B2.0 +5 ? B2.1'.split(' ')) gate.feed(token);
  expect(gate.result().log).toBe('U1 C1 {0} T2');
});

test.each([
  ['the timer alone', true, 'B1.0 +11 D1 B1.1'],
  ['the barrier that comes too late alone', false, 'B1.0 +11 B1.1 D2 B1.2'],
  ['both', true, 'B1.0 +11 ! B1.1 ! D1 B1.2 !'],
])('D11 one snapshot, by %s', (_, firesTimers, script) => {
  const gate = new GateModel({ channels: 3, alignedTimeoutMs });
  gate.firesTimers = firesTimers;
  for (const token of script.split(' ')) gate.feed(token);
  expect(gate.result().log.match(/[TU]1/g)).toEqual(['U1']);
});

test('the last barrier completes an alignment even when it comes too late: nothing is left to overtake', () => {
  const gate = new GateModel({ channels: 2, alignedTimeoutMs });
  gate.firesTimers = false;
  for (const token of 'B1.0 +11 B1.1'.split(' ')) gate.feed(token);
  expect(gate.result().log).toBe('T1');
});

test('the time counts from the trigger, and a barrier from the future waits no longer than the timeout after it', () => {
  const gate = new GateModel({ channels: 2, alignedTimeoutMs });
  gate.triggeredAt = { 1: -4 };
  for (const token of 'B1.0 +5 ? +1 ?'.split(' ')) gate.feed(token);
  expect(gate.result().log).toBe('{0} U1 {}');
});
