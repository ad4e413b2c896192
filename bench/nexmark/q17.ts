/**
 * Query 17, auction statistics: how many bids does each auction get a day, in all and by rank, and at which prices?
 *
 *   SELECT auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd') AS day,
 *     COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids, …,
 *     MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
 *   FROM bid GROUP BY auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd')
 *
 * Every bid gives a row, an upsert by `auction` and `day`: **the last row of an auction and day is their result.** The
 * average is a whole number, cut off as SQL does.
 */
import { type Pipeline, pipeline, type Sink, type Source } from 'sluice';
import { discard } from '../pipelines/discard.ts';
import { dayOf } from './days.ts';
import type { Bid, NexmarkEvent } from './model.ts';
import { rankOf } from './ranks.ts';
import { benchEvents, eventTime } from './source.ts';

export interface AuctionStatistics {
  readonly auction: number;
  readonly day: string;
  readonly totalBids: number;
  readonly rank1Bids: number;
  readonly rank2Bids: number;
  readonly rank3Bids: number;
  readonly minPrice: number;
  readonly maxPrice: number;
  readonly averagePrice: number;
  readonly sumPrice: number;
}

export function q17(events: Source<NexmarkEvent>, out: Sink<AuctionStatistics>): Pipeline {
  return pipeline('nexmark-q17', (env) => {
    env
      .fromSource(events, { uid: 'events', watermarks: eventTime })
      .filter((event) => event.kind === 'bid', { uid: 'bids' })
      .map(statisticsOf, { uid: 'one' })
      .keyBy((statistics) => [statistics.auction, statistics.day])
      .reduce(together, { uid: 'statistics' })
      .sinkTo(out, { uid: 'out' });
  });
}

/** Of a single bid. */
function statisticsOf({ auction, dateTime, price }: Bid): AuctionStatistics {
  const rank = rankOf(price);
  return {
    auction,
    day: dayOf(dateTime),
    totalBids: 1,
    rank1Bids: rank === 'rank1' ? 1 : 0,
    rank2Bids: rank === 'rank2' ? 1 : 0,
    rank3Bids: rank === 'rank3' ? 1 : 0,
    minPrice: price,
    maxPrice: price,
    averagePrice: price,
    sumPrice: price,
  };
}

function together(left: AuctionStatistics, right: AuctionStatistics): AuctionStatistics {
  const totalBids = left.totalBids + right.totalBids;
  const sumPrice = left.sumPrice + right.sumPrice;
  return {
    auction: left.auction,
    day: left.day,
    totalBids,
    rank1Bids: left.rank1Bids + right.rank1Bids,
    rank2Bids: left.rank2Bids + right.rank2Bids,
    rank3Bids: left.rank3Bids + right.rank3Bids,
    minPrice: Math.min(left.minPrice, right.minPrice),
    maxPrice: Math.max(left.maxPrice, right.maxPrice),
    averagePrice: Math.trunc(sumPrice / totalBids),
    sumPrice,
  };
}

export default q17(benchEvents, discard());
