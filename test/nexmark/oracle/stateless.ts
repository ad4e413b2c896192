/** What queries 0, 1, 2 and 13 must answer: each bid by itself. */
import type { NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { PassedBid } from '../../../bench/nexmark/q0.ts';
import type { EuroBid } from '../../../bench/nexmark/q1.ts';
import type { SelectedBid } from '../../../bench/nexmark/q2.ts';
import type { EnrichedBid, SideRow } from '../../../bench/nexmark/q13.ts';
import { bidsIn } from './kinds.ts';

export function passed(events: readonly NexmarkEvent[]): PassedBid[] {
  const rows: PassedBid[] = [];
  for (const { auction, bidder, price, dateTime, extra } of bidsIn(events))
    rows.push({ auction, bidder, price, dateTime, extra });
  return rows;
}

/** With decimals written out, where the query divides. */
export function inEuros(events: readonly NexmarkEvent[]): EuroBid[] {
  const rows: EuroBid[] = [];
  for (const { auction, bidder, price, dateTime, extra } of bidsIn(events)) {
    const thousandths = String(BigInt(price) * 908n).padStart(4, '0');
    const euros = Number(`${thousandths.slice(0, -3)}.${thousandths.slice(-3)}`);
    rows.push({ auction, bidder, price: euros, dateTime, extra });
  }
  return rows;
}

export function selected(events: readonly NexmarkEvent[]): SelectedBid[] {
  const rows: SelectedBid[] = [];
  const auctions = new Set<number>();
  for (let id = 0; id < 1_000_000; id += 123) auctions.add(id);
  for (const { auction, price } of bidsIn(events)) if (auctions.has(auction)) rows.push({ auction, price });
  return rows;
}

/** Of every bid all rows of the table that are its. */
export function enriched(events: readonly NexmarkEvent[], table: readonly SideRow[]): EnrichedBid[] {
  const rows: EnrichedBid[] = [];
  for (const { auction, bidder, price, dateTime } of bidsIn(events)) {
    for (const { key, value } of table) {
      if ((auction - key) % 10_000 === 0) rows.push({ auction, bidder, price, dateTime, value });
    }
  }
  return rows;
}
