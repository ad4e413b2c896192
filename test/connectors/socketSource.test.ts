/** The socket source over connections that a test makes, feeds and breaks. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { encodeUtf8 } from '../../runtime/base/utf8.ts';
import {
  type ByteEvents,
  type SocketSourceOptions,
  socketSource,
} from '../../runtime/connectors/socketSource.ts';
import type { PollResult, SplitPosition } from '../../runtime/operators/source.ts';
import { sourceContext } from './contexts.ts';
import { FakeConnection } from './fakeConnections.ts';
import { MemoryFiles } from './memoryFiles.ts';

interface Opened {
  /** Polls until the reader waits or is finished; answers what it gave, and then what it said. */
  poll(): string;
  bytes(text: string | Uint8Array): void;
  connection(): FakeConnection<ByteEvents>;
  readonly clock: ManualClock;
  readonly log: string[];
  wakes(): number;
  position(): SplitPosition;
  close(): void;
}

function opened(
  options: Partial<SocketSourceOptions> = {},
  { from = null, bytesMax }: { readonly from?: SplitPosition | null; readonly bytesMax?: number } = {},
): Opened {
  const made: FakeConnection<ByteEvents>[] = [];
  const source = socketSource(
    { host: 'feed', port: 99, ...options },
    (_address, events) => {
      const connection = new FakeConnection(events);
      made.push(connection);
      return connection;
    },
    bytesMax,
  );
  const clock = new ManualClock();
  const log: string[] = [];
  let wakes = 0;
  const reader = source.openSplit('all', from, {
    ...sourceContext(new MemoryFiles(), clock),
    log: (level, text) => log.push(`${level}: ${text}`),
    wake: () => wakes++,
  });
  const connection = () => made.at(-1) as FakeConnection<ByteEvents>;
  return {
    poll() {
      const records: string[] = [];
      for (;;) {
        const result: PollResult = reader.poll((record) => records.push(record) > 0, 2);
        if (result.status === 'more') continue;
        const at = result.status === 'waiting' && result.at !== null ? ` until ${result.at}` : '';
        return [...records, `${result.status}${at}`].join(' ');
      }
    },
    bytes: (text) => connection().events.onBytes(typeof text === 'string' ? encodeUtf8(text) : text),
    connection,
    clock,
    log,
    wakes: () => wakes,
    position: () => structuredClone(reader.position()),
    close: () => reader.close(),
  };
}

test('lines come as they were sent, and the reader waits to be woken', () => {
  const socket = opened();
  expect(socket.poll()).toBe('waiting until 10000');
  socket.connection().open();
  expect(socket.poll()).toBe('waiting');
  const before = socket.wakes();
  socket.bytes('one\r\ntwo\nthr');
  expect(socket.wakes()).toBe(before + 1);
  expect(socket.poll()).toBe('one two waiting');
  socket.bytes('ee\n');
  expect(socket.poll()).toBe('three waiting');
  expect(socket.position()).toEqual({ offset: 3, resume: null, finished: false });
});

test('without retries the input ends when the other side closes, with what had no delimiter yet', () => {
  const socket = opened({ delimiter: ';' });
  socket.poll();
  socket.connection().open();
  socket.bytes('one;two');
  socket.connection().end();
  expect(socket.poll()).toBe('one two finished');
  expect(socket.position()).toMatchObject({ offset: 2, finished: true });
  expect(
    socketSource({ host: 'a', port: 1 }, () => new FakeConnection<ByteEvents>({} as never)).bounded,
  ).toBe(true);
});

test('with retries it connects again, and goes on', () => {
  const socket = opened({ maxRetries: 2, retryDelayMs: 100 });
  socket.poll();
  socket.connection().open();
  socket.bytes('one\nla');
  socket.connection().end();
  // It has ended in order: what came last was a record.
  expect(socket.poll()).toBe('one la waiting until 100');
  const first = socket.connection();
  socket.clock.advance(100);
  expect(socket.poll()).toBe('waiting until 10100');
  expect(socket.connection()).not.toBe(first);
  socket.connection().open();
  socket.bytes('st\n');
  expect(socket.poll()).toBe('st waiting');
  expect(socket.log).toEqual([
    'warning: The connection to feed:99 is lost (the other side has closed it); trying again in 100 ms (1 of 2).',
  ]);
});

test('a record that a failure cut off is left out, and told', () => {
  const socket = opened({ maxRetries: 1, retryDelayMs: 100 });
  socket.poll();
  socket.connection().open();
  socket.bytes('one\nhal');
  socket.connection().fail('read ECONNRESET');
  expect(socket.poll()).toBe('one waiting until 100');
  expect(socket.log[1]).toBe('warning: The last 3 bytes from feed:99 were no whole record and are left out.');
});

test('when the retries are used up the job fails in a sentence', () => {
  const socket = opened({ maxRetries: 1, retryDelayMs: 100 });
  socket.poll();
  socket.connection().open();
  socket.bytes('a\n');
  socket.connection().fail('read ECONNRESET');
  expect(socket.poll()).toBe('a waiting until 100');
  socket.clock.advance(100);
  socket.poll();
  socket.connection().fail('connect ECONNREFUSED 10.0.0.1:99');
  expect(() => socket.poll()).toThrow(
    'The connection to feed:99 failed (connect ECONNREFUSED 10.0.0.1:99, and 1 retry did not help): start what is',
  );
});

test('a socket that cannot be opened is told with what to do', () => {
  const socket = opened();
  socket.poll();
  socket.connection().fail('connect ECONNREFUSED 10.0.0.1:99');
  expect(() => socket.poll()).toThrow(
    expect.objectContaining({
      name: 'SourceError',
      message:
        'The connection to feed:99 failed (connect ECONNREFUSED 10.0.0.1:99): start what is to listen there, or raise maxRetries.',
    }),
  );
});

test('what came before a failure is given first', () => {
  const socket = opened();
  socket.poll();
  socket.connection().open();
  socket.bytes('a\nb\n');
  socket.connection().fail('read ECONNRESET');
  expect(() => socket.poll()).toThrow('read ECONNRESET');
  expect(socket.position().offset).toBe(2);
});

test('a full inbox pauses the socket, and it is read again when half of it is gone', () => {
  const socket = opened({}, { bytesMax: 8 });
  socket.poll();
  // Also before anybody has looked at it since it was opened.
  socket.connection().open();
  socket.bytes('1\n2\n3\n');
  expect(socket.connection().isPaused).toBe(false);
  socket.bytes('4\n5\n');
  expect(socket.connection().isPaused).toBe(true);
  expect(socket.poll()).toBe('1 2 3 4 5 waiting');
  expect(socket.connection().isPaused).toBe(false);
});

test('a record that is larger than the inbox still comes', () => {
  const socket = opened({}, { bytesMax: 4 });
  socket.poll();
  socket.connection().open();
  socket.bytes('abcdef');
  expect(socket.connection().isPaused).toBe(true);
  expect(socket.poll()).toBe('waiting');
  expect(socket.connection().isPaused).toBe(false);
  socket.bytes('g\n');
  expect(socket.poll()).toBe('abcdefg waiting');
});

test('after a restore it counts on, and says what a socket cannot do', () => {
  const socket = opened({}, { from: { offset: 7, resume: null, finished: false } });
  expect(socket.log).toEqual([
    'warning: What feed:99 sent since the last checkpoint is lost: a socket gives nothing twice.',
  ]);
  socket.poll();
  socket.connection().open();
  socket.bytes('a\n');
  socket.poll();
  expect(socket.position().offset).toBe(8);
});

test('bytes that are no UTF-8 are told with their record', () => {
  const socket = opened();
  socket.poll();
  socket.connection().open();
  socket.bytes(Uint8Array.of(0xff, 0x0a));
  expect(() => socket.poll()).toThrow('Record 1 of feed:99 is no UTF-8');
});

test('closing lets go of the connection', () => {
  const socket = opened();
  socket.poll();
  socket.close();
  expect(socket.connection().isClosed).toBe(true);
});

test.each([
  [{ port: 0 }, 'The port of a socket source is a whole number from 1 to 65535, not 0.'],
  [{ host: '' }, 'A socket source needs the name of a host.'],
  [{ delimiter: '' }, 'The delimiter of a socket source has at least one character.'],
  [{ maxRetries: -1 }, 'maxRetries of a socket source is a whole number from 0 on'],
])('%j is refused', (options, sentence) => {
  expect(() => opened(options)).toThrow(sentence);
});

test('it is one split, and bounded only where its end is the end of the input', () => {
  const connect = (_address: object, events: ByteEvents) => new FakeConnection(events);
  const source = socketSource({ host: 'feed', port: 99 }, connect);
  expect(source.splits(sourceContext(new MemoryFiles()))).toEqual(['all']);
  expect(source.bounded).toBe(true);
  expect(socketSource({ host: 'feed', port: 99, maxRetries: 1 }, connect).bounded).toBe(false);
});
