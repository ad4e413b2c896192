/** What a task does around a barrier: E of the conformance scenarios, and the promises M4 to M7 where they are kept. */
import { describe, expect, test } from 'vitest';
import { describeRecord } from '../../runtime/engine/operatorFailure.ts';
import {
  NO_TIMESTAMP,
  type OperatorContext,
  type SnapshotContext,
  type StreamOperator,
} from '../../runtime/operators/operator.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { barrierFrame, barrierOf, dataFrame, oneTask } from './oneTask.ts';

const seenState: StateDeclaration = { name: 'seen', type: 'operator-list', schemaVersion: 1 };

/** Passes records on, holds one back until a barrier, and writes down what is asked of it. */
class Recorder implements StreamOperator {
  readonly calls: string[] = [];
  readonly seen: unknown[] = [];
  onSnapshot: (context: SnapshotContext) => void = () => {};
  #context: OperatorContext | null = null;

  open(context: OperatorContext): void {
    this.#context = context;
  }

  process(value: unknown): void {
    this.seen.push(value);
    this.#context?.output.collect(value, NO_TIMESTAMP);
  }

  prepareBarrier(checkpointId: number): void {
    this.calls.push(`prepare ${checkpointId}`);
    this.#context?.output.collect(`held until ${checkpointId}`, NO_TIMESTAMP);
  }

  snapshot(context: SnapshotContext): void {
    this.calls.push(`snapshot ${context.checkpointId} after ${this.seen.join(',')}`);
    context.putOperatorState(seenState, this.seen);
    this.onSnapshot(context);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.calls.push(`complete ${checkpointId}`);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.calls.push(`aborted ${checkpointId}`);
  }

  finish(): void {
    this.calls.push('finish');
    this.#context?.output.collect('held until the end', NO_TIMESTAMP);
  }

  close(): void {
    this.calls.push('close');
  }
}

describe('around a barrier', () => {
  test('E3, M4 what must go before it goes, then the barrier, then the snapshot is marked: between two records', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.into[0]?.offer(dataFrame('a', 'b'));
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('c'));
    task.settle();
    expect(task.out()).toEqual(['a', 'b', 'held until 1', 'barrier 1', 'c']);
    expect(operator.calls).toEqual(['prepare 1', 'snapshot 1 after a,b']);
    expect(task.messages('acknowledged')).toMatchObject([
      { checkpointId: 1, operators: [{ uid: 'task', states: [{ name: 'seen', keys: 2 }] }] },
    ]);
  });

  test('M5, M6, M7 a channel that has delivered is not read until the others have; what it held comes first then', () => {
    const operator = new Recorder();
    const task = oneTask(operator, 2);
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('behind'));
    task.into[1]?.offer(dataFrame('before'));
    task.settle();
    expect(task.out()).toEqual(['before']);
    expect(task.metrics.channel(task.into[0]?.channel ?? -1, 'blocked')).toBe(1);
    task.clock.advance(40);
    task.into[1]?.offer(barrierFrame(1));
    task.into[1]?.offer(dataFrame('newer'));
    task.settle();
    expect(task.out()).toEqual(['held until 1', 'barrier 1', 'behind', 'newer']);
    expect(operator.calls).toContain('snapshot 1 after before');
    expect(task.messages('acknowledged')).toMatchObject([
      { report: { alignmentMs: 40, startDelayMs: 1_000 } },
    ]);
    expect(task.metrics.channel(task.into[0]?.channel ?? -1, 'blocked')).toBe(0);
  });

  test('E1 a barrier whose checkpoint was aborted before makes no snapshot and sends the cancellation on', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.handle({ type: 'checkpoint-aborted', checkpointId: 1 });
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('a'));
    task.settle();
    expect(task.out()).toEqual(['cancel 1', 'a']);
    expect(operator.calls).not.toContain('prepare 1');
    expect(task.messages('acknowledged')).toEqual([]);
  });

  test('E4 an abort during the asynchronous part removes its files and acknowledges nothing', () => {
    const task = oneTask(new Recorder());
    task.holdDisk(true);
    task.into[0]?.offer(barrierFrame(1));
    task.settle();
    expect(task.disk.list('/attempt-1')).toHaveLength(1);
    task.handle({ type: 'checkpoint-aborted', checkpointId: 1 });
    task.holdDisk(false);
    task.settle();
    expect(task.disk.list('/attempt-1')).toEqual([]);
    expect(task.messages('acknowledged')).toEqual([]);
  });

  test('E5 an operator that throws while it is marked leaves no file and fails by name, ahead of anything else', () => {
    const operator = new Recorder();
    operator.onSnapshot = () => {
      throw new TypeError('cannot save this');
    };
    const task = oneTask(operator);
    task.into[0]?.offer(barrierFrame(1));
    task.settle();
    expect(task.messages('declined')).toEqual([]);
    expect(task.messages('failed')).toMatchObject([
      { failure: { operator: 'task', name: 'TypeError', message: 'cannot save this', origin: 'user' } },
    ]);
    expect(task.disk.list('/attempt-1')).toEqual([]);
  });

  test('E6 a notification after the task was stopped is ignored', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.handle({ type: 'cancel' });
    task.handle({ type: 'checkpoint-complete', checkpointId: 1, commit: true, path: '/chk' });
    expect(operator.calls).toEqual(['close']);
  });

  test('a snapshot is acknowledged only when what an operator deferred is done', () => {
    const operator = new Recorder();
    const finish: ((error?: Error) => void)[] = [];
    operator.onSnapshot = (context) => context.defer((done) => finish.push(done));
    const task = oneTask(operator);
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(barrierFrame(2));
    task.settle();
    expect(task.messages('acknowledged')).toEqual([]);
    finish[0]?.();
    expect(task.messages('acknowledged')).toMatchObject([{ checkpointId: 1 }]);
    finish[1]?.(new Error('the disk is full'));
    expect(task.messages('declined')).toMatchObject([
      { checkpointId: 2, reason: 'CHECKPOINT_ASYNC_EXCEPTION', message: 'the disk is full' },
    ]);
  });

  test('sinks commit only when told to: not for a savepoint that does not stop the job', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.handle({ type: 'checkpoint-complete', checkpointId: 1, commit: false, path: '/chk' });
    task.handle({ type: 'checkpoint-complete', checkpointId: 2, commit: true, path: '/chk' });
    expect(operator.calls).toEqual(['complete 2']);
  });
});

describe('at the end of the input', () => {
  test('the chain finishes, the end goes on, and the task stays for the last checkpoint', () => {
    const operator = new Recorder();
    const task = oneTask(operator, 2);
    task.into[0]?.offer({ kind: 'end' });
    task.into[1]?.offer(dataFrame('a'));
    task.settle();
    expect(task.messages('ended')).toEqual([]);
    task.into[1]?.offer({ kind: 'end' });
    task.settle();
    expect(task.out()).toEqual(['a', 'held until the end', 'end']);
    expect(task.messages('ended')).toHaveLength(1);
    task.handle({ type: 'trigger', subtasks: [{ vertex: 'task', index: 0 }], options: barrierOf(5) });
    task.settle();
    expect(operator.calls).toContain('snapshot 5 after a');
    expect(task.messages('acknowledged')).toMatchObject([{ checkpointId: 5 }]);
    expect(task.out()).toEqual([]);
  });

  test('a trigger does not overtake an older barrier that is still in a channel', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.into[0]?.offer(dataFrame('a'));
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('b'));
    task.into[0]?.offer({ kind: 'end' });
    task.handle({ type: 'trigger', subtasks: [{ vertex: 'task', index: 0 }], options: barrierOf(2) });
    task.settle();
    expect(task.out()).toEqual([
      'a',
      'held until 1',
      'barrier 1',
      'b',
      'held until 2',
      'barrier 2',
      'held until the end',
      'end',
    ]);
    expect(task.messages('acknowledged')).toMatchObject([{ checkpointId: 1 }, { checkpointId: 2 }]);
  });

  test('a trigger that was aborted while it waited for the end makes no snapshot', () => {
    const operator = new Recorder();
    const task = oneTask(operator);
    task.handle({ type: 'trigger', subtasks: [{ vertex: 'task', index: 0 }], options: barrierOf(1) });
    task.handle({ type: 'checkpoint-aborted', checkpointId: 1 });
    task.into[0]?.offer({ kind: 'end' });
    task.settle();
    expect(task.out()).toEqual(['cancel 1', 'held until the end', 'end']);
    expect(task.messages('acknowledged')).toEqual([]);
    expect(operator.calls).toContain('aborted 1');
  });

  test('the end of a channel counts as its barrier', () => {
    const operator = new Recorder();
    const task = oneTask(operator, 2);
    task.into[0]?.offer(barrierFrame(1));
    task.into[1]?.offer(dataFrame('a'));
    task.into[1]?.offer({ kind: 'end' });
    task.settle();
    expect(operator.calls).toContain('snapshot 1 after a');
    expect(task.messages('acknowledged')).toHaveLength(1);
  });
});

test('J1 the watermark is the lowest of the inputs and never goes back', () => {
  const task = oneTask(new Recorder(), 2);
  task.into[0]?.offer({ kind: 'watermark', time: 5 });
  task.into[1]?.offer({ kind: 'watermark', time: 9 });
  task.into[0]?.offer({ kind: 'watermark', time: 3 });
  task.into[0]?.offer({ kind: 'watermark', time: 20 });
  task.settle();
  expect(task.out()).toEqual(['watermark 5', 'watermark 9']);
});

test('J2 a silent input does not hold back the other; all silent is passed on', () => {
  const task = oneTask(new Recorder(), 2);
  task.into[0]?.offer({ kind: 'watermark', time: 5 });
  task.into[1]?.offer({ kind: 'idle' });
  task.settle();
  expect(task.out()).toEqual(['watermark 5']);
  task.into[0]?.offer({ kind: 'idle' });
  task.settle();
  expect(task.out()).toEqual(['idle']);
});

test('what a user throws is reported even when neither it nor the record can be printed', () => {
  const operator = new Recorder();
  operator.process = () => {
    throw Object.create(null);
  };
  const task = oneTask(operator);
  const cyclic: Record<string, unknown> = Object.create(null);
  cyclic['self'] = cyclic;
  const unprintable = { toJSON: () => BigInt(1).valueOf.call(undefined), toString: null, valueOf: null };
  task.into[0]?.offer(dataFrame(1));
  task.settle();
  expect(task.messages('failed')).toMatchObject([
    { failure: { operator: 'task', message: '[object Object]', record: '1' } },
  ]);
  expect(describeRecord(cyclic)).toBe('[object Object]');
  expect(describeRecord(unprintable)).toBe('[object Object]');
});

test('what a user throws is reported with operator, subtask and record', () => {
  const operator = new Recorder();
  operator.process = (value) => {
    throw new RangeError(`no ${String((value as { id: number }).id)}`);
  };
  const task = oneTask(operator);
  task.into[0]?.offer(dataFrame({ id: 7 }));
  task.settle();
  expect(task.messages('failed')).toMatchObject([
    {
      failure: {
        subtask: { vertex: 'task', index: 0 },
        operator: 'task',
        name: 'RangeError',
        message: 'no 7',
        record: '{"id":7}',
        origin: 'user',
      },
    },
  ]);
});

test('a task that waits for its turn is busy with input and idle without, whatever its thread does meanwhile', () => {
  const task = oneTask(new Recorder());
  const shares = () => ({
    busyMs: task.metrics.subtask('task', 0, 'busyMs'),
    idleMs: task.metrics.subtask('task', 0, 'idleMs'),
  });
  task.into[0]?.offer(dataFrame('a'));
  task.settle();
  const before = shares();
  task.into[0]?.offer(dataFrame('b'));
  task.thread.step();
  // Another task of the thread takes its time now; this one has nothing left to do.
  task.clock.advance(30);
  task.thread.step();
  expect(shares()).toEqual({ busyMs: before.busyMs, idleMs: before.idleMs + 30 });
});
