/**
 * CONFORMANCE, the barrier handler: "Switching a running job to another mode aborts what is pending first." The gate, the
 * coordinator and the task each for itself; whole jobs that are switched are in `test/simulation`.
 */
import { describe, expect, test } from 'vitest';
import { type CheckpointMode, modeProblem, modeText } from '../../runtime/checkpoint/checkpointMode.ts';
import type { StreamOperator } from '../../runtime/operators/operator.ts';
import { barrierFrame, barrierOf, dataFrame, oneTask } from '../engine/oneTask.ts';
import { CoordinatorModel } from './coordinatorModel.ts';
import { runGate } from './gateModel.ts';

const alignedMode: CheckpointMode = { mode: 'exactly-once', unaligned: false, alignedTimeoutMs: 0 };
const unalignedMode: CheckpointMode = { mode: 'exactly-once', unaligned: true, alignedTimeoutMs: 0 };
const timeoutMode: CheckpointMode = { mode: 'exactly-once', unaligned: true, alignedTimeoutMs: 100 };
const atLeastOnceMode: CheckpointMode = { mode: 'at-least-once', unaligned: false, alignedTimeoutMs: 0 };

describe('a gate that is switched aborts what is pending first', () => {
  test.each<[name: string, from: 'exactly-once' | 'at-least-once', script: string, log: string]>([
    ['aligned: the blocked channels open', 'exactly-once', 'B1.0 D0 ? =at-least-once ?', '{0} A1 D0 {}'],
    [
      'a barrier of what was aborted means nothing more',
      'exactly-once',
      'B1.0 =at-least-once D1 B1.1 D0',
      'A1 D1 D0',
    ],
    ['and the next one is counted', 'exactly-once', 'B1.0 =at-least-once B1.1 B2.0 ? D0 B2.1', 'A1 {} D0 T2'],
    ['at-least-once: all that are pending', 'at-least-once', 'B1.0 B2.0 =aligned B1.1 B2.1', 'A1 A2'],
    ['and the next one is aligned', 'at-least-once', 'B1.0 =aligned B2.0 ? D0 B1.1 B2.1', 'A1 {0} T2 D0'],
    ['unaligned: the capture stops', 'exactly-once', 'U1.0 D1 =aligned D1b U1.1', 'U1 D1 A1 D1b'],
    [
      'a notice that is ahead of its barrier is not forgotten',
      'exactly-once',
      'N1 =at-least-once B1.0 B1.1 B2.0 B2.1',
      'A1 T2',
    ],
    ['a channel that has ended stays so', 'exactly-once', 'E1 =at-least-once B1.0', 'T1'],
    ['and the other way round', 'at-least-once', 'E1 =aligned B1.0', 'T1'],
    ['nothing pending: nothing happens', 'exactly-once', 'B1.0 B1.1 =at-least-once D0', 'T1 D0'],
    ['back again', 'exactly-once', '=at-least-once =aligned B1.0 ? B1.1', '{0} T1'],
  ])('%s', (_name, mode, script, log) => {
    expect(runGate({ channels: 2, mode }, script).log).toBe(log);
  });

  test('what an aborted checkpoint had captured is dropped', () => {
    expect(runGate({ channels: 2 }, 'U1.0 D1 =aligned D1b U1.1').persisted).toBe('');
  });
});

describe('the coordinator', () => {
  const graph = 'a b -> join -> out';
  const triggered = (id: number) => [`begin ${id}`, `trigger ${id} a[0] b[0]`];

  test('aborts what gates work on, answers who asked for it, and begins nothing before all have switched', () => {
    const model = new CoordinatorModel(graph, { intervalMs: 100, maxConcurrent: 2 }).start();
    model.pass(100);
    model.ask('save');
    model.log();
    model.switchMode(atLeastOnceMode);
    expect(model.log()).toEqual([
      'aborted 1 USER_ABORTED',
      'aborted 2 USER_ABORTED',
      'answer save USER_ABORTED',
    ]);
    model.pass(1_000);
    model.ask('later');
    expect(model.log()).toEqual([]);
    model.switched();
    expect(model.log()).toEqual([...triggered(3), ...triggered(4)]);
  });

  test('leaves alone what every gate has left behind', () => {
    const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
    model.holdsManifests = true;
    model.pass(100);
    model.acknowledge(1);
    model.log();
    model.switchMode(unalignedMode);
    expect(model.log()).toEqual([]);
    model.published(1);
    expect(model.log()).toEqual(['complete 1']);
  });

  test('a directory that is made meanwhile triggers nothing', () => {
    const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
    model.holdsDirectories = true;
    model.pass(100);
    model.switchMode(unalignedMode);
    model.log();
    model.directoryReady(1);
    expect(model.log()).toEqual(['discard 1']);
  });

  test.each([
    ['unaligned', unalignedMode, true],
    ['unaligned after a timeout', timeoutMode, false],
    ['aligned', alignedMode, false],
  ])('%s: what is triggered then says so', (_name, mode, unaligned) => {
    const model = new CoordinatorModel(graph, { intervalMs: 100, unaligned: !unaligned }).start();
    model.switchMode(mode);
    model.switched();
    model.pass(100);
    expect(model.effects.findLast(({ type }) => type === 'trigger')).toMatchObject({
      options: { unaligned },
    });
  });

  test('it is a decision, and no failure that would count', () => {
    const model = new CoordinatorModel(graph, { intervalMs: 100, tolerableFailures: 0 }).start();
    for (const mode of [unalignedMode, alignedMode, unalignedMode]) {
      model.pass(200);
      model.switchMode(mode);
      model.switched();
    }
    expect(model.log().filter((line) => line.startsWith('fail-job'))).toEqual([]);
  });
});

describe('a task', () => {
  const passing = (): StreamOperator => {
    let emit: (value: unknown) => void = () => {};
    return {
      open: ({ output }) => {
        emit = (value) => output.collect(value, 0);
      },
      process: (value) => emit(value),
    };
  };

  test('aligned → unaligned: the next barrier overtakes what lies before it, and what it overtakes is saved', () => {
    const task = oneTask(passing(), 2);
    task.handle({ type: 'switch-mode', mode: unalignedMode });
    expect(task.messages('switched')).toHaveLength(1);
    task.into[0]?.offer(barrierFrame(1, { unaligned: true }));
    task.into[1]?.announce({ barrier: barrierOf(1, { unaligned: true }), position: 1 });
    task.into[1]?.offer(dataFrame('behind'));
    task.into[1]?.offer(barrierFrame(1, { unaligned: true }));
    task.settle();
    expect(task.out()[0]).toBe('barrier 1');
    expect(task.messages('acknowledged')).toMatchObject([
      { checkpointId: 1, report: { persistedInFlightBytes: expect.any(Number) } },
    ]);
  });

  test('unaligned → aligned: a channel is blocked again', () => {
    const task = oneTask(passing(), 2, { checkpoints: unalignedMode });
    task.handle({ type: 'switch-mode', mode: alignedMode });
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('after'));
    task.into[1]?.offer(dataFrame('before'));
    task.settle();
    expect(task.out()).toEqual(['before']);
    task.into[1]?.offer(barrierFrame(1));
    task.settle();
    expect(task.out()).toEqual(['barrier 1', 'after']);
  });

  test('what was pending is cancelled downstream', () => {
    const task = oneTask(passing(), 2);
    task.into[0]?.offer(barrierFrame(1));
    task.settle();
    task.handle({ type: 'checkpoint-aborted', checkpointId: 1 });
    task.handle({ type: 'switch-mode', mode: atLeastOnceMode });
    task.into[1]?.offer(barrierFrame(1));
    task.settle();
    expect(task.out()).toEqual(['cancel 1']);
    expect(task.messages('acknowledged')).toEqual([]);
  });
});

test.each([
  [alignedMode, 1, null, 'aligned'],
  [unalignedMode, 1, null, 'unaligned'],
  [timeoutMode, 1, null, 'unaligned after 100 ms'],
  [atLeastOnceMode, 4, null, 'at-least-once'],
  [
    { ...unalignedMode, mode: 'at-least-once' as const },
    1,
    'Unaligned checkpoints hold exactly-once anyway: choose either unaligned or at-least-once.',
    'at-least-once',
  ],
  [
    unalignedMode,
    3,
    'Unaligned checkpoints come one after the other, and this job takes up to 3 at once: start it with one at once.',
    'unaligned',
  ],
  [
    { ...alignedMode, alignedTimeoutMs: 5 },
    1,
    'Only unaligned checkpoints have an aligned timeout: choose unaligned, or leave the timeout out.',
    'aligned',
  ],
])('what goes together: %j with %i at once', (mode, maxConcurrent, problem, text) => {
  expect(modeProblem(mode, { maxConcurrent })).toBe(problem);
  expect(modeText(mode)).toBe(text);
});
