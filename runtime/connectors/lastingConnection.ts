/**
 * A connection that is made, lost and made again: what the socket source and both sides of the WebSocket have in common. A
 * pure machine: time comes from the clock that is handed in, a connection from a function that is.
 *
 *     waiting ──it is time──▶ connecting ──▶ open ──ended in order, where that is the end──▶ ended
 *        ▲                        │           │
 *        └──retries are left──────┴──lost─────┴──none is left──▶ given-up
 *
 * - L1. At most `maxRetries` attempts follow an unsuccessful one. An attempt had success when something came through
 *   (`worked`), or when the connection stood as long as making one may take: a peer that accepts and hangs up is none.
 * - L2. Of a connection that is over, and after `close`, nothing is heard.
 * - L3. Callbacks only note what happened and wake the task; what follows from it is done in `advance`, between records.
 */
import { unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { againIn, inVain, isWorthTelling, retriesProblem } from './retries.ts';

/** What a connection says of itself: never inside the call that makes it, and nothing after its end or its failure. */
export interface ConnectionEvents {
  onOpen(): void;
  /** The other side has ended it in order. What it had sent came before. */
  onEnd(): void;
  /** A clause for a sentence: `connect ECONNREFUSED 127.0.0.1:80`. */
  onFailure(problem: string): void;
}

export interface Closable {
  /** At once. Nothing is heard of it afterwards, and it leaves nothing open. */
  close(): void;
}

export interface RetryOptions {
  /** How many attempts may follow an unsuccessful one; Infinity: for ever. */
  readonly maxRetries: number;
  /** Before each of them. */
  readonly retryDelayMs: number;
  /** How long making the connection may take. */
  readonly connectTimeoutMs: number;
}

export interface LastingConnectionOptions<C> extends RetryOptions {
  readonly clock: Clock;
  /** An order for `advance`. */
  readonly wake: () => void;
  /** The other side, for people: `ws://host/path`. */
  readonly peer: string;
  readonly connect: (events: ConnectionEvents) => C;
  readonly opened: (connection: C) => void;
  /** Failed where nobody has ended it in order. */
  readonly lost: (how: 'ended' | 'failed') => void;
  /** An end in order is the end, not a loss. */
  readonly mayEnd: boolean;
  /** That it is lost and will be made again, in a sentence. */
  readonly warn: (sentence: string) => void;
}

type State<C> =
  | { readonly type: 'waiting'; readonly atMs: number }
  | { readonly type: 'connecting'; readonly connection: C; readonly untilMs: number }
  | { readonly type: 'open'; readonly connection: C; readonly sinceMs: number }
  | { readonly type: 'ended' }
  | { readonly type: 'given-up'; readonly problem: string }
  | { readonly type: 'closed' };

type Heard =
  | { readonly type: 'open' }
  | { readonly type: 'end' }
  | { readonly type: 'failure'; problem: string };

export class LastingConnection<C extends Closable> {
  readonly #options: LastingConnectionOptions<C>;
  #state: State<C> = { type: 'waiting', atMs: Number.NEGATIVE_INFINITY };
  /** Of the present connection, not looked at yet (L3). */
  #heard: Heard[] = [];
  /** Attempts since the last success, without the first. */
  #retries = 0;
  #hasWorked = false;

  constructor(options: LastingConnectionOptions<C>) {
    this.#options = options;
  }

  /** The connection while it is open. */
  get open(): C | null {
    return this.#state.type === 'open' ? this.#state.connection : null;
  }

  /** Also while it is being made: it may be open, and say so, before `advance` has heard of it. */
  get current(): C | null {
    const state = this.#state;
    return state.type === 'connecting' || state.type === 'open' ? state.connection : null;
  }

  get hasEnded(): boolean {
    return this.#state.type === 'ended';
  }

  /** Why there will be no connection any more, in a sentence; null while there may be. */
  get givenUp(): string | null {
    if (this.#state.type !== 'given-up') return null;
    const { peer, maxRetries } = this.#options;
    const why = inVain(this.#state.problem, maxRetries);
    return `The connection to ${peer} failed (${why}): start what is to listen there, or raise maxRetries.`;
  }

  /** Something came through it. */
  worked(): void {
    this.#hasWorked = true;
  }

  /** Does what is due. Calls `opened` and `lost`. */
  advance(): void {
    for (let heard = this.#heard.shift(); heard !== undefined; heard = this.#heard.shift()) this.#hear(heard);
    const nowMs = this.#options.clock.monotonicMs();
    const state = this.#state;
    if (state.type === 'waiting' && nowMs >= state.atMs) this.#connect(nowMs);
    if (state.type === 'connecting' && nowMs >= state.untilMs) {
      this.fail(`it was not made within ${this.#options.connectTimeoutMs} ms`);
    }
  }

  /** When `advance` has something to do though nothing is heard: Clock.now(); null: never. */
  wakeAt(): number | null {
    const { clock } = this.#options;
    const at = (monotonicMs: number) => clock.now() + Math.max(0, monotonicMs - clock.monotonicMs());
    if (this.#heard.length > 0) return clock.now();
    const state = this.#state;
    switch (state.type) {
      case 'waiting':
        return at(state.atMs);
      case 'connecting':
        return at(state.untilMs);
      case 'open':
      case 'ended':
      case 'given-up':
      case 'closed':
        return null;
      default:
        return unreachable(state);
    }
  }

  /** The connection is of no use any more: lets go of it as if it had failed. */
  fail(problem: string): void {
    const { current } = this;
    if (current === null) return;
    current.close();
    this.#lost('failed', problem);
  }

  close(): void {
    const { current } = this;
    this.#state = { type: 'closed' };
    this.#heard = [];
    current?.close();
  }

  #connect(nowMs: number): void {
    const { connect, connectTimeoutMs, wake } = this.#options;
    this.#hasWorked = false;
    // Each connection has a list of its own: `#lost` has begun a new one, and nobody looks at the old one any more (L2).
    const heard = this.#heard;
    const note = (event: Heard) => {
      heard.push(event);
      wake();
    };
    const connection = connect({
      onOpen: () => note({ type: 'open' }),
      onEnd: () => note({ type: 'end' }),
      onFailure: (problem) => note({ type: 'failure', problem }),
    });
    this.#state = { type: 'connecting', connection, untilMs: nowMs + connectTimeoutMs };
  }

  #hear(heard: Heard): void {
    const state = this.#state;
    switch (heard.type) {
      case 'open':
        if (state.type !== 'connecting') return;
        this.#state = {
          type: 'open',
          connection: state.connection,
          sinceMs: this.#options.clock.monotonicMs(),
        };
        this.#options.opened(state.connection);
        return;
      case 'end':
        this.#lost('ended', 'the other side has closed it');
        return;
      case 'failure':
        this.#lost('failed', heard.problem);
        return;
      default:
        unreachable(heard);
    }
  }

  #lost(how: 'ended' | 'failed', problem: string): void {
    const { clock, peer, maxRetries, retryDelayMs, connectTimeoutMs, mayEnd, lost, warn } = this.#options;
    const nowMs = clock.monotonicMs();
    const state = this.#state;
    this.#heard = [];
    const stood = state.type === 'open' && nowMs - state.sinceMs >= connectTimeoutMs;
    if (this.#hasWorked || stood) this.#retries = 0;
    if (how === 'ended' && mayEnd) this.#state = { type: 'ended' };
    else if (this.#retries >= maxRetries) this.#state = { type: 'given-up', problem };
    else {
      this.#retries++;
      this.#state = { type: 'waiting', atMs: nowMs + retryDelayMs };
      if (isWorthTelling(this.#retries)) {
        const again = againIn(retryDelayMs, this.#retries, maxRetries);
        warn(`The connection to ${peer} is lost (${problem}); ${again}.`);
      }
    }
    lost(how);
  }
}

/** A sentence where an option is out of bounds; `what` names the connector: `a socket source`. */
export function checkRetries(
  what: string,
  { maxRetries, retryDelayMs, connectTimeoutMs }: RetryOptions,
): string | null {
  if (!(retryDelayMs > 0)) return `retryDelayMs of ${what} must be above zero, not ${retryDelayMs}.`;
  if (!(connectTimeoutMs > 0))
    return `connectTimeoutMs of ${what} must be above zero, not ${connectTimeoutMs}.`;
  return retriesProblem(what, maxRetries);
}
