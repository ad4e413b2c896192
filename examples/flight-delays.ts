/**
 * Delays per airport and hour: event-time windows over real flights.
 *
 *   sluice run examples/flight-delays.ts --serve
 *
 * What to look at: the edge from the source to the window is a hash edge, so at `--parallelism 2` each of the two window
 * subtasks gets half of the airports. The windows are state: take two savepoints while it runs and compare them, and
 * you see which airports' hours were open, and what they held.
 */
import { boundedOutOfOrderness, pipeline, tumbling } from 'sluice';
import { jsonl } from 'sluice/connectors';
import { perSecond } from './pace.ts';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export default pipeline('flight-delays', (env) => {
  env.checkpoints({ interval: '1 s' });

  env
    .fromSource(jsonl.source<Flight>('examples/data/flights.jsonl', { perSecond: perSecond(200) }), {
      uid: 'flights',
      watermarks: boundedOutOfOrderness('5 min', (flight) => Date.parse(flight.date)),
    })
    .filter((flight) => flight.delay > 0, { uid: 'late' })
    .keyBy((flight) => flight.origin)
    .window(tumbling('1 h'))
    .aggregate(
      {
        create: () => ({ flights: 0, minutes: 0, worst: 0 }),
        add: (delays, flight) => ({
          flights: delays.flights + 1,
          minutes: delays.minutes + flight.delay,
          worst: Math.max(delays.worst, flight.delay),
        }),
        result: (delays, { key: airport, start }) => ({
          airport,
          hour: new Date(start).toISOString().slice(0, 13),
          flights: delays.flights,
          meanDelay: Math.round((delays.minutes / delays.flights) * 10) / 10,
          worst: delays.worst,
        }),
      },
      { uid: 'mean-delay' },
    )
    .sinkTo(jsonl.sink('out/flight-delays'), { uid: 'out' });
});
