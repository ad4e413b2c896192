/**
 * Timers are state: after a restore, at whatever parallelism, each fires once for its key, those of event time when
 * event time comes to them, those of the machine's clock at once where their time has passed.
 */
import { expect, test } from 'vitest';
import { monotonousTimestamps, ofType, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';
import { check, type Step } from './scenario.ts';

interface Order {
  readonly id: string;
  readonly time: number;
}

const reminders = pipeline('reminders', (env) => {
  env
    .fromSource(collection<Order>([]), {
      uid: 'orders',
      watermarks: monotonousTimestamps((order) => order.time),
    })
    .keyBy((order) => order.id)
    .process(
      {
        output: ofType<string>(),
        onElement(order, ctx) {
          ctx.timers.registerEventTime(order.time + 10);
          // Twice is once; another namespace is another timer.
          ctx.timers.registerEventTime(order.time + 10);
          ctx.timers.registerEventTime(order.time + 10, 'second');
          ctx.timers.registerProcessingTime(ctx.currentProcessingTime() + 1_000);
        },
        onTimer(timer, ctx) {
          ctx.emit(`${ctx.key} ${timer.domain} ${timer.time} ${timer.namespace ?? '-'}`);
        },
      },
      { uid: 'remind' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const order = (id: string, time: number): Step => ({ source: 'orders', push: { id, time } });

test('each timer fires once, for its own key, wherever the job was restored', () => {
  check({
    pipeline: reminders,
    sources: ['orders'],
    steps: [
      order('a', 0),
      order('b', 5),
      { source: 'orders', watermark: 9 },
      { advance: '999 ms' },
      { source: 'orders', watermark: 14 },
      { advance: '1 ms' },
      order('c', 20),
      { source: 'orders', watermark: 30 },
      { advance: '1 s' },
    ],
    expected: {
      out: [
        'a event-time 10 -',
        'a event-time 10 second',
        'b event-time 15 -',
        'b event-time 15 second',
        'c event-time 30 -',
        'c event-time 30 second',
        'a processing-time 1000 -',
        'b processing-time 1000 -',
        'c processing-time 2000 -',
      ],
    },
  });
});

test('a timer of the clock whose time passed while nothing ran fires at once', () => {
  const sources = { orders: testSource<Order>({ watermarks: 'by hand' }) };
  const before = testPipeline(reminders, { sources });
  before.source('orders').push({ id: 'a', time: 0 });
  const after = before.restore(before.stop(), { parallelism: 2, now: 60_000 });
  after.run();
  expect(after.sink('out').written).toEqual(['a processing-time 1000 -']);
});
