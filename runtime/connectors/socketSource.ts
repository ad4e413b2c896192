/**
 * A source that reads text from a TCP socket, as Flink's socketTextStream does: for first steps, and for `nc -lk`. It is one
 * split, read by one subtask.
 *
 * A socket gives nothing twice, so this source has no position to go back to: what it read between the last checkpoint
 * and a failure is gone (at-most-once), and the log says so. While the job runs every record is read once.
 *
 * What came and was not asked for yet is kept up to a bound; then the socket is not read, its window fills, and the other
 * side waits.
 */
import { MalformedBytes } from '../base/malformedBytes.ts';
import {
  type PollResult,
  type Source,
  type SourceContext,
  SourceError,
  type SplitPosition,
  type SplitReader,
} from '../operators/source.ts';
import { DelimitedCutter } from './delimitedCutter.ts';
import {
  type Closable,
  type ConnectionEvents,
  checkRetries,
  LastingConnection,
  type RetryOptions,
} from './lastingConnection.ts';
import { recordBytesMax } from './recordCutter.ts';

export interface SocketSourceOptions {
  readonly host: string;
  readonly port: number;
  /** What ends a record; it is no part of it. Default: a line feed, with or without a carriage return before it. */
  readonly delimiter?: string;
  /**
   * How often in a row to try again when the connection is lost or cannot be made; Infinity: for ever. Default 0, as in Flink:
   * the input ends when the other side closes the connection.
   */
  readonly maxRetries?: number;
  /** Before each retry. Default 500. */
  readonly retryDelayMs?: number;
  /** How long making the connection may take. Default 10 000. */
  readonly connectTimeoutMs?: number;
}

/** A socket that is read. */
export interface ByteConnection extends Closable {
  /** No more bytes, until `resume`. */
  pause(): void;
  resume(): void;
}

export interface ByteEvents extends ConnectionEvents {
  onBytes(bytes: Uint8Array): void;
}

/** Opens a socket; what it says comes later, between two records. */
export type ConnectSocket = (
  address: { readonly host: string; readonly port: number },
  events: ByteEvents,
) => ByteConnection;

/** What is kept of a socket before it is not read any more. */
const bufferedBytesMax = 1024 * 1024;

export function socketSource(
  options: SocketSourceOptions,
  connect: ConnectSocket,
  bytesMax = bufferedBytesMax,
): Source<string> {
  const {
    host,
    port,
    delimiter = '\n',
    maxRetries = 0,
    retryDelayMs = 500,
    connectTimeoutMs = 10_000,
  } = options;
  if (host === '') throw new SourceError('A socket source needs the name of a host.');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SourceError(`The port of a socket source is a whole number from 1 to 65535, not ${port}.`);
  }
  if (delimiter === '') throw new SourceError('The delimiter of a socket source has at least one character.');
  const retry: RetryOptions = { maxRetries, retryDelayMs, connectTimeoutMs };
  const problem = checkRetries('a socket source', retry);
  if (problem !== null) throw new SourceError(problem);
  const peer = `${host}:${port}`;
  return {
    name: `socket ${peer}`,
    bounded: maxRetries === 0,
    // Not the address: another one is still the same stream, which a job goes on with.
    splits: () => ['all'],
    openSplit: (_split, from, context) =>
      new SocketReader({
        peer,
        delimiter,
        retry,
        from,
        context,
        bytesMax,
        connect: (events) => connect({ host, port }, events),
      }),
  };
}

interface SocketReaderOptions {
  readonly peer: string;
  readonly delimiter: string;
  readonly retry: RetryOptions;
  readonly from: SplitPosition | null;
  readonly context: SourceContext;
  readonly bytesMax: number;
  readonly connect: (events: ByteEvents) => ByteConnection;
}

class SocketReader implements SplitReader<string> {
  readonly #peer: string;
  readonly #context: SourceContext;
  readonly #bytesMax: number;
  readonly #connection: LastingConnection<ByteConnection>;
  readonly #cutter: DelimitedCutter;
  #isPaused = false;
  #offset: number;

  constructor({ peer, delimiter, retry, from, context, bytesMax, connect }: SocketReaderOptions) {
    this.#peer = peer;
    this.#context = context;
    this.#bytesMax = bytesMax;
    this.#offset = from?.offset ?? 0;
    this.#cutter = new DelimitedCutter(delimiter);
    if (from !== null) {
      context.log(
        'warning',
        `What ${peer} sent since the last checkpoint is lost: a socket gives nothing twice.`,
      );
    }
    this.#connection = new LastingConnection({
      ...retry,
      clock: context.clock,
      wake: () => context.wake(),
      mayEnd: retry.maxRetries === 0,
      connect: (events) => connect({ ...events, onBytes: (bytes) => this.#take(bytes) }),
      opened: () => {},
      peer,
      warn: (sentence) => context.log('warning', sentence),
      lost: (how) => {
        this.#isPaused = false;
        const bytes = this.#cutter.endStream(how === 'ended' ? 'in order' : 'cut off');
        if (how === 'failed' && bytes > 0) {
          context.log(
            'warning',
            `The last ${bytes} bytes from ${peer} were no whole record and are left out.`,
          );
        }
      },
    });
  }

  poll(emit: (value: string) => boolean, budget: number): PollResult {
    this.#connection.advance();
    for (let given = 0; given < budget; given++) {
      const record = this.#next();
      if (record === null) return this.#wait();
      this.#offset++;
      if (!emit(record)) break;
    }
    this.#resume(this.#cutter.bufferedBytes <= this.#bytesMax / 2);
    return { status: 'more' };
  }

  position(): SplitPosition {
    return { offset: this.#offset, resume: null, finished: this.#isFinished };
  }

  close(): void {
    this.#connection.close();
  }

  get #isFinished(): boolean {
    return this.#connection.hasEnded && this.#cutter.bufferedBytes === 0;
  }

  #take(bytes: Uint8Array): void {
    this.#connection.worked();
    this.#cutter.push(bytes);
    if (!this.#isPaused && this.#cutter.bufferedBytes >= this.#bytesMax) {
      this.#isPaused = true;
      this.#connection.current?.pause();
    }
    this.#context.wake();
  }

  #next(): string | null {
    try {
      return this.#cutter.next();
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      throw new SourceError(`Record ${this.#offset + 1} of ${this.#peer} is no UTF-8 (${error.message}).`);
    }
  }

  #wait(): PollResult {
    if (this.#isFinished) return { status: 'finished' };
    const { givenUp } = this.#connection;
    if (givenUp !== null) throw new SourceError(givenUp);
    if (this.#cutter.bufferedBytes > recordBytesMax) {
      throw new SourceError(
        `${this.#peer} sent more than ${recordBytesMax / 1024 / 1024} MiB without a delimiter: is it the right one?`,
      );
    }
    // A record that is larger than what is kept has to come, too.
    this.#resume(true);
    return { status: 'waiting', at: this.#connection.wakeAt() };
  }

  #resume(hasRoom: boolean): void {
    if (!this.#isPaused || !hasRoom) return;
    this.#isPaused = false;
    this.#connection.current?.resume();
  }
}
