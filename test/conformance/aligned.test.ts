/** CONFORMANCE A: aligned barriers. The names begin with the scenario's id; the notation is gateModel.ts's. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import { GateModel, runGate } from './gateModel.ts';

test.each<[name: string, channels: number, script: string, log: string]>([
  ['A1 without barriers the order is kept', 1, 'D0a D0b D0c E0', 'D0a D0b D0c'],
  [
    'A2 without barriers the order of arrival is kept',
    4,
    'D0 D2 D1 E1 D3a D0b E0 D2b E2 D3b E3',
    'D0 D2 D1 D3a D0b D2b D3b',
  ],
  [
    'A3 one channel: a snapshot for each barrier, nothing is ever blocked',
    1,
    'D0a B1.0 ? D0b B2.0 B3.0 ? B4.0 D0c B5.0 B6.0 ? D0d',
    'D0a T1 {} D0b T2 T3 {} T4 D0c T5 T6 {} D0d',
  ],
  [
    'A4 channels that have delivered are blocked until the last one has',
    3,
    'B1.1 B1.2 ? D0 B1.0 ?',
    '{1 2} D0 T1 {}',
  ],
  ['A4 what comes on a blocked channel waits', 3, 'B1.1 D1 B1.2 D2 D0 B1.0', 'D0 T1 D1 D2'],
  ['A5 barriers without data', 3, 'B4.1 B4.2 B4.0 ?', 'T4 {}'],
  [
    'A6 what comes before the own barrier is inside the checkpoint',
    3,
    'B3.2 D0a D0b B3.0 B3.1',
    'D0a D0b T3',
  ],
  ['A7 a newer barrier on an open channel subsumes', 3, 'B2.1 B2.0 ? B3.2 ?', '{0 1} A2s {2}'],
  ['A8 and again', 3, 'B2.1 B2.0 B3.2 B3.0 ? B4.1 ?', 'A2s {0 2} A3s {1}'],
  ['A11 cancellations of newer checkpoints', 2, 'B1.0 X3.1 ? X2.0 X3.0 D0', 'A1s A3 {} D0'],
  ['A12 channels that have ended are not waited for', 4, 'E2 E1 B2.3 ? B2.0 ?', '{3} T2 {}'],
  ['A13 the last open channel triggers at once', 4, 'E2 E1 B2.3 B2.0 E0 B4.3 ?', 'T2 T4 {}'],
  ['A15 one channel: barriers and cancellations', 1, 'B1.0 B2.0 X4.0 B5.0 X6.0', 'T1 T2 A4 T5 A6'],
  [
    'A16 a cancellation releases, and the next checkpoint is a normal one',
    3,
    'B2.0 B2.2 D1 X2.1 ? B3.2 B3.1 D0 B3.0',
    'D1 A2 {} D0 T3',
  ],
  ['A18 a checkpoint that was cancelled before its barrier is over', 3, 'X6.1 X6.2 B6.0 ? D0', 'A6 {} D0'],
  ['A18 a checkpoint is aborted once, however many say so', 3, 'X6.1 X6.2 B6.0 X6.0 N6 ? B6.1 ?', 'A6 {} {}'],
  ['A21 the end of a channel counts as its barrier', 3, 'B1.0 B1.1 E2 ?', 'T1 {}'],
  ['A23 ends before, between and after barriers', 3, 'E2 B6.0 B6.1 E1 B7.0', 'T6 T7'],
  [
    'A25 released input is processed before newer input, in blocking order',
    3,
    'B1.2 D2a B1.0 D0a D2b ( B1.1 D1 D0b D2c )',
    'T1 D2a D2b D2c D0a D0b D1',
  ],
])('%s', (_, channels, script, log) => {
  expect(runGate({ channels }, script).log).toBe(log);
});

test('A25 a released channel is drained only to its next barrier, then it is its turn like any other', () => {
  const { log } = runGate({ channels: 2 }, 'B1.0 D0a B2.0 D0b B1.1 D1 B2.1 ?');
  expect(log).toBe('T1 D0a D1 T2 D0b {}');
});

test('A1, A2 without barriers there is no alignment', () => {
  expect(runGate({ channels: 4 }, 'D0 D2 D1 E1 D3 E0 E2 E3').snapshots).toEqual([]);
});

test('A10 alignment and start delay are measured, and what is processed meanwhile', () => {
  const gate = new GateModel({ channels: 3 });
  gate.triggeredAt = { 1: -25 };
  for (const token of 'B1.1 D0 D2 B1.0 D2 +10 B1.2'.split(' ')) gate.feed(token);
  const { processedDuringAlignment, snapshots } = gate.result();
  expect(processedDuringAlignment).toEqual({ 1: 300 });
  expect(snapshots).toEqual([{ id: 1, alignmentMs: 10, startDelayMs: 25 }]);
});

test('A10 the end that completes a checkpoint stops the clock too', () => {
  expect(runGate({ channels: 2 }, 'B1.0 +7 E1').snapshots).toMatchObject([{ id: 1, alignmentMs: 7 }]);
});

// A24 with real channels and threads is the engine's (test/engine); here the decisions alone have to keep the order.
test('A24 two gates in a row, random barriers, 200,000 buffers: order is kept and nothing gets stuck', () => {
  const seed = 24;
  const random = seededRandom(seed);
  const channels = 3;
  const gates = [new GateModel({ channels }), new GateModel({ channels })];
  for (const gate of gates) {
    const next = new Array<number>(channels).fill(0);
    const barriers = new Array<number>(channels).fill(0);
    const bring = (channel: number) => {
      const id = (barriers[channel] as number) + 1;
      barriers[channel] = id;
      gate.feed(`B${id}.${channel}`);
    };
    for (let i = 0; i < 100_000; i++) {
      const channel = random.below(channels);
      const place = next[channel] as number;
      // Every channel brings every barrier in turn, none more than three ahead of the slowest.
      const isAhead = (barriers[channel] as number) > Math.min(...barriers) + 2;
      if (random.below(10) === 0 && !isAhead) {
        bring(channel);
      } else {
        gate.feed(`D${channel}:${place}`);
        next[channel] = place + 1;
      }
    }
    const most = Math.max(...barriers);
    for (let channel = 0; channel < channels; channel++)
      while ((barriers[channel] as number) < most) bring(channel);
    const { log, blocked, unread } = gate.result();
    expect({ seed, blocked, unread }).toEqual({ seed, blocked: [], unread: '' });
    const tokens = log.split(' ');
    for (let channel = 0; channel < channels; channel++) {
      const own = tokens
        .filter((token) => token.startsWith(`D${channel}:`))
        .map((token) => Number(token.split(':')[1]));
      expect(own).toEqual(Array.from({ length: next[channel] as number }, (_, i) => i));
    }
    const taken = tokens.filter((token) => token.startsWith('T')).map((token) => Number(token.slice(1)));
    expect(taken).toEqual(Array.from({ length: most }, (_, i) => i + 1));
  }
});

test.each<[name: string, channels: number, script: string, log: string]>([
  ['a trigger at a task whose inputs have all ended is taken at once', 2, 'E0 E1 G1 ?', 'T1 {}'],
  ['a trigger awaits the channels that have not ended', 2, 'E0 G1 D1 E1', 'D1 T1'],
  ['a trigger before any end awaits all of them', 2, 'G1 D0 E0 D1 E1', 'D0 D1 T1'],
  ['a trigger and barriers of the same checkpoint are one', 2, 'G1 B1.0 ? G1 D1 B1.1 G1', '{0} D1 T1'],
  ['a trigger of what was taken already is obsolete', 1, 'B1.0 E0 G1', 'T1'],
  ['a trigger subsumes what is pending', 2, 'B1.0 G2 ? E0 E1', 'A1s {} T2'],
  ['a trigger of what was aborted is not taken', 2, 'N1 E0 G1 E1', 'A1'],
])('the coordinator triggers: %s', (_, channels, script, log) => {
  expect(runGate({ channels }, script).log).toBe(log);
});

test.each<[name: string, channels: number, script: string, log: string]>([
  [
    'E1 a notice before the barrier: no snapshot, the cancellation in its place',
    1,
    'N2 D0 B2.0 D0 B3.0',
    'D0 A2 D0 T3',
  ],
  ['E1 with several channels, nothing is blocked for it', 2, 'N2 B2.0 ? B2.1 D0 B3.0 B3.1', 'A2 {} D0 T3'],
  ['a notice releases what waits', 2, 'B2.0 D0 ? N2 ? B2.1', '{0} A2 D0 {}'],
  ['a notice ahead of its barrier leaves older checkpoints alone', 2, 'N4 B3.0 B3.1 B4.0 B4.1', 'T3 A4'],
  [
    'a notice about an older one leaves the one under way alone',
    2,
    'B3.0 B3.1 B4.0 N3 ? B4.1',
    'T3 A3 {0} T4',
  ],
  ['a notice after the snapshot cancels what is being written, once', 1, 'B2.0 N2 N2 X2.0', 'T2 A2'],
])('%s', (_, channels, script, log) => {
  expect(runGate({ channels }, script).log).toBe(log);
});
