/** The WebSocket sink, with a test as its other side: what is confirmed, what is sent again, and what waits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { type WebSocketSinkOptions, webSocketSink } from '../../runtime/connectors/webSocketSink.ts';
import { sinkContext } from './contexts.ts';
import { FakeWebSocket } from './fakeConnections.ts';
import { MemoryFiles } from './memoryFiles.ts';

function opened(options: WebSocketSinkOptions<unknown> = {}) {
  const made: FakeWebSocket[] = [];
  const sink = webSocketSink<unknown>('ws://display/board?token=secret', options, (_address, events) => {
    const connection = new FakeWebSocket(events);
    made.push(connection);
    return connection;
  });
  const writer = sink.createWriter();
  const clock = new ManualClock();
  const log: string[] = [];
  let wakes = 0;
  writer.open(
    sinkContext(new MemoryFiles(), {
      clock,
      log: (level, text) => log.push(`${level}: ${text}`),
      wake: () => wakes++,
    }),
    [],
  );
  return {
    sink,
    writer,
    clock,
    log,
    wakes: () => wakes,
    made,
    connection: () => made.at(-1) as FakeWebSocket,
    advance: () => writer.advance?.(clock.now()),
    write(...values: unknown[]) {
      for (const value of values) writer.write(value, 0);
    },
    /** The answer says whether the checkpoint may complete. */
    barrier(): { isDone: boolean } {
      const checkpoint = { isDone: true };
      writer.prepareCommit({
        checkpointId: 1,
        defer: (work) => {
          checkpoint.isDone = false;
          work(() => {
            checkpoint.isDone = true;
          });
        },
      });
      return checkpoint;
    },
  };
}

test('strings go as they are, everything else as JSON, unless encode says otherwise', () => {
  const board = opened();
  board.connection().open();
  board.advance();
  board.write('text', { a: 1 }, 2);
  expect(board.connection().wire).toEqual(['text', '{"a":1}', '2']);
  expect(() => board.write(undefined)).toThrow(
    'A undefined cannot be sent as JSON: say with `encode` what it is.',
  );
  const bytes = opened({ encode: (value) => Uint8Array.of(Number(value)) });
  bytes.connection().open();
  bytes.advance();
  bytes.write(7);
  expect(bytes.connection().wire).toEqual([Uint8Array.of(7)]);
});

test('V2: a checkpoint is complete when the other side has confirmed what came before its barrier', () => {
  const board = opened();
  board.connection().open();
  board.advance();
  expect(board.barrier().isDone).toBe(true);
  board.write('a', 'b');
  const first = board.barrier();
  board.write('c');
  const second = board.barrier();
  expect(board.connection().wire).toEqual(['a', 'b', 'ping: 2', 'c', 'ping: 3']);
  board.connection().receive(2);
  expect(first.isDone).toBe(false);
  board.connection().receive(1);
  expect([first.isDone, second.isDone]).toEqual([true, false]);
  const before = board.wakes();
  board.connection().receive();
  expect([second.isDone, board.wakes()]).toEqual([true, before + 1]);
});

test('V2: one pong for several pings confirms them all, one that nobody asked for confirms nothing', () => {
  const board = opened();
  board.connection().open();
  board.advance();
  board.write('a');
  const first = board.barrier();
  board.write('b');
  const second = board.barrier();
  for (const payload of ['', 'x', '3', '-1', '0.5']) board.connection().events.onPong(payload);
  expect([first.isDone, second.isDone]).toEqual([false, false]);
  board.connection().events.onPong('2');
  expect([first.isDone, second.isDone]).toEqual([true, true]);
});

test('V1: what is not confirmed is sent again on the next connection, in its order', () => {
  const board = opened({ retryDelayMs: 100 });
  // Before the connection is there.
  board.write('a', 'b');
  board.connection().open();
  board.advance();
  const first = board.barrier();
  board.connection().receive();
  expect(first.isDone).toBe(true);
  board.write('c', 'd');
  const second = board.barrier();
  board.connection().fail('read ECONNRESET');
  board.advance();
  board.write('e');
  expect(board.log).toEqual([
    'warning: The connection to ws://display/board is lost (read ECONNRESET); trying again in 100 ms (1 of 3).',
  ]);
  expect(board.writer.wakeAt?.()).toBe(100);
  board.clock.advance(100);
  board.advance();
  board.connection().open();
  board.advance();
  expect(board.connection().wire).toEqual(['c', 'd', 'e', 'ping: 5']);
  expect(second.isDone).toBe(false);
  board.connection().receive();
  expect(second.isDone).toBe(true);
});

test('V3: more records wait while so many are not confirmed, and half of them ask for it by themselves', () => {
  const board = opened({ maxBufferedRecords: 4 });
  board.connection().open();
  board.advance();
  board.write('a', 'b');
  expect(board.connection().wire).toEqual(['a', 'b', 'ping: 2']);
  board.write('c', 'd');
  expect(board.writer.accepts?.()).toBe(false);
  board.connection().receive(3);
  expect([board.writer.accepts?.(), board.advance(), board.advance()]).toEqual([true, true, false]);
});

test('V2: the end waits for what is not confirmed, and asks for it', () => {
  const board = opened();
  board.connection().open();
  board.advance();
  board.write('a');
  expect(board.connection().wire).toEqual(['a']);
  expect([board.writer.drained?.(), board.writer.awaits?.()]).toEqual([false, true]);
  board.connection().receive();
  expect([board.writer.drained?.(), board.writer.awaits?.()]).toEqual([true, false]);
});

test('an other side that is silent is let go, and the time it may take begins with its last answer', () => {
  const board = opened({ confirmTimeoutMs: 1_000, retryDelayMs: 100 });
  board.connection().open();
  board.advance();
  expect(board.writer.wakeAt?.()).toBeNull();
  board.write('a');
  board.barrier();
  expect(board.writer.wakeAt?.()).toBe(1_000);
  board.clock.advance(600);
  board.write('b');
  board.barrier();
  board.connection().receive(2);
  board.clock.advance(999);
  board.advance();
  expect(board.connection().isClosed).toBe(false);
  board.clock.advance(1);
  board.advance();
  expect(board.connection().isClosed).toBe(true);
  expect(board.log[0]).toContain('is lost (it confirmed nothing within 1000 ms); trying again in 100 ms');
});

test('V4: when the connection cannot be made again the job fails in a sentence, and no checkpoint completes', () => {
  const board = opened({ maxRetries: 0 });
  board.write('a');
  const checkpoint = board.barrier();
  board.connection().fail('connect ECONNREFUSED 127.0.0.1:80');
  expect(() => board.advance()).toThrow(
    expect.objectContaining({
      name: 'SinkError',
      message:
        'The connection to ws://display/board failed (connect ECONNREFUSED 127.0.0.1:80): start what is to listen there, or raise maxRetries.',
    }),
  );
  expect(checkpoint.isDone).toBe(false);
});

test('closing lets go of the connection', () => {
  const board = opened();
  board.writer.close();
  expect(board.connection().isClosed).toBe(true);
});

test.each([
  [
    { maxBufferedRecords: 0 },
    'maxBufferedRecords of a WebSocket sink must be a whole number above zero, not 0.',
  ],
  [{ confirmTimeoutMs: 0 }, 'confirmTimeoutMs of a WebSocket sink must be above zero, not 0.'],
  [{ maxRetries: 0.5 }, 'maxRetries of a WebSocket sink is a whole number from 0 on'],
])('%j is refused', (options, sentence) => {
  expect(() => opened(options)).toThrow(sentence);
});

test('whatever happens to its connections, each checkpoint covers only what was received, and nothing is passed over', () => {
  const happening = fc.oneof(
    { weight: 4, arbitrary: fc.constant('write' as const) },
    fc.constant('barrier' as const),
    fc.constant('open' as const),
    fc.record({ receives: fc.integer({ min: 1, max: 4 }) }),
    fc.constant('fail' as const),
    fc.constant('end' as const),
    fc.constantFrom(50, 100, 1_000),
  );
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      (happenings, most) => {
        const board = opened({
          maxRetries: Number.POSITIVE_INFINITY,
          retryDelayMs: 100,
          confirmTimeoutMs: 1_000,
          maxBufferedRecords: most,
        });
        const received: number[] = [];
        const receive = (count?: number) => {
          for (const message of board.connection().receive(count)) received.push(Number(message));
        };
        const checkpoints: { readonly covers: number; readonly done: { isDone: boolean } }[] = [];
        let written = 0;
        const verify = () => {
          for (const { covers, done } of checkpoints) {
            if (!done.isDone) continue;
            for (let record = 0; record < covers; record++) expect(received).toContain(record);
          }
        };
        for (const what of happenings) {
          if (what === 'write') {
            if (board.writer.accepts?.() === true) board.write(written++);
          } else if (what === 'barrier') checkpoints.push({ covers: written, done: board.barrier() });
          else if (what === 'open') board.connection().open();
          else if (what === 'fail') board.connection().fail('it broke');
          else if (what === 'end') board.connection().end();
          else if (typeof what === 'number') board.clock.advance(what);
          else receive(what.receives);
          board.advance();
          verify();
        }
        checkpoints.push({ covers: written, done: board.barrier() });
        for (let patience = 0; patience < 5; patience++) {
          board.connection().open();
          board.advance();
          receive();
          board.clock.advance(1_000);
          board.advance();
        }
        verify();
        expect(checkpoints.every(({ done }) => done.isDone)).toBe(true);
        // Without what came again, the records are in their order.
        expect([...new Set(received)]).toEqual(Array.from({ length: written }, (_, record) => record));
        expect(board.writer.drained?.()).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
