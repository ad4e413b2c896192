/** The events are those of the model: in numbers, references and times, the same from each seed however they are read. */
import { describe, expect, test } from 'vitest';
import type { Auction, Bid, NexmarkEvent, Person } from '../../bench/nexmark/model.ts';
import { nexmark } from '../../bench/nexmark/source.ts';
import { eventsOf, sourceContext } from './events.ts';

const ordered = eventsOf({ count: 50_000, seed: 1, splits: 1 });
const isPerson = (event: NexmarkEvent): event is Person => event.kind === 'person';
const isAuction = (event: NexmarkEvent): event is Auction => event.kind === 'auction';
const isBid = (event: NexmarkEvent): event is Bid => event.kind === 'bid';

describe('who, what and how much', () => {
  test('of fifty events the first is a person, three are auctions and the others bids', () => {
    const fifty = ['person', 'auction', 'auction', 'auction', ...new Array<string>(46).fill('bid')];
    const expected = ordered.map((_event, number) => fifty[number % 50]);
    expect(ordered.map(({ kind }) => kind)).toEqual(expected);
  });

  test.each([
    ['people', ordered.filter(isPerson)],
    ['auctions', ordered.filter(isAuction)],
  ])('ids of %s count up from 1000 without a gap', (_kind, made) => {
    expect(made.map(({ id }) => id)).toEqual(made.map((_event, place) => 1_000 + place));
  });

  test('whoever is referred to exists, or is one of the next ten', () => {
    let people = 1_000;
    let auctions = 1_000;
    const strangers = ordered.filter((event) => {
      if (isPerson(event)) people = event.id + 1;
      if (isAuction(event)) auctions = event.id + 1;
      const person = isAuction(event) ? event.seller : isBid(event) ? event.bidder : 1_000;
      const auction = isBid(event) ? event.auction : 1_000;
      return person < 1_000 || person >= people + 10 || auction < 1_000 || auction >= auctions + 10;
    });
    expect(strangers).toEqual([]);
  });

  const share = <T>(all: readonly T[], matches: (one: T) => boolean) =>
    all.filter(matches).length / all.length;
  test.each([
    ['bids are for a hot auction', 1 / 2, share(ordered.filter(isBid), ({ auction }) => auction % 100 === 0)],
    ['bids are by a hot bidder', 3 / 4, share(ordered.filter(isBid), ({ bidder }) => bidder % 100 === 1)],
    [
      'auctions are of a hot seller',
      3 / 4,
      share(ordered.filter(isAuction), ({ seller }) => seller % 100 === 0),
    ],
    [
      'bids come by a hot channel',
      1 / 2,
      share(ordered.filter(isBid), ({ channel }) => !channel.includes('-')),
    ],
    ['prices are below $100', 1 / 3, share(ordered.filter(isBid), ({ price }) => price < 10_000)],
    ['prices are below $10,000', 2 / 3, share(ordered.filter(isBid), ({ price }) => price < 1_000_000)],
    [
      'auctions are of category 10',
      1 / 5,
      share(ordered.filter(isAuction), ({ category }) => category === 10),
    ],
  ])('%s: about %d of them', (_what, expected, actual) => {
    expect(actual).toBeGreaterThan(expected - 0.03);
    expect(actual).toBeLessThan(expected + 0.03);
  });

  test('an auction is open until a hundred others have begun, on average', () => {
    const auctions = ordered.filter(isAuction);
    const lengths = auctions.map(({ dateTime, expires }) => expires - dateTime);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    // 100 auctions come in 1,666 events, a tenth of a millisecond each.
    expect(mean).toBeGreaterThan(150);
    expect(mean).toBeLessThan(185);
    expect(Math.min(...lengths)).toBeGreaterThan(0);
  });
});

describe('event time', () => {
  test('events are as far apart as their rate says, from the first one on', () => {
    const events = eventsOf({ count: 40, splits: 1, firstEventAt: 7_000, eventsPerSecond: 4 });
    expect(events.map(({ dateTime }) => dateTime)).toEqual(
      events.map((_event, place) => 7_000 + place * 250),
    );
  });

  test('in shuffled groups every event comes once, out of order within its group only', () => {
    const times = eventsOf({
      count: 3_000,
      splits: 1,
      firstEventAt: 0,
      eventsPerSecond: 1_000,
      outOfOrderGroup: 60,
    }).map(({ dateTime }) => dateTime);
    expect(times).not.toEqual([...times].sort((a, b) => a - b));
    for (const [place, time] of times.entries()) expect(Math.floor(time / 60)).toBe(Math.floor(place / 60));
    expect(new Set(times).size).toBe(3_000);
  });

  test.each([0, 1.5, 953, 1_906])('a group of %d cannot be shuffled', (outOfOrderGroup) => {
    expect(() => nexmark({ count: 1, outOfOrderGroup })).toThrow(/cannot be shuffled/);
  });
});

describe('the same again', () => {
  const texts = (events: readonly NexmarkEvent[]) => events.map((event) => JSON.stringify(event));

  test('from the same seed', () => {
    const options = { count: 500, seed: 11 };
    expect(texts(eventsOf(options))).toEqual(texts(eventsOf(options)));
    expect(texts(eventsOf(options))).not.toEqual(texts(eventsOf({ count: 500, seed: 12 })));
  });

  test('in any number of lanes', () => {
    const options = { count: 1_000, seed: 13, outOfOrderGroup: 30 };
    const inOne = texts(eventsOf({ ...options, splits: 1 }));
    expect(texts(eventsOf({ ...options, splits: 7 })).sort()).toEqual([...inOne].sort());
  });

  test('when a reader goes on where another one was', () => {
    const source = nexmark({ count: 300, seed: 14, splits: 1 });
    const taken: NexmarkEvent[] = [];
    const take = (event: NexmarkEvent) => taken.push(event) > 0;
    const first = source.openSplit('lane-0', null, sourceContext);
    first.poll(take, 120);
    source.openSplit('lane-0', first.position(), sourceContext).poll(take, 1_000);
    expect(texts(taken)).toEqual(texts(eventsOf({ count: 300, seed: 14, splits: 1 })));
  });
});

test('records weigh what those of other implementations do, on average', () => {
  const weight = (events: readonly object[]) =>
    events
      .flatMap((event) => Object.entries(event))
      .filter(([name]) => name !== 'kind' && name !== 'channel' && name !== 'url')
      .reduce((sum, [, value]) => sum + (typeof value === 'string' ? value.length : 8), 0) / events.length;
  expect(weight(ordered.filter(isPerson))).toBeCloseTo(200, -1);
  expect(weight(ordered.filter(isAuction))).toBeCloseTo(500, -1.4);
  expect(weight(ordered.filter(isBid))).toBeCloseTo(100, -1);
});
