/**
 * Query 16, channel statistics: how many bids, bidders and auctions does each channel bring a day, in all and by rank?
 * Rank 1 is a price below $100, rank 2 one below $10,000, rank 3 any other.
 *
 *   SELECT channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd') AS day, MAX(DATE_FORMAT(dateTime, 'HH:mm')) AS minute,
 *     COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids, …,
 *     COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders, …,
 *     COUNT(DISTINCT auction) AS total_auctions, …
 *   FROM bid GROUP BY channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd')
 *
 * Every bid gives a row, an upsert by `channel` and `day`: **the last row of a channel and day is their result.** Of each
 * bidder and auction it is remembered in which ranks it was seen, one bit for each, so that a distinct one is counted once
 * in each rank and once in all.
 */
import { mapState, ofType, type Pipeline, pipeline, type Sink, type Source, valueState } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import { dayOf, minuteOf } from './days.ts';
import type { NexmarkEvent } from './model.ts';
import { type Rank, rankOf } from './ranks.ts';
import { benchEvents, eventTime } from './source.ts';

/** In all, and by rank. */
export interface Counts {
  readonly total: number;
  readonly rank1: number;
  readonly rank2: number;
  readonly rank3: number;
}

export interface ChannelStatistics {
  readonly channel: string;
  readonly day: string;
  /** The last one with a bid. */
  readonly minute: string;
  readonly bids: Counts;
  readonly bidders: Counts;
  readonly auctions: Counts;
}

const none: Counts = { total: 0, rank1: 0, rank2: 0, rank3: 0 };
const empty = { minute: '', bids: none, bidders: none, auctions: none };
const bits = { rank1: 1, rank2: 2, rank3: 4 } as const;

export function q16(events: Source<NexmarkEvent>, out: Sink<ChannelStatistics>): Pipeline {
  return pipeline('nexmark-q16', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .keyBy((bid) => [bid.channel, dayOf(bid.dateTime)])
      .process(
        {
          output: ofType<ChannelStatistics>(),
          state: {
            statistics: valueState({ initial: empty }),
            bidders: mapState<number, number>(),
            auctions: mapState<number, number>(),
          },
          onElement(bid, ctx) {
            const { statistics, bidders, auctions } = ctx.state;
            const [channel, day] = ctx.key;
            const rank = rankOf(bid.price);
            const before = statistics.get();
            const minute = minuteOf(bid.dateTime);
            const bidderRanks = bidders.get(bid.bidder) ?? 0;
            const auctionRanks = auctions.get(bid.auction) ?? 0;
            const after = {
              minute: later(minute, before.minute),
              bids: oneMore(before.bids, rank, 0),
              bidders: oneMore(before.bidders, rank, bidderRanks),
              auctions: oneMore(before.auctions, rank, auctionRanks),
            };
            statistics.set(after);
            bidders.set(bid.bidder, bidderRanks | bits[rank]);
            auctions.set(bid.auction, auctionRanks | bits[rank]);
            ctx.emit({ channel, day, ...after });
          },
        },
        { uid: 'statistics' },
      )
      .sinkTo(out, { uid: 'out' });
  });
}

/** `HH:mm` sorts as time does. */
function later(left: string, right: string): string {
  return left.localeCompare(right) > 0 ? left : right;
}

/** Where what is counted was not seen in the rank before, and in none before. */
function oneMore(counts: Counts, rank: Rank, seenIn: number): Counts {
  if ((seenIn & bits[rank]) !== 0) return counts;
  return { ...counts, total: counts.total + (seenIn === 0 ? 1 : 0), [rank]: counts[rank] + 1 };
}

export default q16(benchEvents, discard());
