/** What queries 4 and 6 must answer: the best bid of every auction, looked for among all bids. */
import type { Auction, NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { CategoryPrice } from '../../../bench/nexmark/q4.ts';
import type { SellerPrice } from '../../../bench/nexmark/q6.ts';
import { auctionsIn, bidsIn } from './kinds.ts';

interface Sold {
  readonly auction: Auction;
  readonly price: bigint;
}

function soldIn(events: readonly NexmarkEvent[]): Sold[] {
  const bids = bidsIn(events);
  const sold: Sold[] = [];
  for (const auction of auctionsIn(events)) {
    let highest = -1;
    for (const bid of bids) {
      if (bid.auction !== auction.id) continue;
      if (bid.dateTime < auction.dateTime || auction.expires < bid.dateTime) continue;
      highest = Math.max(highest, bid.price);
    }
    if (highest >= 0) sold.push({ auction, price: BigInt(highest) });
  }
  return sold;
}

/** One row per category: the last of its upserts. */
export function averageByCategory(events: readonly NexmarkEvent[]): CategoryPrice[] {
  const sold = soldIn(events);
  const rows: CategoryPrice[] = [];
  for (let category = 10; category < 15; category++) {
    const prices: bigint[] = [];
    for (const { auction, price } of sold) if (auction.category === category) prices.push(price);
    if (prices.length > 0) rows.push({ category, final: wholeMean(prices) });
  }
  return rows;
}

export function averageBySeller(events: readonly NexmarkEvent[]): SellerPrice[] {
  const sold = soldIn(events);
  sold.sort((a, b) => a.auction.expires - b.auction.expires || a.auction.id - b.auction.id);
  const rows: SellerPrice[] = [];
  for (let last = 0; last < sold.length; last++) {
    const seller = sold[last]?.auction.seller ?? Number.NaN;
    const prices: bigint[] = [];
    for (let place = last; place >= 0 && prices.length < 10; place--) {
      const sale = sold[place];
      if (sale?.auction.seller === seller) prices.push(sale.price);
    }
    rows.push({ seller, averagePrice: wholeMean(prices) });
  }
  return rows;
}

/** BigInt divides as SQL's BIGINT does. */
function wholeMean(prices: readonly bigint[]): number {
  let sum = 0n;
  for (const price of prices) sum += price;
  return Number(sum / BigInt(prices.length));
}
