/** Operators that work beside their input: when they are asked to, when they get no records, and what waits for them. */
import { describe, expect, test } from 'vitest';
import {
  type DataStream,
  monotonousTimestamps,
  ofType,
  outputTag,
  pipeline,
} from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testOperator, testPipeline, testSource } from '../../runtime/testing/index.ts';
import { behind, HandOperator } from './handOperator.ts';
import { barrierFrame, barrierOf, dataFrame, oneTask } from './oneTask.ts';

describe('advance', () => {
  test('goes on as long as there is work, and what it sends goes out', () => {
    const operator = new HandOperator();
    const task = oneTask(operator);
    for (const value of ['a', 'b', 'c']) operator.work.push(() => operator.context.output.collect(value, 0));
    task.settle();
    expect(task.out()).toEqual(['a', 'b', 'c']);
  });

  test('comes before the next input', () => {
    const operator = new HandOperator();
    const task = oneTask(operator);
    operator.work.push(() => operator.context.output.collect('own', 0));
    task.into[0]?.offer(dataFrame('a'));
    task.settle();
    expect(task.out()).toEqual(['own', 'a']);
  });

  test('waits for room downstream, and nobody asks for it to be stepped meanwhile', () => {
    const operator = new HandOperator();
    const task = oneTask(operator);
    const large = 'x'.repeat(8_192);
    for (let sent = 0; sent < 40; sent++) operator.work.push(() => operator.context.output.collect(large, 0));
    task.settle();
    const left = operator.work.length;
    expect(left).toBeGreaterThan(0);
    operator.due = task.clock.now();
    expect(task.thread.step()).toMatchObject({ progressed: false, wakeAt: null });
    expect(operator.work).toHaveLength(left);
    let received = 0;
    for (let more = task.out(); more.length > 0; more = task.out()) {
      received += more.length;
      task.settle();
    }
    expect(received).toBe(40);
  });

  test('is called again when its time has come', () => {
    const operator = new HandOperator();
    const task = oneTask(operator);
    operator.due = task.clock.now() + 40;
    task.settle();
    expect(task.thread.step()).toMatchObject({ progressed: false, wakeAt: task.clock.now() + 40 });
  });

  test('what it throws is named after the operator, without a record', () => {
    const operator = new HandOperator();
    const task = oneTask(operator);
    operator.work.push(() => {
      throw new RangeError('broken');
    });
    task.settle();
    expect(task.messages('failed')).toMatchObject([
      { failure: { operator: 'task', message: 'broken', record: null } },
    ]);
  });
});

describe('an operator that accepts nothing', () => {
  test('gets the rest of the batch when it accepts again', () => {
    const told: string[] = [];
    const operator = new HandOperator('', told);
    const task = oneTask(operator);
    operator.accepting = false;
    task.into[0]?.offer(dataFrame('a', 'b', 'c'));
    task.settle();
    expect(told).toEqual([]);
    expect(task.thread.step()).toMatchObject({ progressed: false, wakeAt: null });
    operator.work.push(() => {
      operator.accepting = true;
    });
    task.settle();
    expect(told).toEqual(['a', 'b', 'c']);
  });

  test('is given no more than it takes of one batch', () => {
    const told: string[] = [];
    class One extends HandOperator {
      override process(value: unknown, timestamp: number): void {
        super.process(value, timestamp);
        this.accepting = false;
      }
    }
    const operator = new One('', told);
    const task = oneTask(operator);
    task.into[0]?.offer(dataFrame('a', 'b'));
    task.settle();
    expect(told).toEqual(['a']);
    operator.accepting = true;
    task.settle();
    expect(told).toEqual(['a', 'b']);
  });

  test('is told watermarks, and a barrier passes, where no record is before them', () => {
    const told: string[] = [];
    const operator = new HandOperator('', told);
    const task = oneTask(operator);
    operator.accepting = false;
    task.into[0]?.offer({ kind: 'watermark', time: 5 });
    task.into[0]?.offer(barrierFrame(1));
    task.into[0]?.offer(dataFrame('a'));
    task.into[0]?.offer(barrierFrame(2));
    task.settle();
    expect(task.out()).toEqual(['watermark 5', 'barrier 1']);
    operator.accepting = true;
    task.settle();
    expect(task.out()).toEqual(['a', 'barrier 2']);
  });

  test('anywhere in a chain keeps the source from being read, not from answering a trigger', () => {
    const told: string[] = [];
    const refusing = new HandOperator('', told);
    refusing.accepting = false;
    const run = testOperator((stream: DataStream<string>) =>
      behind<string>(
        stream.map((value) => value),
        'refusing',
        () => refusing,
      ),
    );
    run.push('a');
    run.checkpoint();
    expect(told).toEqual([]);
    refusing.accepting = true;
    run.run();
    expect(told).toEqual(['a']);
  });

  test('gets nothing from timers upstream in its chain either', () => {
    const told: string[] = [];
    const refusing = new HandOperator('', told);
    const run = testOperator((stream: DataStream<string>) =>
      behind<string>(
        stream
          .keyBy((value) => value)
          .process({
            output: ofType<string>(),
            onElement: (_value, context) =>
              context.timers.registerProcessingTime(context.currentProcessingTime() + 10),
            onTimer: (_timer, context) => context.emit(context.key),
          }),
        'refusing',
        () => refusing,
      ),
    );
    run.push('a');
    refusing.accepting = false;
    run.advance(20);
    expect(told).toEqual([]);
    refusing.accepting = true;
    run.run();
    expect(told).toEqual(['a']);
  });
});

describe('the end', () => {
  test('waits until the operator is drained; what it sends meanwhile goes before', () => {
    const told: string[] = [];
    const operator = new HandOperator('', told);
    operator.isDrained = false;
    const task = oneTask(operator);
    task.into[0]?.offer(dataFrame('a'));
    task.into[0]?.offer({ kind: 'end' });
    task.settle();
    expect(task.out()).toEqual(['a']);
    operator.work.push(() => operator.context.output.collect('b', 0));
    task.settle();
    expect(task.out()).toEqual(['b']);
    expect(told).toEqual(['a', 'end of input']);
    operator.isDrained = true;
    task.settle();
    expect(task.out()).toEqual(['end']);
    expect(told).toEqual(['a', 'end of input', 'finish']);
  });

  test('waiting for it, a task answers triggers, asks for its time and sleeps otherwise', () => {
    const operator = new HandOperator();
    operator.isDrained = false;
    operator.due = 5_000;
    const task = oneTask(operator);
    task.into[0]?.offer({ kind: 'end' });
    task.settle();
    expect(task.thread.step()).toMatchObject({ progressed: false, wakeAt: 5_000 });
    task.handle({ type: 'trigger', subtasks: [{ vertex: 'task', index: 0 }], options: barrierOf(3) });
    task.settle();
    expect(task.out()).toEqual(['barrier 3']);
    expect(task.messages('acknowledged')).toMatchObject([{ checkpointId: 3 }]);
    expect(task.messages('ended')).toEqual([]);
  });

  test('comes to each operator of a chain when those before it are drained', () => {
    const told: string[] = [];
    const [first, second] = [new HandOperator('1', told), new HandOperator('2', told)];
    first.isDrained = false;
    second.isDrained = false;
    const run = testOperator((stream: DataStream<string>) =>
      behind<string>(
        behind<string>(stream, 'first', () => first),
        'second',
        () => second,
      ),
    );
    run.end();
    first.work.push(() => first.context.output.collect('a', 0));
    run.run();
    expect(told).toEqual(['1:wInfinity', '2:wInfinity', '1:end of input', '2:a']);
    first.isDrained = true;
    run.run();
    expect(told.slice(4)).toEqual(['1:finish', '2:end of input']);
    expect(run.isOver).toBe(false);
    second.isDrained = true;
    run.run();
    expect(told.slice(6)).toEqual(['2:finish']);
    expect(run.isOver).toBe(true);
  });
});

// Flink had it too (FLIP-471): whoever cannot be read looked silent, and event time ran ahead of what waited in it.
test('a split that is not read because an operator has enough is not idle', () => {
  interface Row {
    readonly time: number;
  }
  const late = outputTag<string>('late');
  const refusing = new HandOperator();
  const written = pipeline('held', (env) => {
    const stream = behind<Row>(
      env.fromSource(collection<Row>([]), {
        uid: 'rows',
        watermarks: monotonousTimestamps((row: Row) => row.time, { idleAfter: '1 s' }),
      }),
      'refusing',
      () => refusing,
    ).process({
      output: ofType<string>(),
      onElement: ({ time }, context) => {
        const isLate = time <= context.currentWatermark();
        if (isLate) context.emitTo(late, `${time}`);
        else context.emit(`${time}`);
      },
    });
    stream.sinkTo(collectingSink(), { uid: 'out' });
    stream.sideOutput(late).sinkTo(collectingSink(), { uid: 'late' });
  });
  const run = testPipeline(written, { sources: { rows: testSource<Row>({ splits: 2 }) } });
  const rows = run.source('rows');
  rows.split(0).push({ time: 1 });
  rows.split(1).push({ time: 2 });
  refusing.accepting = false;
  rows.split(0).push({ time: 500 });
  rows.split(1).push({ time: 3 });
  run.advance('1 min');
  refusing.accepting = true;
  run.run();
  expect(run.sink('out').written).toEqual(['1', '2', '500', '3']);
  expect(run.sink('late').written).toEqual([]);
  // Nobody holds the source now: whoever is silent is idle.
  run.advance('1 s');
  rows.split(0).push({ time: 600 });
  rows.split(1).push({ time: 4 });
  expect(run.sink('late').written).toEqual(['4']);
});
