/** Connections that a test makes, feeds and breaks by hand, in the place of sockets. */
import type { ConnectionEvents } from '../../runtime/connectors/lastingConnection.ts';

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
    this.#say(() => this.events.onOpen());
  }

  end(): void {
    this.#say(() => this.events.onEnd());
    this.#isOver = true;
  }

  fail(problem: string): void {
    this.#say(() => this.events.onFailure(problem));
    this.#isOver = true;
  }

  /** As a real one, it says nothing after its end. */
  #say(what: () => void): void {
    if (!this.#isOver) what();
  }
}
