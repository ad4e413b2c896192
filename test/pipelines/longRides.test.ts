/**
 * Long rides: an alert when a ride has not ended two hours after it began. Events come out of order, so the end of a ride
 * may be seen before its start; timers are deleted when the ride turns out to be short.
 */
import { test } from 'vitest';
import { boundedOutOfOrderness, ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface RideEvent {
  readonly ride: number;
  readonly type: 'start' | 'end';
  readonly time: number;
}

const HOUR = 3_600_000;

const longRides = pipeline('long-rides', (env) => {
  env
    .fromSource(collection<RideEvent>([]), {
      uid: 'rides',
      watermarks: boundedOutOfOrderness('60 s', (event) => event.time),
    })
    .keyBy((event) => event.ride)
    .process(
      {
        output: ofType<{ readonly ride: number; readonly noticedAt: number }>(),
        state: { first: valueState<RideEvent>() },
        onElement(event, ctx) {
          const first = ctx.state.first.get();
          if (first === undefined) {
            ctx.state.first.set(event);
            if (event.type === 'start') ctx.timers.registerEventTime(event.time + 2 * HOUR);
            return;
          }
          const [start, end] = event.type === 'start' ? [event, first] : [first, event];
          if (event.type === 'end') ctx.timers.deleteEventTime(start.time + 2 * HOUR);
          if (end.time - start.time > 2 * HOUR) ctx.emit({ ride: event.ride, noticedAt: end.time });
          ctx.state.first.clear();
        },
        onTimer(timer, ctx) {
          ctx.emit({ ride: ctx.key, noticedAt: timer.time });
          ctx.state.first.clear();
        },
      },
      { uid: 'long' },
    )
    .sinkTo(collectingSink(), { uid: 'alerts' });
});

const event = (ride: number, type: RideEvent['type'], time: number): Step => ({
  source: 'rides',
  push: { ride, type, time },
});
const watermark = (time: number): Step => ({ source: 'rides', watermark: time });

test('a ride without an end is noticed two hours after its start, once', () => {
  check({
    pipeline: longRides,
    sources: ['rides'],
    steps: [
      event(1, 'start', 0),
      event(2, 'start', 1_000),
      event(2, 'end', HOUR),
      // Seen before its start, and long.
      event(3, 'end', 3 * HOUR),
      event(3, 'start', 2_000),
      // To the millisecond.
      watermark(2 * HOUR - 1),
      event(4, 'start', HOUR),
      watermark(2 * HOUR),
      event(4, 'end', 3 * HOUR),
    ],
    expected: {
      alerts: [
        { ride: 1, noticedAt: 2 * HOUR },
        { ride: 3, noticedAt: 3 * HOUR },
      ],
    },
  });
});
