/** When a thread tells what the author's own metrics are: a few times a second, only what changed, and at the end. */
import { expect, test } from 'vitest';
import type { FromWorker } from '../../runtime/engine/control/messages.ts';
import type { Counter, MetricGroup } from '../../runtime/operators/metrics.ts';
import type { OperatorContext, StreamOperator } from '../../runtime/operators/operator.ts';
import { dataFrame, type OneTask, oneTask } from './oneTask.ts';

/** Counts its records, and registers whatever else a test wants. */
class Counting implements StreamOperator {
  readonly #register: (metrics: MetricGroup) => void;
  #counter: Counter | null = null;

  constructor(register: (metrics: MetricGroup) => void = () => {}) {
    this.#register = register;
  }

  open({ metrics }: OperatorContext): void {
    this.#counter = metrics.counter('seen');
    this.#register(metrics);
  }

  process(value: unknown): void {
    if (value === 'bad') throw new Error('a bad record');
    this.#counter?.inc();
  }
}

/** The values of one metric in the order in which they were told, and where between the other messages. */
function told(task: OneTask, name = 'seen'): readonly (number | null)[] {
  return metricsOf(task.sent)
    .filter((metric) => metric.name === name)
    .map((metric) => (metric.type === 'histogram' ? Number.NaN : metric.value));
}

function metricsOf(sent: readonly FromWorker[]) {
  return sent.flatMap((message) => (message.type === 'metrics' ? message.metrics : []));
}

test('what has changed is told four times a second, and named by operator and subtask', () => {
  const task = oneTask(new Counting());
  for (let record = 0; record < 100; record++) {
    task.into[0]?.offer(dataFrame(record));
    task.settle();
    task.clock.advance(10);
  }
  task.settle();
  expect(told(task).length).toBeGreaterThanOrEqual(4);
  expect(told(task).length).toBeLessThanOrEqual(5);
  expect(task.messages('metrics')[0]).toMatchObject({
    subtask: { vertex: 'task', index: 0 },
    operator: 'task',
  });
});

test('what stands still is not told again', () => {
  const task = oneTask(new Counting());
  task.settle();
  task.into[0]?.offer(dataFrame('a'));
  for (let second = 0; second < 10; second++) {
    task.clock.advance(1_000);
    task.settle();
  }
  expect(told(task)).toEqual([0, 1]);
});

test('of an operator without metrics nothing is told, not even at its end', () => {
  const task = oneTask({ process: () => {} });
  task.into[0]?.offer(dataFrame('a'));
  task.into[0]?.offer({ kind: 'end' });
  task.settle();
  task.clock.advance(1_000);
  task.settle();
  task.handle({ type: 'shut-down' });
  expect(task.messages('metrics')).toEqual([]);
});

test.each<[string, (task: OneTask) => void]>([
  [
    'when it is shut down after its input has ended',
    (task) => {
      task.into[0]?.offer({ kind: 'end' });
      task.settle();
      task.handle({ type: 'shut-down' });
    },
  ],
  ['when it is cancelled', (task) => task.handle({ type: 'cancel' })],
  [
    'when it fails',
    (task) => {
      task.into[0]?.offer(dataFrame('bad'));
      task.settle();
    },
  ],
])('the last values of a task are told %s, before its end is', (_, end) => {
  const task = oneTask(new Counting());
  task.clock.advance(1_000);
  task.settle();
  task.into[0]?.offer(dataFrame('a', 'b'));
  task.settle();
  end(task);
  expect(told(task)).toEqual([0, 2]);
  const types = task.sent.map(({ type }) => type);
  expect(types.lastIndexOf('metrics')).toBeLessThan(types.indexOf('closed'));
  const failed = types.indexOf('failed');
  if (failed >= 0) expect(types.lastIndexOf('metrics')).toBeLessThan(failed);
});

test('a gauge that throws fails nothing: it is not known, and one warning says so', () => {
  const task = oneTask(
    new Counting((metrics) =>
      metrics.gauge('depth', () => {
        throw new Error('no queue');
      }),
    ),
  );
  for (let second = 0; second < 3; second++) {
    task.into[0]?.offer(dataFrame(second));
    task.clock.advance(1_000);
    task.settle();
  }
  task.handle({ type: 'cancel' });
  expect(task.messages('failed')).toEqual([]);
  expect(told(task, 'depth')).toEqual([null]);
  expect(told(task).at(-1)).toBe(3);
  expect(task.messages('log')).toEqual([
    {
      type: 'log',
      subtask: { vertex: 'task', index: 0 },
      level: 'warning',
      text: 'task: The gauge "depth" threw: no queue; its value is shown as not known.',
    },
  ]);
});

test('a gauge is not read once its function is closed', () => {
  let isOpen = true;
  const operator = new Counting((metrics) => metrics.gauge('open', () => (isOpen ? 1 : 0)));
  Object.assign(operator, { close: () => (isOpen = false) });
  const task = oneTask(operator);
  task.clock.advance(1_000);
  task.settle();
  task.handle({ type: 'cancel' });
  expect(told(task, 'open')).toEqual([1]);
});
