/** What the screens show of the orders is a pipeline that does what it says. */
import { expect, test } from 'vitest';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';
import { type Limit, type Order, ordersPipeline } from './ordersPipeline.ts';

const order = (id: number, region: number, amount: number): Order => ({ id, customer: 'c1', region, amount });

test('orders above the limit are rejected, large ones are looked at, and a restore changes nothing of it', () => {
  const sources = { orders: testSource<Order>({ splits: 2 }), limits: testSource<Limit>() };
  const before = testPipeline(ordersPipeline, { sources });
  before.source('limits').push({ region: 1, most: 500 });
  before.source('orders').push(order(1, 1, 400));
  before.source('orders').push(order(2, 1, 600));
  const after = before.restore(before.stop());
  after.source('orders').push(order(3, 1, 501));
  after.source('orders').push(order(4, 2, 900));
  after.source('orders').end();
  after.source('limits').end();
  const written = (uid: string) => [...before.sink(uid).written, ...after.sink(uid).written];
  expect(written('rejects')).toEqual([order(2, 1, 600), order(3, 1, 501)]);
  expect(written('ledger').sort()).toEqual(['sent 1', 'sent 4', 'to be looked at: 4']);
  expect(written('out')).toEqual([
    { customer: 'c1', largest: 400, mean: 400 },
    { customer: 'c1', largest: 900, mean: 650 },
  ]);
});
