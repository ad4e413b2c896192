/**
 * A pipeline with everything about a graph that a screen could get wrong: side outputs, custom and random partitioning, a
 * broadcast side, two edges between the same two vertices, and the states that have no keys. Its plan is what the fake
 * engine shows, so that a screen is held against what a plan says and not against what somebody thought it does.
 */
import {
  aggregatingState,
  broadcastState,
  ofType,
  outputTag,
  pipeline,
  reducingState,
  unionListState,
} from '../../runtime/api/index.ts';
import { collectingSink, generator } from '../../runtime/connectors/index.ts';

export interface Order {
  readonly id: number;
  readonly customer: string;
  readonly region: number;
  readonly amount: number;
}

export interface Limit {
  readonly region: number;
  readonly most: number;
}

/** Orders above the limit of their region. */
export const rejected = outputTag<Order>('rejected');
/** Orders that a person looks at. */
export const review = outputTag<{ readonly order: number }>('review');

const regions = 3;
const reviewFrom = 800;

export const ordersPipeline = pipeline('orders', (env) => {
  const orders = env.fromSource(generator({ make: orderOf, splits: 2, perSecond: 2_000 }), {
    uid: 'orders',
    parallelism: 2,
  });
  const limits = env
    .fromSource(generator({ make: limitOf, perSecond: 1 }), { uid: 'limits', parallelism: 1 })
    .broadcast({ limits: broadcastState<number, number>() });

  const checked = orders.connect(limits).process(
    {
      output: ofType<Order>(),
      open: ({ metrics }) => ({
        rejected: metrics.counter('rejected'),
        amount: metrics.histogram('amount, €'),
      }),
      onElement(order, ctx) {
        ctx.opened.amount.update(order.amount);
        if (order.amount <= (ctx.broadcast.limits.get(order.region) ?? Number.POSITIVE_INFINITY))
          ctx.emit(order);
        else {
          ctx.opened.rejected.inc();
          ctx.emitTo(rejected, order);
        }
      },
      onBroadcast(limit, ctx) {
        ctx.broadcast.limits.set(limit.region, limit.most);
      },
    },
    { uid: 'check', parallelism: 2 },
  );
  checked.sideOutput(rejected).sinkTo(collectingSink(), { uid: 'rejects', parallelism: 1 });

  const sent = checked
    .partitionCustom((order, receivers) => order.region % receivers)
    .process(
      {
        output: ofType<Order>(),
        state: { assigned: unionListState<number>() },
        onElement(order, ctx) {
          if (!ctx.state.assigned.get().includes(order.region)) ctx.state.assigned.add(order.region);
          if (order.amount >= reviewFrom) ctx.emitTo(review, { order: order.id });
          ctx.emit(order);
        },
      },
      { uid: 'depot', parallelism: 3 },
    );
  sent
    .shuffle()
    .connect(sent.sideOutput(review).rebalance())
    .process(
      {
        output: ofType<string>(),
        onFirst: (order, ctx) => ctx.emit(`sent ${order.id}`),
        onSecond: ({ order }, ctx) => ctx.emit(`to be looked at: ${order}`),
      },
      { uid: 'audit', parallelism: 2 },
    )
    .sinkTo(collectingSink(), { uid: 'ledger', parallelism: 2 });

  checked
    .keyBy((order) => order.customer)
    .process(
      {
        output: ofType<{ readonly customer: string; readonly largest: number; readonly mean: number }>(),
        state: {
          largest: reducingState<number>({ reduce: Math.max }),
          mean: aggregatingState({
            create: () => ({ sum: 0, count: 0 }),
            add: ({ sum, count }, amount: number) => ({ sum: sum + amount, count: count + 1 }),
            result: ({ sum, count }) => sum / count,
          }),
        },
        onElement(order, { key, state, emit }) {
          state.largest.add(order.amount);
          state.mean.add(order.amount);
          emit({ customer: key, largest: state.largest.get() ?? 0, mean: state.mean.get() ?? 0 });
        },
      },
      { uid: 'totals', parallelism: 2 },
    )
    .sinkTo(collectingSink(), { uid: 'out', parallelism: 1 });
});

function orderOf(id: number, random: { below(limit: number): number }): Order {
  return {
    id,
    customer: `c${random.below(500)}`,
    region: random.below(regions),
    amount: 1 + random.below(1_000),
  };
}

function limitOf(index: number): Limit {
  return { region: index % regions, most: 950 };
}
