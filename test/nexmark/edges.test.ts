/** What a random auction rarely has: bids on the very edge, equal ones, records in an unlucky order. By hand, as files export it. */
import type { Pipeline } from 'sluice';
import { testPipeline, testSource } from 'sluice/testing';
import { expect, test } from 'vitest';
import type { Auction, Bid, NexmarkEvent, Person } from '../../bench/nexmark/model.ts';
import q3 from '../../bench/nexmark/q3.ts';
import q4 from '../../bench/nexmark/q4.ts';
import q5 from '../../bench/nexmark/q5.ts';
import q6 from '../../bench/nexmark/q6.ts';
import q7 from '../../bench/nexmark/q7.ts';
import q8 from '../../bench/nexmark/q8.ts';
import q11 from '../../bench/nexmark/q11.ts';
import q13, { type SideInput } from '../../bench/nexmark/q13.ts';
import q16 from '../../bench/nexmark/q16.ts';
import q17 from '../../bench/nexmark/q17.ts';

const person = (id: number, dateTime: number, rest: Partial<Person> = {}): Person => ({
  ...{ kind: 'person', id, dateTime, name: `person ${id}`, city: 'Portland', state: 'OR' },
  ...{ emailAddress: '', creditCard: '', extra: '', ...rest },
});
const auction = (id: number, dateTime: number, expires: number, rest: Partial<Auction> = {}): Auction => ({
  ...{ kind: 'auction', id, dateTime, expires, seller: 1, category: 10 },
  ...{ itemName: '', description: '', initialBid: 1, reserve: 1, extra: '', ...rest },
});
const bid = (auction: number, price: number, dateTime: number, rest: Partial<Bid> = {}): Bid => ({
  ...{ kind: 'bid', auction, price, dateTime, bidder: 1, channel: 'Apple', url: '', extra: '', ...rest },
});

interface Edge {
  readonly query: Pipeline;
  readonly events: readonly NexmarkEvent[];
  /** What of the rows is looked at, in the order in which they come. */
  readonly rows: readonly object[];
}

const minute = 60_000;
const edges: Readonly<Record<string, Edge>> = {
  'q3: a seller who registers between two auctions of theirs is told of both': {
    query: q3,
    events: [
      auction(7, 0, 1, { seller: 5 }),
      person(5, 1),
      auction(8, 2, 3, { seller: 5 }),
      auction(9, 3, 4, { seller: 5, category: 11 }),
      person(6, 4, { state: 'WA' }),
      auction(10, 5, 6, { seller: 6 }),
    ],
    rows: [{ name: 'person 5', id: 7 }, { id: 8 }],
  },
  'q4: a bid counts from the first to the last moment of the auction': {
    query: q4,
    events: [
      bid(7, 900, 99),
      bid(7, 20, 100),
      auction(7, 100, 200),
      bid(7, 30, 200),
      bid(7, 25, 150),
      bid(7, 900, 201),
    ],
    rows: [{ final: 20 }, { final: 30 }],
  },
  'q4: an auction without a bid is not part of the average': {
    query: q4,
    events: [auction(7, 0, 9), auction(8, 0, 9), auction(9, 0, 9), bid(7, 3, 1), bid(9, 4, 1), bid(7, 4, 2)],
    rows: [{ final: 3 }, { final: 3 }, { final: 4 }],
  },
  'q5: of auctions with as many bids all are answered, in every window that has them': {
    query: q5,
    events: [bid(1, 1, 8_000), bid(2, 1, 9_000), bid(2, 1, 9_999), bid(1, 1, 10_000)],
    rows: [
      // Until 10 s, then until 12, 14, 16 and 18 s; then only the last one is left.
      { auction: 2, num: 2 },
      ...[12, 14, 16, 18].flatMap(() => [
        { auction: 1, num: 2 },
        { auction: 2, num: 2 },
      ]),
      { auction: 1, num: 1 },
    ],
  },
  'q6: a bid counts from the first to the last moment of the auction': {
    query: q6,
    events: [
      bid(7, 900, 99),
      bid(7, 20, 100),
      auction(7, 100, 200),
      bid(7, 30, 200),
      bid(7, 25, 150),
      bid(7, 900, 201),
    ],
    rows: [{ seller: 1, averagePrice: 30 }],
  },
  'q6: sales count in the order in which they end, of those at once the lower id first': {
    query: q6,
    events: [
      auction(7, 0, 300),
      auction(9, 0, 200),
      auction(8, 0, 200),
      bid(7, 1, 10),
      bid(9, 6, 10),
      bid(8, 2, 10),
    ],
    rows: [{ averagePrice: 2 }, { averagePrice: 4 }, { averagePrice: 3 }],
  },
  'q7: of equal highest bids all are answered, and ten seconds end before their last moment': {
    query: q7,
    events: [bid(1, 70, 0), bid(2, 80, 5_000), bid(3, 80, 9_999), bid(4, 80, 10_000), bid(5, 75, 9_000)],
    rows: [{ auction: 2 }, { auction: 3 }, { auction: 4 }],
  },
  'q8: whoever sells in the ten seconds in which they registered is answered once': {
    query: q8,
    events: [
      auction(1, 0, 1, { seller: 5 }),
      person(5, 9_999),
      person(6, 9_999),
      auction(2, 9_999, 10_000, { seller: 5 }),
      auction(3, 10_000, 10_001, { seller: 6 }),
    ],
    rows: [{ id: 5, name: 'person 5', startTime: 0 }],
  },
  'q11: silent for ten seconds is not silent for longer': {
    query: q11,
    events: [bid(1, 1, 1_000), bid(1, 1, 11_000), bid(1, 1, 21_001)],
    rows: [
      { bidder: 1, bidCount: 2, startTime: 1_000, endTime: 21_000 },
      { bidder: 1, bidCount: 1, startTime: 21_001, endTime: 31_001 },
    ],
  },
  'q16: the minute is the latest, whatever comes last': {
    query: q16,
    events: [bid(1, 1, 2 * minute), bid(1, 1, 2 * minute - 1)],
    rows: [{ minute: '00:02' }, { minute: '00:02', day: '1970-01-01' }],
  },
  'q16: a bidder counts once in all and once in each rank': {
    query: q16,
    events: [bid(1, 9_999, 0), bid(1, 10_000, 1), bid(1, 999_999, 2), bid(1, 1_000_000, 3)],
    rows: [
      { bidders: { total: 1, rank1: 1, rank2: 0, rank3: 0 } },
      { bidders: { total: 1, rank1: 1, rank2: 1, rank3: 0 } },
      {
        bidders: { total: 1, rank1: 1, rank2: 1, rank3: 0 },
        bids: { total: 3, rank1: 1, rank2: 2, rank3: 0 },
      },
      { bidders: { total: 1, rank1: 1, rank2: 1, rank3: 1 } },
    ],
  },
  'q17: a day ends at midnight, and ranks begin at their lower price': {
    query: q17,
    events: [
      bid(1, 9_999, 24 * 60 * minute - 1),
      bid(1, 10_000, 24 * 60 * minute),
      bid(1, 1_000_000, 24 * 60 * minute),
    ],
    rows: [
      { day: '1970-01-01', rank1Bids: 1 },
      { day: '1970-01-02', rank1Bids: 0, rank2Bids: 1, totalBids: 1 },
      { rank2Bids: 1, rank3Bids: 1, minPrice: 10_000, maxPrice: 1_000_000, averagePrice: 505_000 },
    ],
  },
};

test.each(Object.entries(edges))('%s', (_name, { query, events, rows }) => {
  const run = testPipeline(query, { sources: { events: testSource<NexmarkEvent>() } });
  for (const event of events) run.source('events').push(event);
  run.source('events').end();
  const { committed } = run.sink('out');
  expect(committed).toMatchObject(rows);
  expect(committed).toHaveLength(rows.length);
});

test('q13: bids wait once for the table, also over a restore at another parallelism, and those without a row have no part', () => {
  const sources = { events: testSource<NexmarkEvent>(), 'side-input': testSource<SideInput>() };
  const before = testPipeline(q13, { parallelism: 2, sources });
  before.source('events').push(bid(1, 5, 0));
  before.source('events').push(bid(20_002, 6, 1));
  before.source('events').push(bid(3, 7, 2));
  before.source('side-input').push({ key: 1, value: 'row 1' });
  const run = before.restore(before.stop(), { parallelism: 3 });
  run.source('side-input').push({ key: 2, value: 'row 2' });
  expect(run.sink('out').written).toEqual([]);
  run.source('side-input').push('end of table');
  run.source('events').push(bid(10_001, 8, 3));
  run.source('events').push(bid(3, 9, 4));
  // The table comes again, with another row.
  run.source('side-input').push({ key: 1, value: 'new row 1' });
  run.source('side-input').push('end of table');
  run.source('events').push(bid(1, 10, 5));
  run.source('events').end();
  run.source('side-input').end();
  const rows = run.sink<{ price: number; value: string }>('out').committed;
  expect(rows.map(({ price, value }) => `${price} ${value}`).sort()).toEqual([
    '10 new row 1',
    ...['5 row 1', '6 row 2', '8 row 1'],
  ]);
});
