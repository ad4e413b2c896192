/** The WebSocket source over connections that a test makes, feeds and breaks. */
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import type {
  WebSocketAddress,
  WebSocketEvents,
  WebSocketMessage,
} from '../../runtime/connectors/webSocketConnection.ts';
import {
  type InboxBounds,
  type WebSocketSourceOptions,
  webSocketSource,
} from '../../runtime/connectors/webSocketSource.ts';
import type { PollResult, SplitPosition } from '../../runtime/operators/source.ts';
import { sourceContext } from './contexts.ts';
import { FakeWebSocket } from './fakeConnections.ts';
import { MemoryFiles } from './memoryFiles.ts';

function opened<T = string>(
  options: WebSocketSourceOptions<T> = {},
  { from = null, bounds }: { readonly from?: SplitPosition | null; readonly bounds?: InboxBounds } = {},
) {
  const made: FakeWebSocket[] = [];
  const addresses: WebSocketAddress[] = [];
  const source = webSocketSource<T>(
    'wss://user:secret@feed/prices?token=secret',
    options,
    (address: WebSocketAddress, events: WebSocketEvents) => {
      addresses.push(address);
      const connection = new FakeWebSocket(events);
      made.push(connection);
      return connection;
    },
    bounds,
  );
  const clock = new ManualClock();
  const log: string[] = [];
  const reader = source.openSplit('all', from, {
    ...sourceContext(new MemoryFiles(), clock),
    log: (level, text) => log.push(`${level}: ${text}`),
  });
  const connection = () => made.at(-1) as FakeWebSocket;
  return {
    source,
    clock,
    log,
    addresses,
    connection,
    reader,
    says: (...messages: WebSocketMessage[]) => {
      for (const message of messages) connection().events.onMessage(message);
    },
    poll(): string {
      const records: unknown[] = [];
      for (;;) {
        const result: PollResult = reader.poll((record) => records.push(record) > 0, 2);
        if (result.status === 'more') continue;
        const at = result.status === 'waiting' && result.at !== null ? ` until ${result.at}` : '';
        return [...records, `${result.status}${at}`].join(' ');
      }
    },
  };
}

test('text messages are records, in their order', () => {
  const socket = opened();
  expect(socket.poll()).toBe('waiting until 10000');
  socket.connection().open();
  socket.says('a', 'b', 'c');
  expect(socket.poll()).toBe('a b c waiting');
  expect(socket.reader.position()).toEqual({ offset: 3, resume: null, finished: false });
  expect(socket.addresses).toEqual([
    { url: 'wss://user:secret@feed/prices?token=secret', protocols: [], headers: {} },
  ]);
});

test('parse makes records of messages, also of binary ones, and leaves some out', () => {
  const socket = opened<number>({
    parse: (message) =>
      message === 'ping' ? undefined : Number(typeof message === 'string' ? message : message[0]),
  });
  socket.poll();
  socket.connection().open();
  socket.says('1', 'ping', 'ping', 'ping', Uint8Array.of(2));
  expect(socket.poll()).toBe('1 2 waiting');
  expect(socket.reader.position().offset).toBe(2);
});

test('what cannot be read is told with the message, and without the secrets of the address', () => {
  const socket = opened({ parse: (message) => JSON.parse(String(message)) });
  socket.poll();
  socket.connection().open();
  socket.says('{"a":');
  expect(() => socket.poll()).toThrow(/^A message from wss:\/\/feed\/prices cannot be read \(.+\): \{"a":$/);
  const text = opened();
  text.poll();
  text.connection().open();
  text.says(Uint8Array.of(1));
  expect(() => text.poll()).toThrow('cannot be read (it is binary; say with `parse` what it means)');
});

test('it subscribes whenever the connection is there', () => {
  const socket = opened({ sendOnOpen: ['subscribe a', 'subscribe b'], retryDelayMs: 100 });
  socket.poll();
  socket.connection().open();
  socket.poll();
  expect(socket.connection().wire).toEqual(['subscribe a', 'subscribe b']);
  socket.connection().fail('it broke');
  expect(socket.poll()).toBe('waiting until 100');
  expect(socket.log).toEqual([
    'warning: The connection to wss://feed/prices is lost (it broke); trying again in 100 ms (1 of 3).',
  ]);
  socket.clock.advance(100);
  socket.poll();
  socket.connection().open();
  socket.poll();
  expect(socket.connection().wire).toEqual(['subscribe a', 'subscribe b']);
});

test('a full inbox pauses the socket, by messages or by size, and half an empty one resumes it', () => {
  const socket = opened({}, { bounds: { messages: 4, size: 100 } });
  socket.poll();
  socket.connection().open();
  socket.says('1', '2', '3');
  expect(socket.connection().isPaused).toBe(false);
  socket.says('4');
  expect(socket.connection().isPaused).toBe(true);
  // What was read from the socket before still comes.
  socket.says('5', '6');
  const records: string[] = [];
  for (let left = 3; left > 0; left--) socket.reader.poll((record) => records.push(record) > 0, 1);
  expect([records.join(' '), socket.connection().isPaused]).toEqual(['1 2 3', true]);
  socket.reader.poll((record) => records.push(record) > 0, 1);
  expect([records.join(' '), socket.connection().isPaused]).toEqual(['1 2 3 4', false]);
  expect(socket.poll()).toBe('5 6 waiting');
  socket.says('x'.repeat(100));
  expect(socket.connection().isPaused).toBe(true);
  socket.poll();
  expect(socket.connection().isPaused).toBe(false);
});

test('without retries its end is the end of the input', () => {
  const socket = opened({ maxRetries: 0 });
  expect(socket.source.bounded).toBe(true);
  expect(opened().source.bounded).toBe(false);
  socket.poll();
  socket.connection().open();
  socket.says('a');
  socket.connection().end();
  expect(socket.poll()).toBe('a finished');
  expect(socket.reader.position().finished).toBe(true);
});

test('when the retries are used up the job fails in a sentence', () => {
  const socket = opened({ maxRetries: 1, retryDelayMs: 100 });
  socket.poll();
  socket.connection().fail('Unexpected server response: 401');
  socket.poll();
  socket.clock.advance(100);
  socket.poll();
  socket.connection().fail('Unexpected server response: 401');
  expect(() => socket.poll()).toThrow(
    expect.objectContaining({
      name: 'SourceError',
      message:
        'The connection to wss://feed/prices failed (Unexpected server response: 401, and 1 retry did not help): start what is to listen there, or raise maxRetries.',
    }),
  );
});

test('after a restore it says what a WebSocket cannot do, and closing lets go', () => {
  const socket = opened({}, { from: { offset: 7, resume: null, finished: false } });
  expect(socket.log).toEqual([
    'warning: What wss://feed/prices sent since the last checkpoint is lost: a WebSocket gives nothing twice.',
  ]);
  socket.poll();
  socket.reader.close();
  expect(socket.connection().isClosed).toBe(true);
});

test.each(['http://feed', 'feed:80', 'ws://', ''])('%j is no address', (url) => {
  expect(() => webSocketSource(url, {}, () => new FakeWebSocket({} as WebSocketEvents))).toThrow(
    `The address of a WebSocket source begins with ws:// or wss:// and a host, unlike ${JSON.stringify(url)}.`,
  );
});
