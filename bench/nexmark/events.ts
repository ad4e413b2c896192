/**
 * Event number n of the auction, made from n and its own dice alone: so a stream can be cut into lanes, and a restored
 * run makes the very events that the failed one had made.
 *
 * The model is that of Apache Beam's generator, which Flink's version of the benchmark took over. Of every 50 events the
 * first is a new person, the next three are new auctions, the others are bids. Ids count up from 1000, so who and what
 * exists at event n follows from n. What refers to an id chooses among the last ones made and a few that are only about to
 * be made, and often one hot id out of every hundred: keys are skewed, and the hot ones move on with time.
 */
import type { Auction, Bid, NexmarkEvent, Person } from './model.ts';

/** What a generator of Sluice hands to the function that makes its records. */
export interface Dice {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number, uniform in [0, bound). */
  below(bound: number): number;
}

export interface EventTimes {
  /** Of event 0; milliseconds since the epoch. */
  readonly firstEventAt: number;
  /** Event time between two events follows from it; it has nothing to do with how fast they are made. */
  readonly eventsPerSecond: number;
  /** Every so many events come in shuffled order; 1: all come in the order of their times. */
  readonly outOfOrderGroup: number;
}

/** Of the events from `50 k` to `50 k + 49`. */
const PEOPLE = 1;
const AUCTIONS = 3;
const EVENTS = 50;

const FIRST_ID = 1_000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
/** Ids that are not made yet but already referred to. */
const ID_LEAD = 10;
const AUCTIONS_IN_FLIGHT = 100;
const ACTIVE_PEOPLE = 1_000;
/** One id of so many is hot. */
const HOT_EVERY = 100;
/** Of so many references all but one are to a hot id. */
const HOT_AUCTION_RATIO = 2;
const HOT_SELLER_RATIO = 4;
const HOT_BIDDER_RATIO = 4;
const HOT_CHANNEL_RATIO = 2;
const CHANNELS = 10_000;
/** Has no divisor in common with a group's size unless that is a multiple of it: a step of it visits all of the group. */
export const SHUFFLE_STEP = 953;

/** Average sizes, as if numbers took 8 bytes and letters one. */
const PERSON_BYTES = 200;
const AUCTION_BYTES = 500;
const BID_BYTES = 100;

const FIRST_NAMES = 'Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter'.split(',');
const LAST_NAMES = 'Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris'.split(',');
const STATES = 'AZ,CA,ID,OR,WA,WY'.split(',');
const CITIES = 'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(
  ',',
);
const HOT_CHANNELS = 'Google,Facebook,Baidu,Apple'.split(',');

/** Event `index` in the order in which they come. */
export function nexmarkEvent(index: number, dice: Dice, times: EventTimes): NexmarkEvent {
  const number = shuffled(index, times.outOfOrderGroup);
  const dateTime = timeOf(number, times);
  const offset = number % EVENTS;
  if (offset < PEOPLE) return person(number, dice, dateTime);
  if (offset < PEOPLE + AUCTIONS) return auction(number, dice, dateTime, times);
  return bid(number, dice, dateTime);
}

/** Which event, in the order of their times, comes as number `index`. */
function shuffled(index: number, group: number): number {
  return index - (index % group) + ((index * SHUFFLE_STEP) % group);
}

function timeOf(number: number, { firstEventAt, eventsPerSecond }: EventTimes): number {
  return firstEventAt + Math.floor((number * 1_000) / eventsPerSecond);
}

function person(number: number, dice: Dice, dateTime: number): Person {
  const name = `${oneOf(FIRST_NAMES, dice)} ${oneOf(LAST_NAMES, dice)}`;
  const emailAddress = `${word(7, dice)}@${word(5, dice)}.com`;
  const creditCard = `${digits(dice)} ${digits(dice)} ${digits(dice)} ${digits(dice)}`;
  const city = oneOf(CITIES, dice);
  const state = oneOf(STATES, dice);
  const bytes = 8 + 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
  return {
    kind: 'person',
    id: FIRST_ID + lastPerson(number),
    name,
    emailAddress,
    creditCard,
    city,
    state,
    dateTime,
    extra: filler(PERSON_BYTES - bytes, dice),
  };
}

function auction(number: number, dice: Dice, dateTime: number, times: EventTimes): Auction {
  const itemName = word(20, dice);
  const description = word(100, dice);
  const initialBid = price(dice);
  const eventsInFlight = Math.floor((AUCTIONS_IN_FLIGHT * EVENTS) / AUCTIONS);
  // On average an auction is open until as many others as are to be in flight have begun.
  const meanLengthMs = timeOf(number + eventsInFlight, times) - dateTime;
  return {
    kind: 'auction',
    id: FIRST_ID + lastAuction(number),
    itemName,
    description,
    initialBid,
    reserve: initialBid + price(dice),
    dateTime,
    expires: dateTime + 1 + dice.below(Math.max(1, 2 * meanLengthMs)),
    seller: FIRST_ID + (dice.below(HOT_SELLER_RATIO) > 0 ? hot(lastPerson(number)) : anyPerson(number, dice)),
    category: FIRST_CATEGORY + dice.below(CATEGORIES),
    extra: filler(AUCTION_BYTES - (7 * 8 + itemName.length + description.length), dice),
  };
}

function bid(number: number, dice: Dice, dateTime: number): Bid {
  const channel =
    dice.below(HOT_CHANNEL_RATIO) > 0 ? oneOf(HOT_CHANNELS, dice) : `channel-${dice.below(CHANNELS)}`;
  return {
    kind: 'bid',
    auction:
      FIRST_ID + (dice.below(HOT_AUCTION_RATIO) > 0 ? hot(lastAuction(number)) : anyAuction(number, dice)),
    // The one after the hot seller, who would otherwise bid for what is theirs.
    bidder:
      FIRST_ID + (dice.below(HOT_BIDDER_RATIO) > 0 ? hot(lastPerson(number)) + 1 : anyPerson(number, dice)),
    price: price(dice),
    channel,
    url: `https://www.nexmark.com/${channel}/item.htm?query=1`,
    dateTime,
    extra: filler(BID_BYTES - 4 * 8, dice),
  };
}

/** Counted from 0: the last person that exists at an event, which may be the one that it makes. */
function lastPerson(number: number): number {
  return Math.floor(number / EVENTS) * PEOPLE + Math.min(number % EVENTS, PEOPLE - 1);
}

/** The same for auctions; −1 at event 0, where there is none. */
function lastAuction(number: number): number {
  const before = Math.floor(number / EVENTS) * AUCTIONS;
  const begunHere = Math.min(Math.max((number % EVENTS) - PEOPLE + 1, 0), AUCTIONS);
  return before + begunHere - 1;
}

function hot(last: number): number {
  return Math.floor(last / HOT_EVERY) * HOT_EVERY;
}

/** Only active ones, so that there is as much to do per person at the end of a long run as at its beginning. */
function anyPerson(number: number, dice: Dice): number {
  const people = lastPerson(number) + 1;
  const active = Math.min(people, ACTIVE_PEOPLE);
  return people - active + dice.below(active + ID_LEAD);
}

function anyAuction(number: number, dice: Dice): number {
  const last = lastAuction(number);
  const first = Math.max(last - AUCTIONS_IN_FLIGHT, 0);
  return first + dice.below(last - first + 1 + ID_LEAD);
}

/** In cents, from one to a million: as many below a hundred as between a hundred and ten thousand. */
function price(dice: Dice): number {
  return Math.round(10 ** (dice.next() * 6) * 100);
}

function oneOf(choices: readonly string[], dice: Dice): string {
  return choices[dice.below(choices.length)] ?? '';
}

function digits(dice: Dice): string {
  return String(dice.below(10_000)).padStart(4, '0');
}

/** A few letters and spaces, three at least and fewer than `lengthMax`. */
function word(lengthMax: number, dice: Dice): string {
  const length = 3 + dice.below(lengthMax - 3);
  return cut(LETTERS_AND_SPACES, length, dice).trim();
}

/** Letters, `mean` of them on average, a fifth more or less. */
function filler(mean: number, dice: Dice): string {
  if (mean <= 0) return '';
  const spread = Math.round(mean * 0.2);
  return cut(LETTERS, mean - spread + dice.below(2 * spread + 1), dice);
}

/** A piece of a long text: letter by letter, the events would cost more than the queries. */
function cut(text: string, length: number, dice: Dice): string {
  const start = dice.below(text.length - length + 1);
  return text.slice(start, start + length);
}

const LETTERS = textOf('abcdefghijklmnopqrstuvwxyz');
const LETTERS_AND_SPACES = textOf('abcdefghijklm nopqrstuvwxyz ');

/** The same at every start, and no shorter piece of it comes back in any order that would be noticed. */
function textOf(alphabet: string): string {
  let text = '';
  for (let state = 1, i = 0; i < 8_192; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += alphabet[Math.floor((state / 2 ** 32) * alphabet.length)];
  }
  return text;
}
