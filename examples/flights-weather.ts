/**
 * Two sources of different speed that must be aligned: flights to and from Seattle, and what weather is normal there at
 * their hour.
 *
 *   sluice run examples/flights-weather.ts --serve
 *
 * What to look at: flights come at once, each piece of weather has to be looked up, which takes 20 ms. The operator
 * that joins them has two inputs: a barrier that has come with the flights waits until it has come with the
 * weather too, and what arrives on the flights' channel meanwhile is buffered. The dashboard shows the gate, and for
 * how long it was shut. The result does not depend on which side was first: a flight waits in state for its hour's
 * weather, and the weather stays for later flights.
 */
import { listState, ofType, pipeline, valueState } from 'sluice';
import { csv, jsonl } from 'sluice/connectors';
import { milliseconds, perSecond } from './pace.ts';

interface Flight {
  /** `01-31T17`: month, day and hour. */
  readonly hour: string;
  readonly date: string;
  readonly delay: number;
  readonly route: string;
}

interface Weather {
  readonly hour: string;
  readonly temperature: number;
  readonly wind: number;
}

export default pipeline('flights-weather', (env) => {
  env.checkpoints({ interval: '500ms' });

  const flights = env
    .fromSource(csv.source('examples/data/seattle-flights.csv', { perSecond: perSecond(10) }), {
      uid: 'flights',
    })
    .map(
      (row): Flight => ({
        hour: row.date?.slice(5, 13) ?? '',
        date: row.date ?? '',
        delay: Number(row.delay),
        route: `${row.origin}-${row.destination}`,
      }),
      { uid: 'flight' },
    )
    .keyBy((flight) => flight.hour);

  const weather = env
    .fromSource(csv.source('examples/data/seattle-normals.csv', { perSecond: perSecond(40) }), {
      uid: 'normals',
    })
    .map(lookUp, { uid: 'look-up', disableChaining: true })
    .keyBy((normal) => normal.hour);

  flights
    .connect(weather)
    .process(
      {
        output: ofType<Flight & Weather>(),
        state: { weather: valueState<Weather>(), waiting: listState<Flight>() },
        onFirst(flight, ctx) {
          const known = ctx.state.weather.get();
          if (known === undefined) ctx.state.waiting.add(flight);
          else ctx.emit({ ...flight, ...known });
        },
        onSecond(known, ctx) {
          ctx.state.weather.set(known);
          for (const flight of ctx.state.waiting.get()) ctx.emit({ ...flight, ...known });
          ctx.state.waiting.clear();
        },
      },
      { uid: 'join' },
    )
    .sinkTo(jsonl.sink('out/flights-weather'), { uid: 'out' });
});

/** Stands for a service that takes a while to answer. */
function lookUp(row: Readonly<Record<string, string>>): Weather {
  const until = performance.now() + milliseconds(20);
  while (performance.now() < until);
  return { hour: row.hour ?? '', temperature: Number(row.temperature), wind: Number(row.wind) };
}
