/** What queries 5, 7, 11 and 12 must answer: every window in turn, with all bids looked at for each. */
import type { Bid, NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { HotItem } from '../../../bench/nexmark/q5.ts';
import type { HighestBid } from '../../../bench/nexmark/q7.ts';
import type { BidderSession } from '../../../bench/nexmark/q11.ts';
import type { BidderCount } from '../../../bench/nexmark/q12.ts';
import { bidsIn } from './kinds.ts';

const SECOND = 1_000;

export function hotItems(events: readonly NexmarkEvent[]): HotItem[] {
  const bids = bidsIn(events);
  const rows: HotItem[] = [];
  for (const window of windowsOver(bids, 2 * SECOND)) {
    const counts = new Map<number, number>();
    for (const bid of bids) {
      if (isIn(bid, window, 10 * SECOND)) counts.set(bid.auction, (counts.get(bid.auction) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    for (const [auction, num] of counts) if (num === most) rows.push({ auction, num });
  }
  return rows;
}

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

/** Two bids that are just ten seconds apart are in one session, as in Flink. */
export function bidderSessions(events: readonly NexmarkEvent[]): BidderSession[] {
  const bids = bidsIn(events);
  const rows: BidderSession[] = [];
  for (const bidder of new Set(bids.map((bid) => bid.bidder))) {
    const times = bids.filter((bid) => bid.bidder === bidder).map((bid) => bid.dateTime);
    times.sort((a, b) => a - b);
    let first = 0;
    for (let last = 0; last < times.length; last++) {
      const time = times[last] as number;
      const next = times[last + 1];
      if (next !== undefined && next - time <= 10 * SECOND) continue;
      const startTime = times[first] as number;
      rows.push({ bidder, bidCount: last - first + 1, startTime, endTime: time + 10 * SECOND });
      first = last + 1;
    }
  }
  return rows;
}

/** `taken`: each bid with the time on the machine's clock at which it came. */
export function countsByClock(taken: readonly { readonly bid: Bid; readonly at: number }[]): BidderCount[] {
  const rows: BidderCount[] = [];
  const bids = taken.map(({ bid, at }) => ({ ...bid, dateTime: at }));
  for (const startTime of windowsOver(bids, 10 * SECOND)) {
    for (const bidder of new Set(bids.map((bid) => bid.bidder))) {
      const own = bids.filter((bid) => bid.bidder === bidder && isIn(bid, startTime, 10 * SECOND));
      if (own.length > 0)
        rows.push({ bidder, bidCount: own.length, startTime, endTime: startTime + 10 * SECOND });
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
