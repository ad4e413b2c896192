/**
 * A stall on purpose: one slow channel.
 *
 *   sluice run examples/slow-channel.ts --serve
 *
 * Every flight is announced, and later inspected; an inspection meets the announcement of the same flight. Announcements
 * are quick. Inspections take their time, so the channel before them is always full, and each barrier has to wait
 * there until everything ahead of it was inspected. Meanwhile it has long come with the announcements: the gate of
 * `match` shuts that channel and what comes on it is buffered. That is a stall. The dashboard names the channel that
 * is waited for, walks upstream to `inspect`, and says that its function is what takes the time.
 */
import { listState, ofType, pipeline, valueState } from 'sluice';
import { jsonl } from 'sluice/connectors';
import { milliseconds, perSecond } from './pace.ts';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly origin: string;
  readonly destination: string;
}

interface Matched {
  readonly airport: string;
  /** The first flight of its airport has the number 1. */
  readonly number: number;
  readonly announced: string;
  readonly inspected: string;
}

export default pipeline('slow-channel', (env) => {
  env.checkpoints({ interval: '2 s' });
  // At most so many inspections are ahead of a barrier: a few seconds of them.
  env.channelRecords = 150;

  const announcements = env
    .fromSource(jsonl.source<Flight>('examples/data/flights.jsonl', { perSecond: perSecond(100) }), {
      uid: 'announcements',
    })
    .map((flight) => ({ airport: flight.origin, announced: flight.date }), { uid: 'announce' })
    .keyBy((flight) => flight.airport);

  const inspections = env
    .fromSource(jsonl.source<Flight>('examples/data/flights.jsonl'), { uid: 'flights' })
    .map(inspect, { uid: 'inspect', disableChaining: true })
    .keyBy((flight) => flight.airport);

  announcements
    .connect(inspections)
    .process(
      {
        output: ofType<Matched>(),
        state: {
          matched: valueState<number>({ initial: 0 }),
          announced: listState<string>(),
          inspected: listState<string>(),
        },
        onFirst({ airport, announced }, ctx) {
          const [first, ...rest] = ctx.state.inspected.get();
          if (first === undefined) {
            ctx.state.announced.add(announced);
            return;
          }
          ctx.state.inspected.update(rest);
          const number = ctx.state.matched.get() + 1;
          ctx.state.matched.set(number);
          ctx.emit({ airport, number, announced, inspected: first });
        },
        onSecond({ airport, inspected }, ctx) {
          const [first, ...rest] = ctx.state.announced.get();
          if (first === undefined) {
            ctx.state.inspected.add(inspected);
            return;
          }
          ctx.state.announced.update(rest);
          const number = ctx.state.matched.get() + 1;
          ctx.state.matched.set(number);
          ctx.emit({ airport, number, announced: first, inspected });
        },
      },
      { uid: 'match' },
    )
    .sinkTo(jsonl.sink('out/slow-channel'), { uid: 'out' });
});

/** The slow one. */
function inspect(flight: Flight): { readonly airport: string; readonly inspected: string } {
  const until = performance.now() + milliseconds(10);
  while (performance.now() < until);
  return { airport: flight.origin, inspected: flight.date };
}
