/**
 * Records are enriched by a service that is slow, fails, or never answers. Results keep the order of what came in, and a
 * window behind them counts each record in its own time: a watermark waits for the calls before it.
 */
import { expect, test } from 'vitest';
import { monotonousTimestamps, pipeline, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Order {
  readonly id: string;
  readonly time: number;
}

interface Priced {
  readonly id: string;
  readonly price: number;
}

/** A service whose answers are given by hand. */
class Service {
  readonly asked: string[] = [];
  readonly #answered = new Map<string, (priced: Priced) => void>();
  readonly #failed = new Map<string, (error: Error) => void>();

  /** What it answers is no promise, which would settle only after the test: it calls back at once. */
  readonly priceOf = ({ id }: Order): PromiseLike<Priced> => {
    this.asked.push(id);
    const call: PromiseLike<Priced> = {
      // biome-ignore lint/suspicious/noThenProperty: a promise that is settled by hand.
      then: (answered, failed) => {
        this.#answered.set(id, (priced) => answered?.(priced));
        this.#failed.set(id, (error) => failed?.(error));
        return call as PromiseLike<never>;
      },
    };
    return call;
  };

  answer(id: string, price: number): void {
    this.#answered.get(id)?.({ id, price });
  }

  fail(id: string): void {
    this.#failed.get(id)?.(new Error(`no price for ${id}`));
  }
}

const priced = (service: Service) =>
  pipeline('async-timeouts', (env) => {
    const prices = env
      .fromSource(collection<Order>([]), {
        uid: 'orders',
        watermarks: monotonousTimestamps((order) => order.time),
      })
      .asyncMap((order) => service.priceOf(order), {
        uid: 'price',
        capacity: 2,
        timeout: '10 s',
        onTimeout: (order) => ({ id: order.id, price: -1 }),
        retry: { attempts: 1, delay: '1 s' },
      });
    prices.map(({ id, price }) => `${id} ${price}`).sinkTo(collectingSink(), { uid: 'out' });
    prices
      .keyBy(() => 'all')
      .window(tumbling(10))
      .aggregate(
        {
          create: () => 0,
          add: (orders) => orders + 1,
          result: (orders, { start }) => `${start}: ${orders}`,
        },
        { uid: 'count' },
      )
      .sinkTo(collectingSink(), { uid: 'counts' });
  });

test('calls time out, are tried again, keep their order, and are made again after a restore', () => {
  const service = new Service();
  const sources = { orders: testSource<Order>({ watermarks: 'by hand' }) };
  let run = testPipeline(priced(service), { sources });
  const outputs: Record<'out' | 'counts', unknown[]> = { out: [], counts: [] };
  const out = (uid: 'out' | 'counts' = 'out') => [...outputs[uid], ...run.sink(uid).written];
  const push = (id: string, time: number) => run.source('orders').push({ id, time });

  push('a', 1);
  push('b', 2);
  // Two are under way: more than these are not asked for.
  push('c', 3);
  expect(service.asked).toEqual(['a', 'b']);
  service.answer('b', 20);
  run.run();
  // In order: b waits for a.
  expect(out()).toEqual([]);
  run.source('orders').watermark(15);
  service.answer('a', 10);
  run.run();
  expect(out()).toEqual(['a 10', 'b 20']);
  expect(service.asked).toEqual(['a', 'b', 'c']);
  // The watermark waits for c, which is in the window that it closes.
  expect(out('counts')).toEqual([]);
  service.fail('c');
  run.run();
  run.advance('999 ms');
  expect(service.asked).toEqual(['a', 'b', 'c']);
  run.advance('1 ms');
  expect(service.asked).toEqual(['a', 'b', 'c', 'c']);

  // It is under way when the job stops; whoever goes on asks again, and nothing is lost or doubled.
  const savepoint = run.stop();
  for (const uid of ['out', 'counts'] as const) outputs[uid].push(...run.sink(uid).written);
  run = run.restore(savepoint, { parallelism: 2 });
  run.run();
  expect(service.asked).toEqual(['a', 'b', 'c', 'c', 'c']);
  push('d', 20);
  service.answer('c', 30);
  run.run();
  run.advance('9999 ms');
  expect(out()).toEqual(['a 10', 'b 20', 'c 30']);
  // Nobody answers for d: its time is up, and the fallback comes out.
  run.advance('1 ms');
  expect(out()).toEqual(['a 10', 'b 20', 'c 30', 'd -1']);
  service.answer('d', 40);
  run.source('orders').end();
  run.run();
  expect(out()).toEqual(['a 10', 'b 20', 'c 30', 'd -1']);
  expect(out('counts')).toEqual(['0: 3', '20: 1']);
  expect(run.isOver).toBe(true);
});
