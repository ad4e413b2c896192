/** What queries 5, 7 and 11 must answer: every window in turn, with all bids looked at for each. */
import type { Bid, NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { HighestBid } from '../../../bench/nexmark/q7.ts';
import { bidsIn } from './kinds.ts';

const SECOND = 1_000;

export function highestBids(events: readonly NexmarkEvent[]): HighestBid[] {
  const bids = bidsIn(events);
  const rows: HighestBid[] = [];
  for (const window of windowsOver(bids, 10 * SECOND)) {
    let highest = 0;
    for (const bid of bids) if (isIn(bid, window, 10 * SECOND)) highest = Math.max(highest, bid.price);
    for (const { auction, bidder, price, dateTime, extra } of bids) {
      if (isIn({ dateTime }, window, 10 * SECOND) && price === highest)
        rows.push({ auction, bidder, price, dateTime, extra });
    }
  }
  return rows;
}

function isIn({ dateTime }: Pick<Bid, 'dateTime'>, start: number, lengthMs: number): boolean {
  return start <= dateTime && dateTime < start + lengthMs;
}

/** The starts of all windows that may have a bid: from the last full minute but one, of which every window has a start. */
function windowsOver(bids: readonly Bid[], everyMs: number): number[] {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { dateTime } of bids) {
    first = Math.min(first, dateTime);
    last = Math.max(last, dateTime);
  }
  const starts: number[] = [];
  if (bids.length === 0) return starts;
  const from = new Date(first).setUTCSeconds(0, 0) - 60 * SECOND;
  for (let start = from; start <= last; start += everyMs) starts.push(start);
  return starts;
}
