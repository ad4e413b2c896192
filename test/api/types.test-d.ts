/**
 * Types flow from the source to the sink without a cast. Nothing here runs: `npm run check:types` compiles it, and each
 * line after a @ts-expect-error must be an error.
 */
import {
  aggregatingState,
  boundedOutOfOrderness,
  broadcastState,
  count,
  countEvictor,
  type DataStream,
  type DeclaredStates,
  delta,
  deltaEvictor,
  globalWindow,
  type ListState,
  listState,
  type MapState,
  mapState,
  ofType,
  operatorListState,
  outputTag,
  pipeline,
  purging,
  type ReadonlyMapState,
  type ReadonlyStateHandles,
  reducingState,
  type Sink,
  type Source,
  type StateHandles,
  session,
  sliding,
  type Trigger,
  tumbling,
  valueState,
  type WindowedStream,
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

pipeline('windows', (env) => {
  const stream = env.fromSource(flights);
  const keyed = stream.keyBy((f) => f.origin);
  const late = outputTag<Flight>('late');
  const tooLong = outputTag<string>('too long');

  exactly<WindowedStream<Flight, string>>()(keyed.window(sliding('1 h', '5 min', { offset: '-8 h' })));
  exactly<WindowedStream<Flight, string>>()(keyed.window(session('5 min', { time: 'processing' })));
  exactly<WindowedStream<Flight, string>>()(
    keyed.window(
      session((f) => f.delay),
      { trigger: purging(count(5)), evictor: countEvictor(3), allowedLateness: '1 h', lateTo: late },
    ),
  );
  exactly<WindowedStream<Flight, null>>()(
    stream.windowAll(globalWindow(), { trigger: delta(5, (a, f) => f.delay - a.delay) }),
  );
  exactly<WindowedStream<Flight, string>>()(keyed.countWindow(10, 2));
  exactly<WindowedStream<Flight, null>>()(stream.countWindowAll(10));

  // @ts-expect-error: a gap is a duration
  keyed.window(session((f) => f.origin));
  // @ts-expect-error: no such time
  keyed.window(tumbling('1 h', { time: 'ingestion' }));
  // @ts-expect-error: a side output of other records
  keyed.window(tumbling('1 h'), { lateTo: tooLong });
  // @ts-expect-error: an evictor of other records
  keyed.window(tumbling('1 h'), { evictor: deltaEvictor(1, (a: Weather, b: Weather) => a.rain - b.rain) });
  // @ts-expect-error: a trigger of other records
  keyed.window(tumbling('1 h'), { trigger: delta(1, (a: Weather, b: Weather) => a.rain - b.rain) });
  // @ts-expect-error: windows of a keyed stream are of its keys
  keyed.windowAll(tumbling('1 h'));

  exactly<DataStream<Flight>>()(keyed.window(tumbling('1 h')).reduce((a, b) => (a.delay > b.delay ? a : b)));
  exactly<DataStream<number>>()(
    keyed.window(tumbling('1 h')).reduce({
      output: ofType<number>(),
      reduce: (a, b) => (a.delay > b.delay ? a : b),
      onWindow: (flight, window, ctx) => {
        exactly<Flight>()(flight);
        exactly<string>()(window.key);
        ctx.emit(flight.delay);
      },
    }),
  );
  // @ts-expect-error: a reduce keeps the type
  keyed.window(tumbling('1 h')).reduce((a, b) => a.delay + b.delay);

  exactly<DataStream<string>>()(
    keyed.window(tumbling('1 h')).process({
      output: ofType<string>(),
      state: { windows: valueState<number>({ initial: 0 }) },
      windowState: { firings: valueState<number>() },
      open: () => 7,
      onWindow(values, { start, key }, ctx) {
        exactly<readonly Flight[]>()(values);
        exactly<number>()(start);
        exactly<number>()(ctx.opened);
        exactly<number>()(ctx.state.windows.get());
        exactly<number | undefined>()(ctx.windowState.firings.get());
        ctx.emit(key);
        ctx.emitTo(tooLong, key);
        // @ts-expect-error: not what the side output carries
        ctx.emitTo(tooLong, start);
        // @ts-expect-error: not what was announced
        ctx.emit(start);
      },
    }),
  );
  keyed.window(tumbling('1 h')).process({
    // @ts-expect-error: only values are kept per window
    windowState: { dates: listState<string>() },
    onWindow() {},
  });
  keyed.window(tumbling('1 h')).process({
    // @ts-expect-error: the third argument was a function once
    onWindow: (_values, _window, emit) => emit(1),
  });

  const folding = { create: () => 0, add: (sum: number, f: Flight) => sum + f.delay };
  exactly<DataStream<string>>()(
    keyed.window(tumbling('1 h')).aggregate({ ...folding, result: (sum, { key }) => `${key} ${sum}` }),
  );
  exactly<DataStream<number>>()(
    keyed.window(tumbling('1 h')).aggregate({
      ...folding,
      output: ofType<number>(),
      onWindow: (sum, { key }, ctx) => {
        exactly<number>()(sum);
        exactly<string>()(key);
        ctx.emit(sum);
      },
    }),
  );
  stream.windowAll(tumbling('1 h')).aggregate({
    ...folding,
    result: (_sum, { key }) => exactly<null>()(key),
  });
  // @ts-expect-error: neither `result` nor `onWindow`
  keyed.window(tumbling('1 h')).aggregate(folding);
  const mergesText = { ...folding, merge: (left: string) => left, result: (sum: number) => sum };
  // @ts-expect-error: pieces of another type
  keyed.window(sliding('1 h', '1 min')).aggregate(mergesText);

  const states = { seen: valueState<number>({ initial: 0 }), first: valueState<string>() };
  const trigger: Trigger<Flight, typeof states> = {
    state: states,
    onElement(flight, { state, timers, timestamp, window }) {
      exactly<Flight>()(flight);
      exactly<number>()(state.seen.get());
      exactly<string | undefined>()(state.first.get());
      state.seen.set(state.seen.get() + 1);
      timers.registerEventTime(Math.min(timestamp + 1, window.end));
      return 'fire-and-purge';
    },
    onMerge(merged, { state }) {
      for (const { state: before, start } of merged) {
        exactly<number>()(start);
        exactly<number>()(before.seen);
        exactly<string | undefined>()(before.first);
        state.seen.set(state.seen.get() + before.seen);
      }
    },
  };
  keyed.window(tumbling('1 h'), { trigger }).reduce((a) => a);
  keyed.window(tumbling('1 h'), { trigger: purging(trigger) }).reduce((a) => a);
  // @ts-expect-error: no such answer
  keyed.window(tumbling('1 h'), { trigger: { onElement: () => 'stop' } });
});

pipeline('asyncMap and event time in mid-stream', (env) => {
  const stream = env.fromSource(flights);
  exactly<DataStream<number>>()(stream.asyncMap(async (f) => f.delay));
  exactly<DataStream<Weather>>()(
    stream.asyncMap((f, { signal }): PromiseLike<Weather> => {
      exactly<AbortSignal>()(signal);
      return fetch(f.origin, { signal }).then((answer) => answer.json() as Promise<Weather>);
    }),
  );
  // What comes out when the time is up may be something else.
  exactly<DataStream<number | null>>()(
    stream.asyncMap(async (f) => f.delay, { timeout: '5 s', onTimeout: () => null }),
  );
  exactly<DataStream<number | string>>()(
    stream.asyncMap(async (f) => f.delay, {
      onTimeout: (f) => f.origin,
      retry: { attempts: 3, delay: '1 s', on: (error) => error instanceof TypeError, onResult: (n) => n < 0 },
    }),
  );
  exactly<DataStream<string>>()(
    stream
      .keyBy((f) => f.origin)
      .asyncMap({
        open: (runtime) => ({ subtask: runtime.subtaskIndex }),
        asyncMap: async (f, { opened, attempt }) => `${f.origin} ${opened.subtask} ${attempt}`,
        close: (opened) => exactly<{ subtask: number }>()(opened),
      }),
  );
  // @ts-expect-error: it must answer a promise
  stream.asyncMap((f) => f.delay);
  // @ts-expect-error: no such order
  stream.asyncMap(async (f) => f.delay, { order: 'sorted' });
  const onText = (text: string) => text === '';
  // @ts-expect-error: the result is a number
  stream.asyncMap(async (f) => f.delay, { retry: { attempts: 1, delay: 1, onResult: onText } });

  exactly<DataStream<Flight>>()(
    stream.assignTimestampsAndWatermarks(boundedOutOfOrderness('1 min', (f) => f.delay)),
  );
  // @ts-expect-error: the strategy is one for other records
  stream.assignTimestampsAndWatermarks(boundedOutOfOrderness('1 min', (w: Weather) => w.rain));
});
