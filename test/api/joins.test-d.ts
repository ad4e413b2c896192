/**
 * Types of what two streams make when they meet. Nothing here runs: `npm run check:types` compiles it, and each line after a
 * @ts-expect-error must be an error.
 */
import {
  broadcastState,
  count,
  type DataStream,
  type KeyedStream,
  listState,
  mapState,
  ofType,
  operatorListState,
  outputTag,
  pipeline,
  type ReadonlyMapState,
  type Sided,
  type Sink,
  type Source,
  session,
  sliding,
  type Trigger,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';

interface Order {
  readonly id: number;
  readonly customer: string;
  readonly amount: number;
}
interface Payment {
  readonly order: number;
  readonly payer: string;
  readonly paid: number;
}
interface Rule {
  readonly name: string;
  readonly limit: number;
}

declare const orders: Source<Order>;
declare const payments: Source<Payment>;
declare const rules: Source<Rule>;
declare function sinkOf<T>(): Sink<T>;
declare function exactly<T>(): <U>(
  value: U & ([T] extends [U] ? ([U] extends [T] ? unknown : never) : never),
) => void;

const lateOrders = outputTag<Order>('late orders');
const latePayments = outputTag<Payment>('late payments');

pipeline('interval joins', (env) => {
  const left = env.fromSource(orders).keyBy((order) => order.id);
  const right = env.fromSource(payments).keyBy((payment) => payment.order);
  const byPayer = env.fromSource(payments).keyBy((payment) => payment.payer);

  const joined = left.join(
    right,
    { between: ['-5 min', '1 h'], upperExclusive: true, leftLateTo: lateOrders, rightLateTo: latePayments },
    (order, payment, pair) => {
      exactly<Order>()(order);
      exactly<Payment>()(payment);
      exactly<number>()(pair.key);
      exactly<number>()(pair.rightTimestamp);
      return { customer: order.customer, open: order.amount - payment.paid };
    },
    { uid: 'join' },
  );
  exactly<DataStream<{ customer: string; open: number }>>()(joined);
  joined.sinkTo(sinkOf<{ readonly customer: string; readonly open: number }>());
  exactly<DataStream<Order>>()(joined.sideOutput(lateOrders));

  exactly<DataStream<string>>()(
    left.join(
      right,
      { between: [0, 1_000] },
      {
        output: ofType<string>(),
        open: () => 3,
        onPair(order, payment, { opened, leftTimestamp, timestamp, emit, emitTo }) {
          exactly<number>()(opened + leftTimestamp + timestamp);
          emit(order.customer + payment.payer);
          emitTo(lateOrders, order);
          // @ts-expect-error: not what was announced
          emit(order.amount);
          // @ts-expect-error: the tag is for other records
          emitTo(lateOrders, payment);
        },
      },
    ),
  );

  // @ts-expect-error: keys of another type
  left.join(byPayer, { between: [0, 1] }, () => 1);
  // @ts-expect-error: the other stream has no keys
  left.join(env.fromSource(payments), { between: [0, 1] }, () => 1);
  // @ts-expect-error: no upper bound
  left.join(right, { between: ['5 min'] }, () => 1);
  // @ts-expect-error: no such unit
  left.join(right, { between: ['-1 fortnight', 0] }, () => 1);
  // @ts-expect-error: neither near each other nor in one window
  left.join(right, { lowerExclusive: true }, () => 1);
  // @ts-expect-error: late records of the left side are orders
  left.join(right, { between: [0, 1], leftLateTo: latePayments }, () => 1);
  // @ts-expect-error: the function is missing
  left.join(right, { between: [0, 1] });
  // @ts-expect-error: no function for the pairs
  left.join(right, { between: [0, 1] }, { output: ofType<string>() });
  // @ts-expect-error: the sink takes something else
  left.join(right, { between: [0, 1] }, (order) => order.id).sinkTo(sinkOf<string>());
});

pipeline('window joins and co-groups', (env) => {
  const left = env.fromSource(orders).keyBy((order) => order.id);
  const right = env.fromSource(payments).keyBy((payment) => payment.order);
  const byPayer = env.fromSource(payments).keyBy((payment) => payment.payer);
  const late = outputTag<Sided<Order, Payment>>('late');

  exactly<DataStream<readonly [string, number, number]>>()(
    left.join(
      right,
      { window: tumbling('1 h'), allowedLateness: '5 min', lateTo: late },
      (order, payment, window) => {
        exactly<number>()(window.key);
        return [order.customer, payment.paid, window.start] as const;
      },
    ),
  );
  exactly<DataStream<number>>()(
    left.join(right, { window: sliding('1 h', '5 min'), trigger: count(3) }, (order) => order.amount),
  );
  left.join(
    right,
    {
      window: session((record) => {
        exactly<Sided<Order, Payment>>()(record);
        return record.side === 'left' ? record.value.amount : record.value.paid;
      }),
    },
    {
      output: ofType<string>(),
      onPair: (order, payment, window, { emit }) => emit(`${order.id}${payment.payer}${window.end}`),
    },
  );

  exactly<DataStream<number>>()(
    left.join(
      right,
      {
        window: tumbling('1 h'),
        trigger: {
          onElement({ side }) {
            exactly<'left' | 'right'>()(side);
            return 'fire';
          },
        },
      },
      (order, payment, window) => {
        exactly<Order>()(order);
        exactly<Payment>()(payment);
        return window.start;
      },
    ),
  );

  const grouped = left.coGroup(
    right,
    {
      window: tumbling('1 h'),
      trigger: {
        state: { rights: valueState<number>({ initial: 0 }) },
        onElement({ side, value }, { state }) {
          if (side === 'left') exactly<Order>()(value);
          else exactly<Payment>()(value);
          state.rights.set(state.rights.get() + 1);
          return 'continue';
        },
      },
    },
    {
      output: ofType<Order>(),
      state: { seen: valueState<number>() },
      windowState: { firings: valueState<number>({ initial: 0 }) },
      onWindow(lefts, rights, { key, start }, { state, windowState, emit }) {
        exactly<readonly Order[]>()(lefts);
        exactly<readonly Payment[]>()(rights);
        exactly<number>()(key + start + windowState.firings.get());
        exactly<number | undefined>()(state.seen.get());
        for (const order of lefts) if (rights.length === 0) emit(order);
        // @ts-expect-error: not what was announced
        for (const payment of rights) emit(payment);
      },
    },
  );
  exactly<DataStream<Order>>()(grouped);

  // @ts-expect-error: keys of another type
  left.coGroup(byPayer, { window: tumbling('1 h') }, { onWindow() {} });
  // @ts-expect-error: no window
  left.coGroup(right, {}, { onWindow() {} });
  // @ts-expect-error: no function for the windows
  left.coGroup(right, { window: tumbling('1 h') }, {});
  // @ts-expect-error: late records have their side
  left.coGroup(right, { window: tumbling('1 h'), lateTo: lateOrders }, { onWindow() {} });
  const ofOrders: Trigger<Order> = { onElement: () => 'fire' };
  // @ts-expect-error: a trigger of other records
  left.join(right, { window: tumbling('1 h'), trigger: ofOrders }, () => 1);
  const ofSubtask = { state: { a: operatorListState<number>() }, onWindow() {} };
  // @ts-expect-error: windows have no state of a subtask
  left.coGroup(right, { window: tumbling('1 h') }, ofSubtask);
});

pipeline('broadcast state', (env) => {
  const stream = env.fromSource(orders);
  const keyed = stream.keyBy((order) => order.customer);
  const broadcast = env.fromSource(rules).broadcast({
    rules: broadcastState<string, Rule>(),
    limits: broadcastState<number, number>(),
  });
  exactly<DataStream<Rule>>()(env.fromSource(rules).broadcast());

  exactly<DataStream<string>>()(
    stream.connect(broadcast).process({
      output: ofType<string>(),
      state: { held: operatorListState<Order>() },
      onElement(order, ctx) {
        exactly<Order>()(order);
        exactly<ReadonlyMapState<string, Rule>>()(ctx.broadcast.rules);
        exactly<number | undefined>()(ctx.broadcast.limits.get(1));
        ctx.state.held.add(order);
        ctx.emit(order.customer);
        // @ts-expect-error: only the broadcast side writes
        ctx.broadcast.rules.set('a', { name: 'a', limit: 1 });
        // @ts-expect-error: only the broadcast side writes
        ctx.broadcast.limits.clear();
        // @ts-expect-error: no timers without a key
        ctx.timers;
        // @ts-expect-error: no such map
        ctx.broadcast.others;
      },
      onBroadcast(rule, ctx) {
        exactly<Rule>()(rule);
        ctx.broadcast.rules.set(rule.name, rule);
        ctx.state.held.clear();
        // @ts-expect-error: a value of another type
        ctx.broadcast.rules.set(rule.name, rule.limit);
        // @ts-expect-error: a key of another type
        ctx.broadcast.limits.set(rule.name, 1);
        // @ts-expect-error: there are no keys
        ctx.forEachKey;
      },
      onEnd: (ctx) => ctx.emit(`${ctx.broadcast.rules.isEmpty()} ${ctx.state.held.get().length}`),
    }),
  );

  exactly<DataStream<number>>()(
    keyed.connect(broadcast).process({
      output: ofType<number>(),
      state: {
        seen: valueState<number>({ initial: 0 }),
        dates: listState<string>(),
        byDate: mapState<string, number>(),
        held: operatorListState<Order>(),
      },
      onElement(order, ctx) {
        exactly<string>()(ctx.key);
        ctx.state.seen.set(ctx.state.seen.get() + order.amount);
        ctx.state.held.add(order);
        ctx.timers.registerEventTime(ctx.timestamp + 1);
        ctx.emit(ctx.broadcast.rules.get(ctx.key)?.limit ?? 0);
        // @ts-expect-error: only the broadcast side writes
        ctx.broadcast.rules.delete('a');
      },
      onBroadcast(rule, ctx) {
        ctx.broadcast.rules.set(rule.name, rule);
        ctx.forEachKey('seen', (key, seen) => {
          exactly<string>()(key);
          exactly<number>()(seen.get());
          seen.set(0);
          ctx.emit(seen.get());
        });
        ctx.forEachKey('byDate', (_key, byDate) => byDate.set('1970-01-01', 0));
        ctx.state.held.clear();
        // @ts-expect-error: a timer belongs to a key, and none is current
        ctx.timers.registerEventTime(1);
        // @ts-expect-error: there is no key
        ctx.key;
        // @ts-expect-error: keyed state is reached by forEachKey
        ctx.state.seen.get();
        // @ts-expect-error: not declared
        ctx.forEachKey('others', () => {});
        // @ts-expect-error: not of a key
        ctx.forEachKey('held', () => {});
        // @ts-expect-error: a value of another type
        ctx.forEachKey('seen', (_key, seen) => seen.set('none'));
      },
      onTimer(timer, ctx) {
        ctx.emit(timer.time + (ctx.broadcast.limits.get(1) ?? 0));
        // @ts-expect-error: only the broadcast side writes
        ctx.broadcast.limits.set(1, 1);
      },
    }),
  );

  // @ts-expect-error: the broadcast side is missing
  stream.connect(broadcast).process({ onElement() {} });
  // @ts-expect-error: the other side is missing
  keyed.connect(broadcast).process({ onBroadcast() {} });
  // @ts-expect-error: keyed state is not broadcast
  env.fromSource(rules).broadcast({ rules: mapState<string, Rule>() });
  stream.connect(broadcast).process({
    // @ts-expect-error: no keyed state without a key
    state: { seen: valueState<number>() },
    onElement() {},
    onBroadcast() {},
  });
});

pipeline('connected streams', (env) => {
  const stream = env.fromSource(orders);
  const keyed = stream.keyBy((order) => order.id);
  const other = env.fromSource(payments);

  // @ts-expect-error: a function for the second input is missing
  stream.connect(other).process({ onFirst() {} });
  // @ts-expect-error: keys of another type
  keyed.connect(other.keyBy((payment) => payment.payer));
  keyed.connect(other).process({
    output: ofType<number>(),
    onFirst(order, ctx) {
      ctx.emit(order.amount);
      // @ts-expect-error: keys on one side only are no keys
      ctx.key;
    },
    onSecond: (payment, ctx) => ctx.emit(payment.paid),
  });
  other.connect(keyed).process({
    onFirst: (payment) => exactly<Payment>()(payment),
    onSecond: (order) => exactly<Order>()(order),
  });
  keyed.connect(other).process({
    // @ts-expect-error: keyed state needs keys on both sides
    state: { seen: valueState<number>() },
    onFirst() {},
    onSecond() {},
  });
});

pipeline('a keyed stream is a stream of records', (env) => {
  const keyed = env.fromSource(orders).keyBy((order) => order.id);
  exactly<DataStream<string>>()(keyed.map((order) => order.customer));
  exactly<DataStream<string>>()(keyed.flatMap((order) => [order.customer]));
  exactly<DataStream<Order>>()(keyed.filter((order) => order.amount > 0));
  exactly<KeyedStream<Order, string>>()(keyed.keyBy((order) => order.customer));
  exactly<KeyedStream<Order, number>>()(keyed.union(keyed));
  keyed.sinkTo(sinkOf<Order>());
  // @ts-expect-error: the sink takes something else
  keyed.sinkTo(sinkOf<Payment>());
  // @ts-expect-error: keyed by something else
  keyed.union(keyed.keyBy((order) => order.customer));
  const wide: KeyedStream<Pick<Order, 'id'>, number> = keyed;
  // @ts-expect-error: not the other way round
  const narrow: KeyedStream<Order, number> = wide;
  narrow.sinkTo(sinkOf<Order>());
});
