/** Interval joins at their bounds: both included, and both left out; a late record finds nobody. */
import { describe, test } from 'vitest';
import { monotonousTimestamps, outputTag, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Order {
  readonly id: string;
  readonly time: number;
}
interface Shipment {
  readonly order: string;
  readonly time: number;
}

const lateShipment = outputTag<Shipment>('late shipment');

const shipped = (bounds: { readonly lowerExclusive?: boolean; readonly upperExclusive?: boolean }) =>
  pipeline('shipped', (env) => {
    const orders = env.fromSource(collection<Order>([]), {
      uid: 'orders',
      watermarks: monotonousTimestamps((order) => order.time),
    });
    const shipments = env.fromSource(collection<Shipment>([]), {
      uid: 'shipments',
      watermarks: monotonousTimestamps((shipment) => shipment.time),
    });
    const joined = orders
      .keyBy((order) => order.id)
      .join(
        shipments.keyBy((shipment) => shipment.order),
        { between: [-5, 10], ...bounds, rightLateTo: lateShipment },
        (order, shipment, { timestamp }) => `${order.id} ${order.time}→${shipment.time} @${timestamp}`,
        { uid: 'join' },
      );
    joined.sinkTo(collectingSink(), { uid: 'out' });
    joined.sideOutput(lateShipment).sinkTo(collectingSink(), { uid: 'late' });
  });

const order = (id: string, time: number): Step => ({ source: 'orders', push: { id, time } });
const shipment = (of: string, time: number): Step => ({ source: 'shipments', push: { order: of, time } });
const watermark = (time: number): Step[] =>
  ['orders', 'shipments'].map((source) => ({ source, watermark: time }));

const steps: readonly Step[] = [
  order('a', 100),
  shipment('a', 94),
  shipment('a', 95),
  shipment('a', 110),
  shipment('a', 111),
  shipment('b', 100),
  order('b', 200),
  ...watermark(109),
  // The order at 100 is still there for what comes at 110.
  shipment('a', 110),
  ...watermark(110),
  // Late: below the watermark.
  shipment('a', 105),
  order('a', 112),
];

describe('an order is joined with shipments from 5 before to 10 after it', () => {
  test('both included', () => {
    check({
      pipeline: shipped({}),
      sources: ['orders', 'shipments'],
      steps,
      expected: {
        out: [
          'a 100→95 @100',
          'a 100→110 @110',
          'a 100→110 @110',
          'a 112→110 @112',
          'a 112→110 @112',
          'a 112→111 @112',
        ],
        late: [{ order: 'a', time: 105 }],
      },
    });
  });

  test('both left out', () => {
    check({
      pipeline: shipped({ lowerExclusive: true, upperExclusive: true }),
      sources: ['orders', 'shipments'],
      steps,
      expected: {
        out: ['a 112→110 @112', 'a 112→110 @112', 'a 112→111 @112'],
        late: [{ order: 'a', time: 105 }],
      },
    });
  });
});
