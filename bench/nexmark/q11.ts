/**
 * Query 11, user sessions: how many bids did a user make in each session? A session ends when the user was silent for ten
 * seconds.
 *
 *   SELECT B.bidder, COUNT(*) AS bid_count,
 *     SESSION_START(B.dateTime, INTERVAL '10' SECOND) AS starttime, SESSION_END(B.dateTime, INTERVAL '10' SECOND) AS endtime
 *   FROM bid B GROUP BY B.bidder, SESSION(B.dateTime, INTERVAL '10' SECOND)
 */
import { type Pipeline, pipeline, type Sink, type Source, session } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import type { NexmarkEvent } from './model.ts';
import { benchEvents, eventTime } from './source.ts';

export interface BidderSession {
  readonly bidder: number;
  readonly bidCount: number;
  /** Of its first bid. */
  readonly startTime: number;
  /** Ten seconds after its last. */
  readonly endTime: number;
}

export function q11(events: Source<NexmarkEvent>, out: Sink<BidderSession>): Pipeline {
  return pipeline('nexmark-q11', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .keyBy((bid) => bid.bidder)
      .window(session('10 s'))
      .aggregate(
        {
          create: () => 0,
          add: (bids) => bids + 1,
          merge: (left, right) => left + right,
          result: (bidCount, { key, start, end }): BidderSession => ({
            bidder: key,
            bidCount,
            startTime: start,
            endTime: end,
          }),
        },
        { uid: 'sessions' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

export default q11(benchEvents, discard());
