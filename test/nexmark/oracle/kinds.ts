/** The three kinds of events, picked out of the whole array. */
import type { Auction, Bid, NexmarkEvent, Person } from '../../../bench/nexmark/model.ts';

export function peopleIn(events: readonly NexmarkEvent[]): Person[] {
  const people: Person[] = [];
  for (const event of events) if (event.kind === 'person') people.push(event);
  return people;
}

export function auctionsIn(events: readonly NexmarkEvent[]): Auction[] {
  const auctions: Auction[] = [];
  for (const event of events) if (event.kind === 'auction') auctions.push(event);
  return auctions;
}

export function bidsIn(events: readonly NexmarkEvent[]): Bid[] {
  const bids: Bid[] = [];
  for (const event of events) if (event.kind === 'bid') bids.push(event);
  return bids;
}
