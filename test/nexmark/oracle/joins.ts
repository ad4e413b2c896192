/** What queries 3 and 8 must answer: every person with every auction, in nested loops. */
import type { NexmarkEvent } from '../../../bench/nexmark/model.ts';
import type { LocalItem } from '../../../bench/nexmark/q3.ts';
import type { NewSeller } from '../../../bench/nexmark/q8.ts';
import { auctionsIn, peopleIn } from './kinds.ts';

export function localItems(events: readonly NexmarkEvent[]): LocalItem[] {
  const rows: LocalItem[] = [];
  for (const person of peopleIn(events)) {
    for (const auction of auctionsIn(events)) {
      const isTheirs = auction.seller === person.id;
      const isNear = person.state === 'OR' || person.state === 'ID' || person.state === 'CA';
      if (!isTheirs || !isNear || auction.category !== 10) continue;
      rows.push({ name: person.name, city: person.city, state: person.state, id: auction.id });
    }
  }
  return rows;
}

export function newSellers(events: readonly NexmarkEvent[]): NewSeller[] {
  const rows: NewSeller[] = [];
  for (const { id, name, dateTime } of peopleIn(events)) {
    const start = tenSecondsWith(dateTime);
    let sells = false;
    for (const auction of auctionsIn(events)) {
      if (auction.seller === id && tenSecondsWith(auction.dateTime) === start) sells = true;
    }
    if (sells) rows.push({ id, name, startTime: start });
  }
  return rows;
}

/** By the calendar: the seconds of the minute, cut to tens. */
function tenSecondsWith(time: number): number {
  const date = new Date(time);
  return date.setUTCSeconds(date.getUTCSeconds() - (date.getUTCSeconds() % 10), 0);
}
