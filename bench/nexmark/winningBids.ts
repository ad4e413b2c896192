/** What queries 4 and 6 share: which bids for an auction count, and which of them is the best. */
import type { Auction, Bid } from './model.ts';

/** It came while the auction was open; both ends are in it. */
export function counts(bid: Bid, auction: Auction): boolean {
  return bid.dateTime >= auction.dateTime && bid.dateTime <= auction.expires;
}

/** Undefined where none counts. */
export function bestPrice(bids: readonly Bid[], auction: Auction): number | undefined {
  let best: number | undefined;
  for (const bid of bids) {
    if (counts(bid, auction) && bid.price > (best ?? 0)) best = bid.price;
  }
  return best;
}
