/** What a task does when a barrier overtakes: C and D of the conformance scenarios, I1 to I3, C4, O4, and the replay. */
import { expect, test } from 'vitest';
import type { Barrier } from '../../runtime/checkpoint/barrier.ts';
import { DataFileReader } from '../../runtime/checkpoint/dataFileReader.ts';
import type { ChannelWriter } from '../../runtime/engine/channels/channel.ts';
import type { Frame } from '../../runtime/engine/channels/frame.ts';
import { RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import { dataFileName } from '../../runtime/engine/marking.ts';
import {
  NO_TIMESTAMP,
  type OperatorContext,
  type SnapshotContext,
  type StreamOperator,
} from '../../runtime/operators/operator.ts';
import { inFlightStates } from '../../runtime/state/declarations.ts';
import { barrierFrame, barrierOf, dataFrame, type OneTask, oneTask, type Surroundings } from './oneTask.ts';

/** Passes records on, and says with a record of its own where it was marked. */
class Passing implements StreamOperator {
  readonly seen: unknown[] = [];
  readonly watermarks: number[] = [];
  onRecord: (value: unknown) => void = () => {};
  accepting = true;
  copies = 1;
  #context: OperatorContext | null = null;
  readonly marks: string[] = [];

  open(context: OperatorContext): void {
    this.#context = context;
  }

  process(value: unknown): void {
    this.seen.push(value);
    this.onRecord(value);
    for (let copy = 0; copy < this.copies; copy++) this.#context?.output.collect(value, NO_TIMESTAMP);
  }

  accepts(): boolean {
    return this.accepting;
  }

  onWatermark(time: number): undefined {
    this.watermarks.push(time);
  }

  snapshot({ checkpointId }: SnapshotContext): void {
    this.marks.push(`${checkpointId} after ${this.seen.join(' ')}`);
  }
}

const unaligned: Surroundings = { checkpoints: { unaligned: true } };
const overtaking = (id: number): Barrier => barrierOf(id, { unaligned: true });
const overtakingFrame = (id: number): Frame => barrierFrame(id, { unaligned: true });

const into = (task: OneTask, channel: number): ChannelWriter => {
  const writer = task.into[channel];
  if (writer === undefined) throw new Error(`there is no channel ${channel}`);
  return writer;
};

const offer = (task: OneTask, channel: number, ...frames: Frame[]): void => {
  for (const frame of frames) expect(into(task, channel).offer(frame)).toBe('taken');
};

const announce = (task: OneTask, channel: number, barrier: Barrier): void => {
  const writer = into(task, channel);
  writer.announce({ barrier, position: writer.writtenPosition() });
};

const saved = (task: OneTask, id: number, name: string): readonly unknown[] => {
  const reader = new DataFileReader(task.disk.open(`/attempt-${id}/${dataFileName('task', 0)}`));
  const state = reader.state(name);
  const elements = state === null ? [] : reader.elements(state);
  reader.close();
  return elements;
};

/** Values in flight, by edge, in their order. */
const inFlight = (task: OneTask, id: number, name: string = inFlightStates.received.name): string[] =>
  saved(task, id, name).map((element) => {
    const { edge, frame } = element as { edge: string; frame: Frame };
    return `${edge}: ${frame.kind === 'data' ? frame.values.join(' ') : frame.kind}`;
  });

const hasFile = (task: OneTask, id: number): boolean =>
  task
    .messages('acknowledged')
    .some(
      (message) =>
        message.type === 'acknowledged' &&
        message.checkpointId === id &&
        message.operators.some(({ files }) => files.length > 0),
    );

test('C1 the snapshot is taken at the first barrier, and what comes before the last one is in flight', () => {
  const operator = new Passing();
  const task = oneTask(operator, 3, unaligned);
  offer(task, 0, dataFrame('a'));
  offer(task, 2, dataFrame('b'));
  task.settle();
  offer(task, 1, overtakingFrame(1));
  task.settle();
  expect(operator.marks).toEqual(['1 after a b']);
  expect(task.messages('acknowledged')).toEqual([]);
  offer(task, 2, overtakingFrame(1), dataFrame('behind'));
  offer(task, 0, dataFrame('d'), { kind: 'watermark', time: 7 }, overtakingFrame(1));
  task.settle();
  expect(inFlight(task, 1)).toEqual(['in0-task: d', 'in0-task: watermark']);
  expect(task.messages('acknowledged')).toHaveLength(1);
  expect(task.messages('aligned')).toHaveLength(1);
  const out = task.out();
  expect(out.slice(0, 3)).toEqual(['a', 'b', 'barrier 1']);
  expect(out.slice(3).toSorted()).toEqual(
    ['behind', 'd', 'watermark 7'].filter((text) => out.includes(text)),
  );
});

test('C3 where barriers are side by side nothing is in flight', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, unaligned);
  for (const channel of [0, 1]) offer(task, channel, dataFrame(channel), overtakingFrame(1));
  task.settle();
  expect(hasFile(task, 1)).toBe(false);
  expect(task.messages('acknowledged')).toMatchObject([{ report: { persistedInFlightBytes: 0 } }]);
});

test('C5 a capture that is overtaken by a newer cancellation stops, and its files are removed', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, unaligned);
  offer(task, 0, overtakingFrame(1));
  offer(
    task,
    1,
    dataFrame('captured'),
    { kind: 'cancel', checkpointId: 2 },
    { kind: 'cancel', checkpointId: 3 },
  );
  task.settle();
  expect(
    task
      .messages('declined')
      .map((message) => message.type === 'declined' && `${message.checkpointId} ${message.reason}`),
  ).toEqual([
    '1 CHECKPOINT_SUBSUMED',
    '2 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER',
    '3 CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER',
  ]);
  expect(task.messages('acknowledged')).toEqual([]);
  expect(task.disk.list('/attempt-1')).toEqual([]);
});

test('an announced barrier overtakes what lies before it, and the rest of the batch that is worked off', () => {
  const operator = new Passing();
  const task = oneTask(operator, 1, unaligned);
  operator.onRecord = (value) => {
    if (value === 2) operator.accepting = false;
  };
  offer(task, 0, dataFrame(1, 2, 3, 4), dataFrame(5), { kind: 'watermark', time: 9 });
  task.settle();
  expect(operator.seen).toEqual([1, 2]);
  announce(task, 0, overtaking(1));
  offer(task, 0, dataFrame('sender part'), overtakingFrame(1), dataFrame(6));
  task.settle();
  expect(operator.marks).toEqual(['1 after 1 2']);
  expect(inFlight(task, 1)).toEqual(['in0-task: 3 4', 'in0-task: 5', 'in0-task: watermark']);
  expect(task.messages('acknowledged')).toHaveLength(1);
  operator.onRecord = () => {};
  operator.accepting = true;
  task.settle();
  // The frame of the barrier that has overtaken is no second one.
  expect(operator.marks).toHaveLength(1);
  expect(task.messages('barrier-arrived')).toHaveLength(1);
  expect(task.out()).toEqual(['1', '2', 'barrier 1', '3', '4', '5', 'watermark 9', 'sender part', '6']);
});

test('C4 what is announced while a step goes on is seen before the frame behind it', () => {
  const operator = new Passing();
  const task = oneTask(operator, 1, unaligned);
  operator.onRecord = (value) => {
    if (value !== 1) return;
    announce(task, 0, overtaking(1));
    offer(task, 0, dataFrame('saved by its sender'), overtakingFrame(1));
  };
  offer(task, 0, dataFrame(1));
  task.settle();
  expect(operator.marks).toEqual(['1 after 1']);
  expect(hasFile(task, 1)).toBe(false);
  expect(task.out()).toEqual(['1', 'barrier 1', 'saved by its sender']);
});

test.each([
  ['an unaligned barrier goes through, with what waits for room', true],
  ['an aligned one waits', false],
])('O4 nothing is ever read downstream: %s', (_name, overtakes) => {
  const operator = new Passing();
  operator.copies = 10;
  const task = oneTask(operator, 1, { checkpoints: { unaligned: overtakes }, ringBytes: RING_BYTES_MIN });
  offer(task, 0, dataFrame('-'.repeat(1_200)));
  task.settle();
  offer(task, 0, dataFrame('unread'));
  if (overtakes) announce(task, 0, overtaking(1));
  offer(task, 0, barrierFrame(1, { unaligned: overtakes }));
  task.settle();
  expect(operator.marks).toHaveLength(overtakes ? 1 : 0);
  expect(task.messages('acknowledged')).toHaveLength(overtakes ? 1 : 0);
  if (!overtakes) return;
  expect(inFlight(task, 1)).toEqual(['in0-task: unread']);
  const sent = inFlight(task, 1, inFlightStates.sent.name).join(' ').split('-'.repeat(1_200)).length - 1;
  const written = task.out().filter((value) => value.startsWith('-')).length;
  // The rest of the ten lies in the channel and is the receiver's to save.
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(10);
  expect(written).toBe(10 - sent);
});

test('I2 a record that its operator changes in place is saved as it was', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, unaligned);
  operator.onRecord = (value) => {
    if (typeof value === 'object' && value !== null) Object.assign(value, { touched: true });
  };
  offer(task, 0, overtakingFrame(1));
  offer(task, 1, dataFrame({ id: 1 }), overtakingFrame(1));
  task.settle();
  expect(saved(task, 1, inFlightStates.received.name)).toMatchObject([{ frame: { values: [{ id: 1 }] } }]);
  expect(JSON.stringify(saved(task, 1, inFlightStates.received.name))).not.toContain('touched');
});

test('I3 a record that cannot be saved fails the checkpoint, and not the job', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, unaligned);
  offer(task, 0, overtakingFrame(1));
  offer(task, 1, dataFrame({ when: /x/ }), overtakingFrame(1));
  task.settle();
  expect(task.messages('failed')).toEqual([]);
  const [declined] = task.messages('declined');
  expect(declined).toMatchObject({ checkpointId: 1, reason: 'CHECKPOINT_ASYNC_EXCEPTION' });
  expect(declined?.type === 'declined' && declined.message).toContain(
    'A record in flight at operator "task" cannot be saved: values[0].when',
  );
});

test('a savepoint is aligned also where checkpoints overtake', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, unaligned);
  offer(task, 0, barrierFrame(1, { isSavepoint: true }), dataFrame('later'));
  offer(task, 1, dataFrame('x'));
  task.settle();
  expect(operator.marks).toEqual([]);
  offer(task, 1, barrierFrame(1, { isSavepoint: true }));
  task.settle();
  expect(operator.marks).toEqual(['1 after x']);
  expect(hasFile(task, 1)).toBe(false);
});

const timesOut: Surroundings = { checkpoints: { unaligned: true, alignedTimeoutMs: 100 } };
const now = 1_000;

test('D3 when the time is up, announced barriers overtake and one snapshot is taken', () => {
  const operator = new Passing();
  operator.accepting = false;
  const task = oneTask(operator, 2, timesOut);
  for (const [channel, values] of [
    [0, ['a', 'b']],
    [1, ['c']],
  ] as const) {
    offer(task, channel, dataFrame(...values));
    const barrier = barrierOf(1, { timestamp: now });
    announce(task, channel, barrier);
    offer(task, channel, { kind: 'barrier', barrier });
  }
  task.settle();
  expect(operator.marks).toEqual([]);
  expect(task.thread.step().wakeAt).toBe(now + 100);
  task.clock.advance(100);
  task.settle();
  expect(operator.marks).toEqual(['1 after ']);
  expect(inFlight(task, 1).toSorted()).toEqual(['in0-task: a b', 'in1-task: c']);
  operator.accepting = true;
  task.settle();
  expect(operator.seen.toSorted()).toEqual(['a', 'b', 'c']);
  expect(operator.marks).toHaveLength(1);
});

test('D6 D7 in time, or given up in time, nothing overtakes', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, timesOut);
  for (const channel of [0, 1]) offer(task, channel, dataFrame(channel), barrierFrame(1, { timestamp: now }));
  task.settle();
  offer(task, 0, barrierFrame(2, { timestamp: now }), { kind: 'cancel', checkpointId: 3 });
  offer(task, 1, { kind: 'cancel', checkpointId: 2 });
  task.settle();
  task.clock.advance(500);
  task.settle();
  expect(operator.marks).toHaveLength(1);
  expect(hasFile(task, 1)).toBe(false);
  expect(task.messages('acknowledged')).toMatchObject([{ report: { persistedInFlightBytes: null } }]);
});

test('D4 after the time the first barrier is enough, and those downstream are told that it overtakes', () => {
  const operator = new Passing();
  const task = oneTask(operator, 2, timesOut);
  offer(task, 0, barrierFrame(1, { timestamp: now - 200 }));
  task.settle();
  expect(operator.marks).toEqual(['1 after ']);
  offer(task, 1, dataFrame('late'), barrierFrame(1, { timestamp: now - 200 }));
  task.settle();
  expect(inFlight(task, 1)).toEqual(['in1-task: late']);
});

test('C7 what was in flight is replayed before new input, with the watermarks of the cut', () => {
  const first = new Passing();
  const before = oneTask(first, 2, unaligned);
  offer(before, 0, { kind: 'watermark', time: 5 });
  offer(before, 1, { kind: 'watermark', time: 8 });
  before.settle();
  offer(before, 0, overtakingFrame(1));
  offer(before, 1, dataFrame('x', 'y'), { kind: 'watermark', time: 11 }, dataFrame('z'), overtakingFrame(1));
  before.settle();
  expect(before.out()).toEqual(['watermark 5', 'barrier 1', 'x', 'y', 'z']);

  const operator = new Passing();
  const files = [{ path: `/attempt-1/${dataFileName('task', 0)}`, oldSubtaskIndex: 0 }];
  const task = oneTask(operator, 2, {
    ...unaligned,
    disk: before.disk,
    restore: {
      checkpointId: 1,
      operators: [
        { uid: 'task', parallelism: 1, files, inFlight: true },
        ...['in0', 'in1'].map((uid) => ({ uid, parallelism: 1, files: [], inFlight: false })),
      ],
    },
  });
  offer(task, 0, dataFrame('new'), { kind: 'watermark', time: 4 }, overtakingFrame(2), {
    kind: 'watermark',
    time: 20,
  });
  announce(task, 1, overtaking(2));
  offer(task, 1, overtakingFrame(2), { kind: 'watermark', time: 12 });
  task.settle();
  // Event time neither begins anew (4 is no news) nor runs ahead: 11 in flight on one channel does not move both.
  expect(task.out()).toEqual(['watermark 5', 'x', 'y', 'z', 'barrier 2', 'new', 'watermark 12']);
  expect(operator.marks).toEqual(['2 after x y z']);
  expect(inFlight(task, 2)).toEqual(['in0-task: new', 'in0-task: watermark']);
});
