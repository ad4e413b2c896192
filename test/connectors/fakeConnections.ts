/** Connections that a test makes, feeds and breaks by hand, in the place of sockets. */
import type { ConnectionEvents } from '../../runtime/connectors/lastingConnection.ts';
import type { WebSocketEvents, WebSocketMessage } from '../../runtime/connectors/webSocketConnection.ts';

/** One attempt to connect, and what became of it. */
export class FakeConnection<Events extends ConnectionEvents> {
  readonly events: Events;
  isPaused = false;
  isClosed = false;
  #isOver = false;

  constructor(events: Events) {
    this.events = events;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
    this.#isOver = true;
  }

  open(): void {
    this.say(() => this.events.onOpen());
  }

  end(): void {
    this.say(() => this.events.onEnd());
    this.#isOver = true;
  }

  fail(problem: string): void {
    this.say(() => this.events.onFailure(problem));
    this.#isOver = true;
  }

  /** As a real one, it says nothing after its end. */
  say(what: () => void): void {
    if (!this.#isOver) what();
  }
}

/** A WebSocket whose other side is the test: what was sent is on the wire until the test takes it from there. */
export class FakeWebSocket extends FakeConnection<WebSocketEvents> {
  /** Messages, and pings as `ping: …`. */
  readonly wire: WebSocketMessage[] = [];

  send(message: WebSocketMessage): void {
    this.wire.push(message);
  }

  ping(payload: string): void {
    this.wire.push(`ping: ${payload}`);
  }

  /** The other side receives so many messages, and answers the pings among them. */
  receive(count = this.wire.length): WebSocketMessage[] {
    const received: WebSocketMessage[] = [];
    for (const message of this.wire.splice(0, count)) {
      const [, payload] = /^ping: (.*)$/.exec(String(message)) ?? [];
      if (payload === undefined) received.push(message);
      else this.say(() => this.events.onPong(payload));
    }
    return received;
  }
}
