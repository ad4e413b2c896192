/**
 * A sink that sends each record as a message of a WebSocket. At-least-once: after a failure, and after a lost connection,
 * messages are sent again that the other side may have seen.
 *
 * Sending says nothing about arriving: what was handed to a socket may still be lost with it. But an endpoint has to answer a
 * ping with a pong, and a connection keeps the order, so a pong tells that everything sent before its ping was received.
 * Pings carry how many records that were:
 *
 *     records  0 1 2 3 4 5 6 7 8 9 …          confirmed: a pong came that says 4 (or more)
 *             └confirmed┴─sent──┴─not sent    sent: on the present connection
 *
 * - V1. What is not confirmed is kept, and sent again in its order on the next connection.
 * - V2. A checkpoint is complete only when everything written before its barrier is confirmed. The same goes for the end.
 * - V3. So many records are kept at most; more wait (backpressure). What a single record upstream was turned into may go beyond.
 * - V4. Where the connection cannot be made again, the job fails in a sentence and goes on from its last checkpoint, with
 *   the records that came after it: none is passed over.
 *
 * What the other side does with what it received is its own affair, as is a proxy that answers pings in its place.
 */
import type { SnapshotContext } from '../operators/operator.ts';
import { type Sink, type SinkContext, SinkError, type SinkWriter } from '../operators/sink.ts';
import { LastingConnection } from './lastingConnection.ts';
import {
  type CheckedWebSocket,
  type ConnectWebSocket,
  checkWebSocket,
  type WebSocketConnection,
  type WebSocketMessage,
  type WebSocketOptions,
} from './webSocketConnection.ts';

export interface WebSocketSinkOptions<T> extends WebSocketOptions {
  /** Default: strings as they are, everything else as JSON. */
  readonly encode?: (value: T) => WebSocketMessage;
  /** How many records one subtask keeps until the other side has confirmed them. Default 1 000. */
  readonly maxBufferedRecords?: number;
  /** How long the other side may take to confirm before the connection counts as lost. Default 10 000. */
  readonly confirmTimeoutMs?: number;
}

export function webSocketSink<T>(
  url: string,
  options: WebSocketSinkOptions<T>,
  connect: ConnectWebSocket,
): Sink<T> {
  const checked = checkWebSocket('WebSocket sink', url, options);
  if (typeof checked === 'string') throw new SinkError(checked);
  const { encode = encodeText, maxBufferedRecords = 1_000, confirmTimeoutMs = 10_000 } = options;
  if (!Number.isInteger(maxBufferedRecords) || maxBufferedRecords < 1) {
    throw new SinkError(
      `maxBufferedRecords of a WebSocket sink must be a whole number above zero, not ${maxBufferedRecords}.`,
    );
  }
  if (!(confirmTimeoutMs > 0)) {
    throw new SinkError(`confirmTimeoutMs of a WebSocket sink must be above zero, not ${confirmTimeoutMs}.`);
  }
  return {
    name: `WebSocket ${checked.peer}`,
    guarantee: 'at-least-once',
    createWriter: () =>
      new WebSocketWriter({ checked, encode, connect, maxBufferedRecords, confirmTimeoutMs }),
    createCommitter: () => null,
  };
}

interface WriterOptions<T> {
  readonly checked: CheckedWebSocket;
  readonly encode: (value: T) => WebSocketMessage;
  readonly connect: ConnectWebSocket;
  readonly maxBufferedRecords: number;
  readonly confirmTimeoutMs: number;
}

class WebSocketWriter<T> implements SinkWriter<T, never> {
  readonly #options: WriterOptions<T>;
  #context!: SinkContext;
  #connection!: LastingConnection<WebSocketConnection>;
  /** Not confirmed (V1); the first is record number `#confirmed`. */
  #kept: WebSocketMessage[] = [];
  #confirmed = 0;
  /** Records below this were sent on the present connection. */
  #sent = 0;
  /** The last ping of the present connection asked for records below this, at that time. */
  #asked = 0;
  #askedAtMs = 0;
  /** Somebody waits for records below this to be confirmed. */
  #wanted = 0;
  /** Checkpoints, oldest first: `done` when the records below are confirmed. */
  #waiting: { readonly below: number; readonly done: () => void }[] = [];
  #hasMoved = false;

  constructor(options: WriterOptions<T>) {
    this.#options = options;
  }

  open(context: SinkContext): void {
    const { checked, connect } = this.#options;
    const { address, retry, peer } = checked;
    this.#context = context;
    this.#connection = new LastingConnection({
      ...retry,
      clock: context.clock,
      wake: () => context.wake(),
      mayEnd: false,
      connect: (events) =>
        connect(address, { ...events, onMessage: () => {}, onPong: (payload) => this.#confirm(payload) }),
      opened: () => this.#pump(),
      peer,
      warn: (sentence) => context.log('warning', sentence),
      lost: () => {
        // The next connection begins with what is not confirmed (V1).
        this.#sent = this.#confirmed;
        this.#asked = this.#confirmed;
      },
    });
    this.#connection.advance();
  }

  write(value: T): void {
    this.#kept.push(this.#options.encode(value));
    this.#pump();
  }

  prepareCommit(snapshot: Pick<SnapshotContext, 'defer'>): readonly never[] {
    if (this.#kept.length === 0) return [];
    const below = this.#end;
    this.#want(below);
    snapshot.defer((done) => this.#waiting.push({ below, done }));
    return [];
  }

  writerState(): null {
    return null;
  }

  advance(): boolean {
    this.#connection.advance();
    this.#loseSilent();
    const { givenUp } = this.#connection;
    if (givenUp !== null) throw new SinkError(givenUp);
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  wakeAt(): number | null {
    const at = this.#connection.wakeAt();
    if (this.#asked === this.#confirmed) return at;
    const { clock } = this.#context;
    const silentAt = clock.now() + Math.max(0, this.#silentAtMs - clock.monotonicMs());
    return at === null ? silentAt : Math.min(at, silentAt);
  }

  accepts(): boolean {
    return this.#kept.length < this.#options.maxBufferedRecords;
  }

  drained(): boolean {
    this.#want(this.#end);
    return this.#kept.length === 0;
  }

  awaits(): boolean {
    return this.#kept.length > 0;
  }

  close(): void {
    this.#connection.close();
  }

  /** Number of the next record. */
  get #end(): number {
    return this.#confirmed + this.#kept.length;
  }

  get #silentAtMs(): number {
    return this.#askedAtMs + this.#options.confirmTimeoutMs;
  }

  #want(below: number): void {
    if (below <= this.#wanted) return;
    this.#wanted = below;
    this.#pump();
  }

  /** Sends what is not sent, and asks for confirmation where somebody waits for it, or half of what may be kept was sent. */
  #pump(): void {
    const connection = this.#connection.open;
    if (connection === null) return;
    for (; this.#sent < this.#end; this.#sent++) {
      connection.send(this.#kept[this.#sent - this.#confirmed] as WebSocketMessage);
    }
    const half = Math.ceil(this.#options.maxBufferedRecords / 2);
    const isWanted = this.#wanted > this.#asked && this.#sent >= this.#wanted;
    if (this.#sent === this.#asked || !(isWanted || this.#sent - this.#asked >= half)) return;
    if (this.#asked === this.#confirmed) this.#askedAtMs = this.#context.clock.monotonicMs();
    this.#asked = this.#sent;
    connection.ping(String(this.#asked));
  }

  #confirm(payload: string): void {
    const below = Number(payload);
    // One that nobody asked for is allowed (RFC 6455, 5.5.3), and means nothing.
    if (!Number.isInteger(below) || below <= this.#confirmed || below > this.#asked) return;
    this.#kept.splice(0, below - this.#confirmed);
    this.#confirmed = below;
    // The time that the next one may take begins now.
    this.#askedAtMs = this.#context.clock.monotonicMs();
    this.#connection.worked();
    while (this.#waiting[0] !== undefined && this.#waiting[0].below <= below) this.#waiting.shift()?.done();
    this.#hasMoved = true;
    this.#context.wake();
  }

  #loseSilent(): void {
    if (this.#asked === this.#confirmed || this.#context.clock.monotonicMs() < this.#silentAtMs) return;
    this.#connection.fail(`it confirmed nothing within ${this.#options.confirmTimeoutMs} ms`);
  }
}

function encodeText(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value);
  if (text === undefined)
    throw new SinkError(`A ${typeof value} cannot be sent as JSON: say with \`encode\` what it is.`);
  return text;
}
