/**
 * Rides are enriched with their fares. Either may come first and waits in state for the other; what has waited too long
 * goes to a side output of its own type, and its state is gone.
 */
import { test } from 'vitest';
import { monotonousTimestamps, ofType, outputTag, pipeline, valueState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check } from './scenario.ts';

interface Ride {
  readonly ride: number;
  readonly time: number;
}
interface Fare {
  readonly ride: number;
  readonly time: number;
  readonly tip: number;
}

const unmatchedRides = outputTag<Ride>('unmatched rides');
const unmatchedFares = outputTag<Fare>('unmatched fares');

const enrichment = pipeline('rides-and-fares', (env) => {
  const rides = env.fromSource(collection<Ride>([]), {
    uid: 'rides',
    watermarks: monotonousTimestamps((ride) => ride.time),
  });
  const fares = env.fromSource(collection<Fare>([]), {
    uid: 'fares',
    watermarks: monotonousTimestamps((fare) => fare.time),
  });
  const enriched = rides
    .keyBy((ride) => ride.ride)
    .connect(fares.keyBy((fare) => fare.ride))
    .process(
      {
        output: ofType<{ readonly ride: number; readonly tip: number }>(),
        state: { ride: valueState<Ride>(), fare: valueState<Fare>() },
        onFirst(ride, ctx) {
          const fare = ctx.state.fare.get();
          if (fare === undefined) {
            ctx.state.ride.set(ride);
            ctx.timers.registerEventTime(ride.time + 100);
            return;
          }
          ctx.timers.deleteEventTime(fare.time + 100);
          ctx.state.fare.clear();
          ctx.emit({ ride: ride.ride, tip: fare.tip });
        },
        onSecond(fare, ctx) {
          const ride = ctx.state.ride.get();
          if (ride === undefined) {
            ctx.state.fare.set(fare);
            ctx.timers.registerEventTime(fare.time + 100);
            return;
          }
          ctx.timers.deleteEventTime(ride.time + 100);
          ctx.state.ride.clear();
          ctx.emit({ ride: ride.ride, tip: fare.tip });
        },
        onTimer(_timer, ctx) {
          const ride = ctx.state.ride.get();
          const fare = ctx.state.fare.get();
          if (ride !== undefined) ctx.emitTo(unmatchedRides, ride);
          if (fare !== undefined) ctx.emitTo(unmatchedFares, fare);
          ctx.state.ride.clear();
          ctx.state.fare.clear();
        },
      },
      { uid: 'enrich' },
    );
  enriched.sinkTo(collectingSink(), { uid: 'out' });
  enriched.sideOutput(unmatchedRides).sinkTo(collectingSink(), { uid: 'rides-alone' });
  enriched.sideOutput(unmatchedFares).sinkTo(collectingSink(), { uid: 'fares-alone' });
});

test('what has no partner in time goes to a side output, when both inputs have come so far', () => {
  check({
    pipeline: enrichment,
    sources: ['rides', 'fares'],
    steps: [
      { source: 'rides', push: { ride: 1, time: 0 } },
      { source: 'fares', push: { ride: 2, time: 10, tip: 3 } },
      { source: 'fares', push: { ride: 1, time: 20, tip: 5 } },
      { source: 'rides', push: { ride: 3, time: 30 } },
      { source: 'rides', watermark: 200 },
      // The fares have not come so far: ride 3 may still get its own.
      { source: 'fares', push: { ride: 3, time: 120, tip: 7 } },
      { source: 'rides', push: { ride: 4, time: 210 } },
      { source: 'fares', watermark: 150 },
      // Its partner was given up at 110.
      { source: 'rides', push: { ride: 2, time: 220 } },
    ],
    expected: {
      out: [
        { ride: 1, tip: 5 },
        { ride: 3, tip: 7 },
      ],
      'rides-alone': [
        { ride: 4, time: 210 },
        { ride: 2, time: 220 },
      ],
      'fares-alone': [{ ride: 2, time: 10, tip: 3 }],
    },
  });
});
