/**
 * Query 12, processing time windows: how many bids does a user make in every ten seconds of the machine's clock?
 *
 *   SELECT bidder, COUNT(*) AS bid_count, window_start AS starttime, window_end AS endtime
 *   FROM TABLE(TUMBLE(TABLE (SELECT *, PROCTIME() AS p_time FROM bid), DESCRIPTOR(p_time), INTERVAL '10' SECOND))
 *   GROUP BY bidder, window_start, window_end
 *
 * The one query whose answer depends on when it runs. The window in which the events end is never told, as in Flink: the clock
 * was not past it.
 */
import { type Pipeline, pipeline, type Sink, type Source, tumbling } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { NexmarkEvent } from './model.ts';
import { benchEvents } from './source.ts';

export interface BidderCount {
  readonly bidder: number;
  readonly bidCount: number;
  readonly startTime: number;
  readonly endTime: number;
}

export function q12(events: Source<NexmarkEvent>, out: Sink<BidderCount>): Pipeline {
  return pipeline('nexmark-q12', (env) => {
    env
      .fromSource(events, { uid: 'events' })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .keyBy((bid) => bid.bidder)
      .window(tumbling('10 s', { time: 'processing' }))
      .aggregate(
        {
          create: () => 0,
          add: (bids) => bids + 1,
          result: (bidCount, { key, start, end }): BidderCount => ({
            bidder: key,
            bidCount,
            startTime: start,
            endTime: end,
          }),
        },
        { uid: 'counts' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q12(benchEvents, discard());
