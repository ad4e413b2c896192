import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../runtime/operators/operator.ts';
import {
  SplitWatermarks,
  type WatermarkChange,
  WatermarkCoalescer,
} from '../../runtime/operators/watermarks.ts';

/** Events as `0:5` (watermark 5 on channel 0), `0:idle`, `0:active`, `0:end`; answers as `5`, `idle`, `active`, `max`. */
function coalesce(channels: number, events: string): string {
  const coalescer = new WatermarkCoalescer(channels);
  const out: WatermarkChange[] = [];
  for (const event of events.split(' ')) {
    const [channel = '', what = ''] = event.split(':');
    const at = Number(channel);
    if (what === 'idle') out.push(...coalescer.onIdle(at));
    else if (what === 'active') out.push(...coalescer.onActive(at));
    else if (what === 'end') out.push(...coalescer.onEnd(at));
    else out.push(...coalescer.onWatermark(at, Number(what)));
  }
  return out
    .map((change) =>
      change.type === 'watermark'
        ? change.watermark === MAX_WATERMARK
          ? 'max'
          : change.watermark
        : change.type,
    )
    .join(' ');
}

test.each([
  ['J1: the slowest channel decides', 2, '0:5 1:9', '5'],
  ['J1: and when it moves, the other one', 2, '0:5 1:9 0:12', '5 9'],
  ['J1: never backwards', 2, '0:5 1:9 0:3 1:4 0:6', '5 6'],
  ['one channel is passed on as it is', 1, '0:1 0:1 0:2', '1 2'],
  ['nothing before every channel has said something', 3, '0:5 1:9', ''],
  ['J2: an idle channel does not hold the others back', 2, '0:5 1:3 1:idle', '3 5'],
  ['J2: a channel that was idle from the start', 2, '1:idle 0:5', '5'],
  ['J2: when all are idle, that is passed on', 2, '0:5 1:3 0:idle 1:idle', '3 5 idle'],
  ['J2: once', 2, '0:idle 1:idle 1:idle', 'idle'],
  ['activity is passed on before its watermark', 2, '0:idle 1:idle 0:7', 'idle active 7'],
  ['a channel that wakes up behind the others moves nothing', 2, '0:9 1:idle 1:active 1:4 1:10 0:11', '9 10'],
  ['an ended channel does not hold the others back', 2, '0:5 1:9 0:end', '5 9'],
  ['when all have ended everything may fire', 2, '0:5 1:9 0:end 1:end', '5 9 max'],
  [
    'a channel at its end does not end the time of one that is only silent',
    2,
    '0:5 0:idle 1:7 1:Infinity 1:end 0:9 0:Infinity',
    '7 idle active 9 max',
  ],
  ['the rest is idle when the only active one ends', 2, '0:5 1:3 1:idle 0:end', '3 5 idle'],
  ['the last watermark of each channel', 2, '0:Infinity 1:4 1:Infinity', '4 max'],
  ['what comes after the end is not heard', 2, '0:end 0:99 1:3', '3'],
])('%s', (_what, channels, events, out) => {
  expect(coalesce(channels, events)).toBe(out);
});

test('whatever comes, watermarks rise, and idle and active take turns', () => {
  const event = fc
    .tuple(fc.nat(2), fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom('idle', 'active', 'end')))
    .map(([channel, what]) => `${channel}:${what}`);
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), (events) => {
      let highest = MIN_WATERMARK;
      let idle = false;
      for (const change of coalesce(3, events.join(' ')).split(' ')) {
        if (change === '') continue;
        if (change === 'idle' || change === 'active') {
          expect(idle).toBe(change === 'active');
          idle = change === 'idle';
          continue;
        }
        const watermark = change === 'max' ? MAX_WATERMARK : Number(change);
        expect(watermark).toBeGreaterThan(highest);
        highest = watermark;
      }
    }),
  );
});

test('a split trails its highest timestamp by the disorder and a millisecond', () => {
  const splits = new SplitWatermarks({ outOfOrdernessMs: 10, idleAfterMs: null });
  splits.add('a', null, 0);
  expect(splits.read(0)).toEqual({ watermark: MIN_WATERMARK, idle: false });
  splits.observe('a', 100, 0);
  splits.observe('a', 50, 0);
  expect(splits.read(0).watermark).toBe(89);
});

test('the slowest split decides until it has ended', () => {
  const splits = new SplitWatermarks({ outOfOrdernessMs: 0, idleAfterMs: null });
  for (const [split, time] of [
    ['a', 100],
    ['b', 40],
  ] as const) {
    splits.add(split, null, 0);
    splits.observe(split, time, 0);
  }
  expect(splits.read(0).watermark).toBe(39);
  splits.end('b');
  expect(splits.read(0).watermark).toBe(99);
  splits.end('a');
  expect(splits.read(0)).toEqual({ watermark: 99, idle: false });
});

test('a silent split is idle after a while and counts again when it speaks, without going back', () => {
  const splits = new SplitWatermarks({ outOfOrdernessMs: 0, idleAfterMs: 1_000 });
  splits.add('a', null, 0);
  splits.add('b', null, 0);
  splits.observe('a', 100, 500);
  expect(splits.read(999)).toEqual({ watermark: MIN_WATERMARK, idle: false });
  expect(splits.nextReadAt(999)).toBe(1_000);
  expect(splits.read(1_000)).toEqual({ watermark: 99, idle: false });
  expect(splits.nextReadAt(1_000)).toBe(1_500);
  expect(splits.read(1_500)).toEqual({ watermark: 99, idle: true });
  expect(splits.nextReadAt(1_500)).toBeNull();
  splits.observe('b', 20, 1_600);
  expect(splits.read(1_600)).toEqual({ watermark: 99, idle: false });
});

test('a restored split goes on from its highest timestamp', () => {
  const before = new SplitWatermarks({ outOfOrdernessMs: 5, idleAfterMs: null });
  before.add('a', null, 0);
  expect(before.highestOf('a')).toBeNull();
  before.observe('a', 100, 0);
  const after = new SplitWatermarks({ outOfOrdernessMs: 5, idleAfterMs: null });
  after.add('a', { highestTimestamp: before.highestOf('a') }, 0);
  expect(after.read(0).watermark).toBe(before.read(0).watermark);
});

/** Says what the records themselves say: a value below zero is a promise that nothing up to its amount will come. */
const punctuated = () => {
  let promised = MIN_WATERMARK;
  return {
    onEvent: (value: unknown) => {
      if ((value as number) < 0) promised = -(value as number);
    },
    currentWatermark: () => promised,
  };
};

test('a generator of the author decides per split, sees every record, and cannot go backwards', () => {
  const splits = new SplitWatermarks({
    outOfOrdernessMs: 0,
    idleAfterMs: null,
    createGenerator: punctuated,
  });
  splits.add('a', null, 0);
  splits.add('b', null, 0);
  splits.observe('a', 1_000, 0);
  expect(splits.read(0).watermark).toBe(MIN_WATERMARK);
  splits.generatorOf('a')?.onEvent(-500, 0);
  splits.generatorOf('b')?.onEvent(-300, 0);
  expect(splits.read(0).watermark).toBe(300);
  splits.generatorOf('b')?.onEvent(-200, 0);
  splits.end('a');
  expect(splits.read(0).watermark).toBe(300);
  expect(splits.nextReadAt(7)).toBe(207);
});

test('what a generator had come to is kept over a restore, and the new one only raises it', () => {
  const splits = new SplitWatermarks({
    outOfOrdernessMs: 0,
    idleAfterMs: null,
    createGenerator: punctuated,
  });
  splits.add('a', { highestTimestamp: 900, watermark: 500 }, 0);
  expect(splits.read(0).watermark).toBe(500);
  splits.generatorOf('a')?.onEvent(-400, 0);
  expect(splits.read(0).watermark).toBe(500);
  splits.generatorOf('a')?.onEvent(-600, 0);
  expect(splits.read(0).watermark).toBe(600);
});

test('a split that is made to wait is not silent', () => {
  const splits = new SplitWatermarks({ outOfOrdernessMs: 0, idleAfterMs: 1_000 });
  splits.add('a', null, 0);
  splits.observe('a', 100, 0);
  splits.hold('a', 900);
  expect(splits.read(1_500).idle).toBe(false);
  expect(splits.read(1_900).idle).toBe(true);
});
