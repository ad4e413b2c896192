/** A connection that is made again, as rows of what happens and what is heard of it. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import {
  type ConnectionEvents,
  checkRetries,
  LastingConnection,
} from '../../runtime/connectors/lastingConnection.ts';
import { FakeConnection } from './fakeConnections.ts';

interface Rows {
  readonly maxRetries: number;
  readonly mayEnd?: boolean;
  /** `open`, `end`, `fail`, `worked` of the present connection, `stale`: the first one fails again; a number: so many milliseconds pass. */
  readonly happens: string;
  /** `connect`, `opened`, `retry …`, `lost …`, `closed`; and in the end `over: …` where there is nothing more to come. */
  readonly heard: string;
}

/** Retries after 100 ms, gives an attempt 1 000 ms. */
function check({ maxRetries, mayEnd = false, happens, heard }: Rows): void {
  const clock = new ManualClock(5_000);
  const log: string[] = [];
  const made: FakeConnection<ConnectionEvents>[] = [];
  const lasting = new LastingConnection({
    maxRetries,
    retryDelayMs: 100,
    connectTimeoutMs: 1_000,
    mayEnd,
    clock,
    wake: () => {},
    connect: (events) => {
      log.push('connect');
      const connection = new FakeConnection(events);
      made.push(connection);
      return connection;
    },
    opened: () => log.push('opened'),
    peer: 'host',
    warn: (sentence) => log.push(`retry ${/\((\d+) of \d+\)/.exec(sentence)?.[1]}`),
    lost: (how) => log.push(`lost ${how}`),
  });
  lasting.advance();
  for (const event of happens.split(' ').filter((word) => word !== '')) {
    const connection = made.at(-1) as FakeConnection<ConnectionEvents>;
    if (event === 'open') connection.open();
    else if (event === 'end') connection.end();
    else if (event === 'fail') connection.fail('it broke');
    else if (event === 'worked') lasting.worked();
    else if (event === 'close') lasting.close();
    else if (event === 'stale') made[0]?.events.onFailure('late');
    else clock.advance(Number(event));
    lasting.advance();
  }
  for (const connection of made.filter(({ isClosed }) => isClosed)) {
    log.push('closed');
    // L2: whatever it says now.
    connection.events.onOpen();
    connection.events.onFailure('late');
  }
  lasting.advance();
  if (lasting.hasEnded) log.push('over: ended');
  if (lasting.givenUp !== null) log.push(`over: ${/\((.+)\)/.exec(lasting.givenUp)?.[1]}`);
  expect(log.join(' | ')).toBe(heard);
}

test('it connects at once, and is open when the other side says so', () => {
  check({ maxRetries: 0, happens: '', heard: 'connect' });
  check({ maxRetries: 0, happens: 'open', heard: 'connect | opened' });
});

test('L1: without retries the first failure is the last', () => {
  check({ maxRetries: 0, happens: 'fail 500', heard: 'connect | lost failed | over: it broke' });
  check({
    maxRetries: 0,
    happens: 'open end',
    heard: 'connect | opened | lost ended | over: the other side has closed it',
  });
});

test('L1: retries come after their delay, and are counted', () => {
  check({ maxRetries: 2, happens: 'fail 99', heard: 'connect | retry 1 | lost failed' });
  check({ maxRetries: 2, happens: 'fail 100', heard: 'connect | retry 1 | lost failed | connect' });
  check({
    maxRetries: 2,
    happens: 'fail 100 fail 100 fail 100',
    heard:
      'connect | retry 1 | lost failed | connect | retry 2 | lost failed | connect | lost failed | over: it broke, and 2 retries did not help',
  });
});

test('L1: after something came through, they are counted anew', () => {
  check({
    maxRetries: 1,
    happens: 'fail 100 open worked fail 100 open end',
    heard:
      'connect | retry 1 | lost failed | connect | opened | retry 1 | lost failed | connect | opened | lost ended | over: the other side has closed it, and 1 retry did not help',
  });
});

test('L1: a connection that stood for a while was a success too, one that hung up at once was none', () => {
  const heard = 'connect | retry 1 | lost failed | connect | opened | lost ended';
  check({
    maxRetries: 1,
    happens: 'fail 100 open 1000 end',
    heard: heard.replace('lost ended', 'retry 1 | lost ended'),
  });
  check({
    maxRetries: 1,
    happens: 'fail 100 open 999 end',
    heard: `${heard} | over: the other side has closed it, and 1 retry did not help`,
  });
});

test('an attempt that takes too long is let go', () => {
  check({ maxRetries: 1, happens: '999', heard: 'connect' });
  check({ maxRetries: 1, happens: '1000', heard: 'connect | retry 1 | lost failed | closed' });
  check({
    maxRetries: 0,
    happens: '1000',
    heard: 'connect | lost failed | closed | over: it was not made within 1000 ms',
  });
});

test('an end in order is the end where it may be, and a failure never is', () => {
  check({
    maxRetries: 3,
    mayEnd: true,
    happens: 'open end 500',
    heard: 'connect | opened | lost ended | over: ended',
  });
  check({
    maxRetries: 3,
    mayEnd: true,
    happens: 'open fail',
    heard: 'connect | opened | retry 1 | lost failed',
  });
});

test('L2: of a connection that is over nothing is heard, and after close nothing happens', () => {
  check({ maxRetries: 3, happens: 'open close 5000', heard: 'connect | opened | closed' });
  check({
    maxRetries: 3,
    happens: '1000 100 stale',
    heard: 'connect | retry 1 | lost failed | connect | closed',
  });
  check({ maxRetries: 3, happens: 'fail close 5000', heard: 'connect | retry 1 | lost failed' });
});

test('L3: it says when it has something to do', () => {
  const clock = new ManualClock(5_000);
  let wakes = 0;
  const made: FakeConnection<ConnectionEvents>[] = [];
  const lasting = new LastingConnection({
    maxRetries: 1,
    retryDelayMs: 100,
    connectTimeoutMs: 1_000,
    mayEnd: false,
    clock,
    wake: () => wakes++,
    connect: (events) => {
      const connection = new FakeConnection(events);
      made.push(connection);
      return connection;
    },
    peer: 'host',
    warn: () => {},
    opened: () => {},
    lost: () => {},
  });
  expect(lasting.wakeAt()).toBe(5_000);
  lasting.advance();
  expect([lasting.wakeAt(), wakes]).toEqual([6_000, 0]);
  made[0]?.open();
  expect([lasting.wakeAt(), wakes, lasting.open]).toEqual([5_000, 1, null]);
  expect(lasting.current).toBe(made[0]);
  lasting.advance();
  expect([lasting.wakeAt(), lasting.open]).toEqual([null, made[0]]);
  made[0]?.fail('it broke');
  lasting.advance();
  expect([lasting.wakeAt(), lasting.current]).toEqual([5_100, null]);
});

test('what is lost, tried again and given up is told in sentences, and not every time', () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const tried = (maxRetries: number, times: number): string | null => {
    const made: FakeConnection<ConnectionEvents>[] = [];
    const lasting = new LastingConnection({
      maxRetries,
      retryDelayMs: 100,
      connectTimeoutMs: 1_000,
      mayEnd: false,
      clock,
      peer: 'ws://host/path',
      wake: () => {},
      warn: (sentence) => told.push(sentence),
      connect: (events) => {
        const connection = new FakeConnection(events);
        made.push(connection);
        return connection;
      },
      opened: () => {},
      lost: () => {},
    });
    for (let time = 0; time < times; time++) {
      lasting.advance();
      made.at(-1)?.fail('read ECONNRESET');
      lasting.advance();
      clock.advance(100);
    }
    return lasting.givenUp;
  };
  expect(tried(1, 2)).toBe(
    'The connection to ws://host/path failed (read ECONNRESET, and 1 retry did not help): start what is to listen there, or raise maxRetries.',
  );
  expect(told.splice(0)).toEqual([
    'The connection to ws://host/path is lost (read ECONNRESET); trying again in 100 ms (1 of 1).',
  ]);
  expect(tried(Number.POSITIVE_INFINITY, 1_000)).toBeNull();
  expect(told).toHaveLength(16);
  expect(told.at(-1)).toContain('trying again in 100 ms (attempt 512).');
});

test.each([
  [
    { maxRetries: -1 },
    'maxRetries of a socket source is a whole number from 0 on, or Infinity for ever, not -1.',
  ],
  [
    { maxRetries: 1.5 },
    'maxRetries of a socket source is a whole number from 0 on, or Infinity for ever, not 1.5.',
  ],
  [{ retryDelayMs: 0 }, 'retryDelayMs of a socket source must be above zero, not 0.'],
  [{ connectTimeoutMs: Number.NaN }, 'connectTimeoutMs of a socket source must be above zero, not NaN.'],
  [{ maxRetries: Number.POSITIVE_INFINITY }, null],
])('%j: %s', (given, sentence) => {
  const options = { maxRetries: 0, retryDelayMs: 1, connectTimeoutMs: 1, ...given };
  expect(checkRetries('a socket source', options)).toBe(sentence);
});
