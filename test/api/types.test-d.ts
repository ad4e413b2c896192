/**
 * Types flow from the source to the sink without a cast. Nothing here runs: `npm run check:types` compiles it, and each
 * line after a @ts-expect-error must be an error.
 */
import {
  aggregatingState,
  boundedOutOfOrderness,
  broadcastState,
  type DataStream,
  type DeclaredStates,
  type ListState,
  listState,
  type MapState,
  mapState,
  ofType,
  operatorListState,
  outputTag,
  pipeline,
  type ReadonlyMapState,
  type ReadonlyStateHandles,
  reducingState,
  type Sink,
  type Source,
  type StateHandles,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';

interface Flight {
  readonly date: string;
  readonly origin: string;
  readonly delay: number;
}
interface Weather {
  readonly location: string;
  readonly rain: number;
}
interface Mean {
  readonly origin: string;
  readonly from: number;
  readonly mean: number;
}

declare const flights: Source<Flight>;
declare const weather: Source<Weather>;
declare function sinkOf<T>(): Sink<T>;
declare function exactly<T>(): <U>(
  value: U & ([T] extends [U] ? ([U] extends [T] ? unknown : never) : never),
) => void;

pipeline('as the design has it', (env) => {
  env
    .fromSource(flights, { uid: 'flights', watermarks: boundedOutOfOrderness('5 min', (f) => f.date.length) })
    .filter((f) => f.delay > 0)
    .keyBy((f) => f.origin)
    .window(tumbling('1 h'))
    .aggregate({
      create: () => ({ sum: 0, count: 0 }),
      add: (mean, flight) => ({ sum: mean.sum + flight.delay, count: mean.count + 1 }),
      result: (mean, window) => ({ origin: window.key, from: window.start, mean: mean.sum / mean.count }),
    })
    .sinkTo(sinkOf<Mean>(), { uid: 'out' });
});

pipeline('each operator', (env) => {
  const stream = env.fromSource(flights);
  exactly<DataStream<Flight>>()(stream);
  exactly<DataStream<number>>()(stream.map((f) => f.delay));
  exactly<DataStream<string>>()(stream.flatMap((f) => [f.origin, f.date]));
  exactly<DataStream<string>>()(stream.map((f) => (f.delay > 0 ? f.origin : null)).filter((o) => o !== null));
  exactly<DataStream<Flight>>()(stream.keyBy((f) => f.origin).reduce((a, b) => (a.delay > b.delay ? a : b)));
  exactly<DataStream<Flight>>()(stream.union(stream.rebalance(), stream.broadcast()));

  // @ts-expect-error: no such property
  stream.map((f) => f.destination);
  // @ts-expect-error: a filter answers true or false
  stream.filter((f) => f.origin);
  // @ts-expect-error: a function is no key
  stream.keyBy((f) => () => f);
  // @ts-expect-error: a reduce keeps the type
  stream.keyBy((f) => f.origin).reduce((a, b) => a.delay + b.delay);
  // @ts-expect-error: other records cannot be united
  stream.union(env.fromSource(weather));
  // @ts-expect-error: the sink takes something else
  stream.sinkTo(sinkOf<Weather>());
  // @ts-expect-error: no such unit
  stream.keyBy((f) => f.origin).window(tumbling('1 fortnight'));
  // @ts-expect-error: no such option
  stream.map((f) => f, { id: 'x' });
  // @ts-expect-error: the strategy is one for other records
  env.fromSource(flights, { watermarks: boundedOutOfOrderness('1 s', (w: Weather) => w.rain) });
  // @ts-expect-error: windows need keys
  stream.window(tumbling('1 h'));
});

pipeline('process', (env) => {
  const keyed = env.fromSource(flights).keyBy((f) => [f.origin, f.delay]);
  const alerts = keyed.process({
    output: ofType<{ readonly origin: string }>(),
    state: {
      seen: valueState<number>(),
      count: valueState<number>({ initial: 0 }),
      dates: listState<string>(),
      byDate: mapState<string, number>(),
    },
    onElement(flight, ctx) {
      exactly<Flight>()(flight);
      exactly<number | undefined>()(ctx.state.seen.get());
      exactly<number>()(ctx.state.count.get());
      ctx.state.count.set(ctx.state.count.get() + 1);
      ctx.state.dates.add(flight.date);
      ctx.state.byDate.set(flight.date, flight.delay);
      const [origin, delay] = ctx.key;
      exactly<string>()(origin);
      exactly<number>()(delay);
      ctx.timers.registerEventTime(ctx.timestamp + 1);
      ctx.emit({ origin });
      // @ts-expect-error: not what was announced
      ctx.emit({ airport: origin });
      // @ts-expect-error: not declared
      ctx.state.other.get();
      // @ts-expect-error: not its type
      ctx.state.seen.set('one');
    },
    onTimer(timer, ctx) {
      exactly<number>()(timer.time);
      ctx.emit({ origin: ctx.key[0] });
    },
  });
  exactly<DataStream<{ readonly origin: string }>>()(alerts);

  keyed.process({
    onElement(_flight, ctx) {
      // @ts-expect-error: without `output` nothing can be emitted
      ctx.emit(1);
    },
  });
  env.fromSource(flights).process({
    output: ofType<number>(),
    onElement(flight, ctx) {
      ctx.emit(flight.delay);
      // @ts-expect-error: not declared
      ctx.state.seen;
      // @ts-expect-error: no timers without a key
      ctx.timers;
    },
  });
  env.fromSource(flights).process({
    output: ofType<number>(),
    state: { pending: operatorListState<Flight>() },
    onElement(flight, ctx) {
      ctx.state.pending.add(flight);
      // @ts-expect-error: not its type
      ctx.state.pending.add(flight.delay);
    },
    onEnd: (ctx) => ctx.emit(ctx.state.pending.get().length),
  });
  env.fromSource(flights).process({
    // @ts-expect-error: no keyed state without a key
    state: { seen: valueState<number>() },
    onElement() {},
  });
  keyed.process({
    state: { seen: valueState<number>(), pending: operatorListState<Flight>() },
    onElement(flight, ctx) {
      ctx.state.seen.set(ctx.state.pending.get().length);
      ctx.state.pending.add(flight);
    },
  });
});

pipeline('connect', (env) => {
  const left = env.fromSource(flights).keyBy((f) => f.origin);
  const right = env.fromSource(weather).keyBy((w) => w.location);
  const joined = left.connect(right).process({
    output: ofType<number>(),
    state: { rain: valueState<number>() },
    onFirst(flight, ctx) {
      ctx.emit(flight.delay * (ctx.state.rain.get() ?? 0));
    },
    onSecond(weather, ctx) {
      exactly<string>()(ctx.key);
      ctx.state.rain.set(weather.rain);
    },
  });
  exactly<DataStream<number>>()(joined);
  // @ts-expect-error: keys of another type
  left.connect(env.fromSource(weather).keyBy((w) => w.rain));
  exactly<DataStream<string>>()(
    env
      .fromSource(flights)
      .connect(env.fromSource(weather))
      .process({
        output: ofType<string>(),
        onFirst: (flight, ctx) => ctx.emit(flight.origin),
        onSecond: (weather, ctx) => ctx.emit(weather.location),
      }),
  );
});

pipeline('a stream of a narrower type is a stream of a wider one', (env) => {
  const narrow = env.fromSource(flights);
  const wide: DataStream<Pick<Flight, 'origin'>> = narrow;
  const anything: DataStream<unknown> = narrow;
  wide.union(narrow).sinkTo(sinkOf<Pick<Flight, 'origin'>>());
  anything.sinkTo(sinkOf<unknown>());
  // @ts-expect-error not the other way round
  narrow.union(wide);
});

pipeline('rich functions', (env) => {
  const stream = env.fromSource(flights);
  exactly<DataStream<string>>()(
    stream.map({
      open: (runtime) => ({ seen: runtime.metrics.counter('seen') }),
      map: (flight, { seen }) => {
        seen.inc();
        return flight.origin;
      },
      close: ({ seen }) => seen.count,
    }),
  );
  exactly<DataStream<Flight>>()(stream.filter({ filter: (flight) => flight.delay > 0 }));
  exactly<DataStream<number>>()(stream.flatMap({ flatMap: (flight) => [flight.delay] }));
  exactly<DataStream<Flight>>()(
    stream
      .keyBy((flight) => flight.origin)
      .reduce({ open: () => 3, reduce: (left, right, limit) => (left.delay > limit ? left : right) }),
  );
  // @ts-expect-error an object needs the function
  stream.map({ open: () => 1 });
});

const late = outputTag<Flight>('late');

pipeline('side outputs', (env) => {
  const split = env.fromSource(flights).process({
    output: ofType<string>(),
    onElement: (flight, context) => {
      if (flight.delay > 0) context.emitTo(late, flight);
      else context.emit(flight.origin);
      // @ts-expect-error a side output has a type too
      context.emitTo(late, flight.origin);
    },
  });
  exactly<DataStream<string>>()(split);
  exactly<DataStream<Flight>>()(split.sideOutput(late));
  // @ts-expect-error windows are of a key
  split.window(tumbling('1 h'));
  split.partitionCustom((origin, receivers) => origin.length % receivers);
  // @ts-expect-error a partitioner answers a number
  split.partitionCustom((origin) => origin);
});

pipeline('every kind of state', (env) => {
  env
    .fromSource(flights)
    .keyBy((f) => f.origin)
    .process({
      state: {
        longest: reducingState<number>({ reduce: (a, b) => Math.max(a, b), initial: 0 }),
        latest: reducingState({ reduce: (_a: Flight, b: Flight) => b }),
        mean: aggregatingState({
          create: () => ({ sum: 0, count: 0 }),
          add: (mean, delay: number) => ({ sum: mean.sum + delay, count: mean.count + 1 }),
          result: (mean) => mean.sum / mean.count,
          ttl: { after: '7 days', refresh: 'on-read-and-write' },
        }),
        ready: operatorListState<string>(),
      },
      onElement(flight, ctx) {
        exactly<number>()(ctx.state.longest.get());
        exactly<Flight | undefined>()(ctx.state.latest.get());
        exactly<number | undefined>()(ctx.state.mean.get());
        ctx.state.mean.add(flight.delay);
        ctx.state.ready.add(flight.date);
        // @ts-expect-error: what is added has another type than the accumulator
        ctx.state.mean.add({ sum: 1, count: 1 });
        // @ts-expect-error: a reducing state keeps the type
        ctx.state.longest.add('long');
      },
    });
  // @ts-expect-error: a reduce answers what it was given
  reducingState<number>({ reduce: (a, b) => `${a}${b}` });
  // @ts-expect-error: no such unit
  valueState<number>({ ttl: { after: '1 fortnight' } });
  // @ts-expect-error: only keyed state has a time to live
  operatorListState<string>({ ttl: { after: '1 h' } });
});

declare function withoutKey<States extends DeclaredStates<'operator' | 'broadcast'>>(
  states: States,
): { readonly wide: StateHandles<States>; readonly read: ReadonlyStateHandles<States> };
const own = withoutKey({ ready: operatorListState<Flight>(), rules: broadcastState<string, number>() });
exactly<ListState<Flight>>()(own.wide.ready);
exactly<MapState<string, number>>()(own.wide.rules);
exactly<ListState<Flight>>()(own.read.ready);
exactly<ReadonlyMapState<string, number>>()(own.read.rules);
// @ts-expect-error: keyed state belongs to a key
withoutKey({ seen: valueState<number>() });
// @ts-expect-error: keyed state belongs to a key
withoutKey({ seen: listState<number>(), ready: operatorListState<number>() });
// @ts-expect-error: who reads broadcast state cannot write it
own.read.rules.set('a', 1);
