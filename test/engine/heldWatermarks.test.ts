/** What an operator holds does not go on behind it, goes on everywhere else, and keeps its place when it is let go. */
import { describe, expect, test } from 'vitest';
import type { DataStream } from '../../runtime/api/index.ts';
import { testOperator } from '../../runtime/testing/index.ts';
import { behind, HandOperator } from './handOperator.ts';
import { dataFrame, oneTask } from './oneTask.ts';

describe('at the end of a chain', () => {
  test('a held watermark leaves when the operator says so, behind what it has emitted', () => {
    const operator = new HandOperator();
    operator.holds = true;
    const task = oneTask(operator);
    task.into[0]?.offer(dataFrame('a'));
    task.into[0]?.offer({ kind: 'watermark', time: 5 });
    task.into[0]?.offer({ kind: 'idle' });
    task.into[0]?.offer(dataFrame('b'));
    task.settle();
    expect(task.out()).toEqual(['a', 'b']);
    operator.work.push(() => {
      operator.context.output.collect('c', 0);
      operator.context.emitWatermark(5);
      operator.context.emitIdleness('idle');
    });
    task.settle();
    expect(task.out()).toEqual(['c', 'watermark 5', 'idle']);
  });

  test('the last watermark is waited for before the end', () => {
    const operator = new HandOperator();
    operator.holds = true;
    operator.isDrained = false;
    const task = oneTask(operator);
    task.into[0]?.offer({ kind: 'watermark', time: Number.POSITIVE_INFINITY });
    task.into[0]?.offer({ kind: 'end' });
    task.settle();
    expect(task.out()).toEqual([]);
    operator.work.push(() => {
      operator.context.emitWatermark(Number.POSITIVE_INFINITY);
      operator.isDrained = true;
    });
    task.settle();
    expect(task.out()).toEqual(['watermark Infinity', 'end']);
  });
});

/** `first` feeds `left` and `right`, `left` feeds `last`; all in one chain. */
function branches() {
  const told: string[] = [];
  const operators = {
    first: new HandOperator('first', told),
    left: new HandOperator('left', told),
    last: new HandOperator('last', told),
    right: new HandOperator('right', told),
  };
  const operator = testOperator((stream: DataStream<string>) => {
    const first = behind<string>(stream, 'first', () => operators.first);
    const left = behind<string>(first, 'left', () => operators.left);
    const right = behind<string>(first, 'right', () => operators.right);
    return behind<string>(left, 'last', () => operators.last).union(right);
  });
  const take = () => told.splice(0).join(' ');
  return { ...operators, operator, take };
}

describe('inside a chain', () => {
  test('every operator is told a watermark after those that feed it', () => {
    const { operator, take } = branches();
    operator.watermark(5);
    operator.idle();
    expect(take()).toBe('first:w5 left:w5 right:w5 last:w5 first:idle left:idle right:idle last:idle');
  });

  test('what one of them holds is held for those that it feeds, and for nobody else', () => {
    const { operator, left, take } = branches();
    left.holds = true;
    operator.watermark(5);
    operator.idle();
    expect(take()).toBe('first:w5 left:w5 right:w5 first:idle left:idle right:idle');
    expect(operator.outputWatermark).toBe(Number.NEGATIVE_INFINITY);
    left.work.push(() => left.context.emitWatermark(4));
    left.work.push(() => left.context.emitWatermark(5));
    operator.run();
    expect(take()).toBe('last:w4 last:w5');
    expect(operator.outputWatermark).toBe(5);
  });

  test('the head holds it for all', () => {
    const { operator, first, take } = branches();
    first.holds = true;
    operator.watermark(5);
    expect(take()).toBe('first:w5');
    first.work.push(() => first.context.emitWatermark(5));
    operator.run();
    expect(take()).toBe('left:w5 right:w5 last:w5');
  });

  test('a record that is sent after a watermark was let go comes behind it everywhere', () => {
    const { operator, first, take } = branches();
    first.holds = true;
    operator.watermark(5);
    take();
    first.work.push(() => first.context.emitWatermark(5));
    first.work.push(() => first.context.output.collect('a', 6));
    operator.run();
    expect(take()).toBe('left:w5 right:w5 last:w5 left:a last:a right:a');
  });

  // Both had work in one step: the first one's watermark overtook what the second had let go a moment before.
  test('two that hold keep the order between them', () => {
    const { operator, first, left, take } = branches();
    first.holds = true;
    left.holds = true;
    first.work.push(() => first.context.emitWatermark(5));
    left.work.push(() => {
      left.context.emitWatermark(4);
      // It has nothing more to hold anything back for.
      left.holds = false;
    });
    left.work.push(() => left.context.emitWatermark(5));
    operator.run();
    expect(take()).toBe('left:w5 right:w5 last:w4 last:w5');
  });

  test('a change of idleness is let go in its place too', () => {
    const { operator, left, take } = branches();
    left.holds = true;
    operator.idle();
    take();
    left.work.push(() => {
      left.context.emitIdleness('idle');
      left.context.emitIdleness('active');
      left.context.emitWatermark(7);
    });
    operator.run();
    expect(take()).toBe('last:idle last:active last:w7');
  });
});
