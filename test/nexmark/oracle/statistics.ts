/** What queries 16 and 17 must answer: one row per key, the last of its upserts, counted from all bids of the key. */
import type { Bid, NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { ChannelStatistics, Counts } from '../../../bench/nexmark/q16.ts';
import type { AuctionStatistics } from '../../../bench/nexmark/q17.ts';
import { bidsIn } from './kinds.ts';

/** By another way than the query's: Sweden writes dates as SQL does. */
const days = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone: 'UTC' });
const minutes = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'short', timeZone: 'UTC' });

export function channelStatistics(events: readonly NexmarkEvent[]): ChannelStatistics[] {
  const rows: ChannelStatistics[] = [];
  for (const bids of grouped(events, (bid) => bid.channel)) {
    const { channel, dateTime } = bids[0] as Bid;
    rows.push({
      channel,
      day: days.format(dateTime),
      minute:
        bids
          .map((bid) => minutes.format(bid.dateTime))
          .sort()
          .at(-1) ?? '',
      bids: byRank(bids, (some) => some.length),
      bidders: byRank(bids, (some) => new Set(some.map((bid) => bid.bidder)).size),
      auctions: byRank(bids, (some) => new Set(some.map((bid) => bid.auction)).size),
    });
  }
  return rows;
}

export function auctionStatistics(events: readonly NexmarkEvent[]): AuctionStatistics[] {
  const rows: AuctionStatistics[] = [];
  for (const bids of grouped(events, (bid) => String(bid.auction))) {
    const { auction, dateTime } = bids[0] as Bid;
    const prices = bids.map((bid) => bid.price).sort((a, b) => a - b);
    let sum = 0n;
    for (const price of prices) sum += BigInt(price);
    const { total, rank1, rank2, rank3 } = byRank(bids, (some) => some.length);
    rows.push({
      auction,
      day: days.format(dateTime),
      totalBids: total,
      rank1Bids: rank1,
      rank2Bids: rank2,
      rank3Bids: rank3,
      minPrice: prices.at(0) ?? Number.NaN,
      maxPrice: prices.at(-1) ?? Number.NaN,
      averagePrice: Number(sum / BigInt(total)),
      sumPrice: Number(sum),
    });
  }
  return rows;
}

function byRank(bids: readonly Bid[], count: (some: readonly Bid[]) => number): Counts {
  return {
    total: count(bids),
    rank1: count(bids.filter(({ price }) => price < 10_000)),
    rank2: count(bids.filter(({ price }) => price >= 10_000 && price < 1_000_000)),
    rank3: count(bids.filter(({ price }) => price >= 1_000_000)),
  };
}

/** By key and day. */
function grouped(events: readonly NexmarkEvent[], keyOf: (bid: Bid) => string): Bid[][] {
  const groups = new Map<string, Bid[]>();
  for (const bid of bidsIn(events)) {
    const group = `${days.format(bid.dateTime)} ${keyOf(bid)}`;
    groups.set(group, [...(groups.get(group) ?? []), bid]);
  }
  return [...groups.values()];
}
