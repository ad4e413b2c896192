/**
 * A source that reads the messages of a WebSocket. It is one split, read by one subtask.
 *
 * A WebSocket gives nothing twice, so there is no position to go back to: what was read between the last checkpoint and a
 * failure is gone (at-most-once), as is what is sent while the connection is lost, and the log says so.
 *
 * The protocol has no way to make the other side wait, but the stream below has: when as many messages wait here as may,
 * the socket is not read, and its window fills. Messages that were read from it already still come; they are at most
 * what one read gives (64 KiB).
 */
import {
  type PollResult,
  type Source,
  type SourceContext,
  SourceError,
  type SplitPosition,
  type SplitReader,
} from '../operators/source.ts';
import { LastingConnection } from './lastingConnection.ts';
import {
  type CheckedWebSocket,
  type ConnectWebSocket,
  checkWebSocket,
  type WebSocketConnection,
  type WebSocketMessage,
  type WebSocketOptions,
} from './webSocketConnection.ts';

export interface WebSocketSourceOptions<T> extends WebSocketOptions {
  /**
   * What a message is; undefined: no record. Throws an Error that says what is wrong with it. Default: text messages are
   * records as they are.
   */
  readonly parse?: (message: WebSocketMessage) => T | undefined;
  /** Messages that are sent whenever the connection is there, to subscribe to something. */
  readonly sendOnOpen?: readonly string[];
}

/** Messages that wait to be asked for, before the socket is not read any more. */
export interface InboxBounds {
  readonly messages: number;
  /** Characters, of binary messages bytes. */
  readonly size: number;
}

const inboxMax: InboxBounds = { messages: 1_000, size: 1024 * 1024 };

export function webSocketSource<T>(
  url: string,
  options: WebSocketSourceOptions<T>,
  connect: ConnectWebSocket,
  bounds = inboxMax,
): Source<T> {
  const checked = checkWebSocket('WebSocket source', url, options);
  if (typeof checked === 'string') throw new SourceError(checked);
  const { parse = textOnly as (message: WebSocketMessage) => T, sendOnOpen = [] } = options;
  return {
    name: `WebSocket ${checked.peer}`,
    bounded: checked.retry.maxRetries === 0,
    splits: () => ['all'],
    openSplit: (_split, from, context) =>
      new WebSocketReader({ checked, parse, sendOnOpen, connect, bounds, from, context }),
  };
}

interface ReaderOptions<T> {
  readonly checked: CheckedWebSocket;
  readonly parse: (message: WebSocketMessage) => T | undefined;
  readonly sendOnOpen: readonly string[];
  readonly connect: ConnectWebSocket;
  readonly bounds: InboxBounds;
  readonly from: SplitPosition | null;
  readonly context: SourceContext;
}

class WebSocketReader<T> implements SplitReader<T> {
  readonly #options: ReaderOptions<T>;
  readonly #connection: LastingConnection<WebSocketConnection>;
  /** What came; before `#taken` it was given. */
  #inbox: WebSocketMessage[] = [];
  #taken = 0;
  #size = 0;
  #isPaused = false;
  #offset: number;

  constructor(options: ReaderOptions<T>) {
    const { checked, sendOnOpen, connect, from, context } = options;
    const { address, retry, peer } = checked;
    this.#options = options;
    this.#offset = from?.offset ?? 0;
    if (from !== null) {
      context.log(
        'warning',
        `What ${peer} sent since the last checkpoint is lost: a WebSocket gives nothing twice.`,
      );
    }
    this.#connection = new LastingConnection({
      ...retry,
      clock: context.clock,
      wake: () => context.wake(),
      mayEnd: retry.maxRetries === 0,
      connect: (events) =>
        connect(address, { ...events, onMessage: (message) => this.#take(message), onPong: () => {} }),
      opened: (connection) => {
        for (const message of sendOnOpen) connection.send(message);
      },
      peer,
      warn: (sentence) => context.log('warning', sentence),
      lost: () => {
        this.#isPaused = false;
      },
    });
  }

  poll(emit: (value: T) => boolean, budget: number): PollResult {
    this.#connection.advance();
    // Messages that are no records count too: a poll has a bound.
    for (let given = 0; given < budget; given++) {
      const message = this.#next();
      if (message === null) return this.#wait();
      const value = this.#parse(message);
      if (value === undefined) continue;
      this.#offset++;
      if (!emit(value)) break;
    }
    return { status: 'more' };
  }

  position(): SplitPosition {
    return { offset: this.#offset, resume: null, finished: this.#isFinished };
  }

  close(): void {
    this.#connection.close();
  }

  get #waiting(): number {
    return this.#inbox.length - this.#taken;
  }

  get #isFinished(): boolean {
    return this.#connection.hasEnded && this.#waiting === 0;
  }

  #take(message: WebSocketMessage): void {
    const { bounds, context } = this.#options;
    this.#connection.worked();
    this.#inbox.push(message);
    this.#size += message.length;
    if (!this.#isPaused && (this.#waiting >= bounds.messages || this.#size >= bounds.size)) {
      this.#isPaused = true;
      this.#connection.current?.pause();
    }
    context.wake();
  }

  #next(): WebSocketMessage | null {
    const message = this.#inbox[this.#taken];
    if (message === undefined) return null;
    this.#taken++;
    this.#size -= message.length;
    if (this.#taken === this.#inbox.length || this.#taken >= this.#options.bounds.messages) {
      this.#inbox = this.#inbox.slice(this.#taken);
      this.#taken = 0;
    }
    const { bounds } = this.#options;
    if (this.#isPaused && this.#waiting <= bounds.messages / 2 && this.#size <= bounds.size / 2) {
      this.#isPaused = false;
      this.#connection.current?.resume();
    }
    return message;
  }

  #parse(message: WebSocketMessage): T | undefined {
    try {
      return this.#options.parse(message);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const shown = typeof message === 'string' ? `: ${message.slice(0, 120)}` : '';
      throw new SourceError(
        `A message from ${this.#options.checked.peer} cannot be read (${problem})${shown}`,
      );
    }
  }

  #wait(): PollResult {
    if (this.#isFinished) return { status: 'finished' };
    const { givenUp } = this.#connection;
    if (givenUp === null) return { status: 'waiting', at: this.#connection.wakeAt() };
    throw new SourceError(givenUp);
  }
}

function textOnly(message: WebSocketMessage): string {
  if (typeof message !== 'string') throw new Error('it is binary; say with `parse` what it means');
  return message;
}
