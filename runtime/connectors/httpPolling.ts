/**
 * A source that asks an HTTP server again and again what is new. What it has seen is a *cursor*: a number, a date, a token,
 * whatever the server understands. Each answer brings records and the next cursor.
 *
 *     cursor 0 ──GET ?after=0──▶ records a b c, cursor 3 ──GET ?after=3──▶ records d, cursor 4 ──▶ …
 *                                  └ given one by one; a snapshot in between holds cursor 3 and what is left of them
 *
 * - H1. A snapshot holds the cursor of the next request and the records that were answered and not yet given. So every record
 *   is read once, whatever fails and when, as long as the server answers to a cursor what came after it: the same, or
 *   more. A server without cursors gives what is there at the time, once (at-most-once).
 * - H2. The next request is made when the last answer was given out: a slow pipeline asks less.
 * - H3. A request that fails is made again with the same cursor. What will not be better by itself (404, an answer that
 *   cannot be read) fails the job at once.
 */
import {
  type PollResult,
  type Source,
  type SourceContext,
  SourceError,
  type SplitPosition,
  type SplitReader,
} from '../operators/source.ts';
import type { HttpAnswer, HttpClient, HttpHeaders } from './httpClient.ts';
import { againIn, inVain, isWorthTelling, retriesProblem } from './retries.ts';

/** What an answer says. */
export interface HttpPage<T, Cursor> {
  /** In their order. */
  readonly records: readonly T[];
  /** Of the next request. */
  readonly cursor: Cursor;
  /** There is more already: the next request comes without waiting. Default false. */
  readonly more?: boolean;
  /** Nothing comes after these records, ever. */
  readonly last?: boolean;
}

export interface HttpPollOptions<T, Cursor> {
  /** How often to ask, from request to request. */
  readonly everyMs: number;
  /** Of the first request of a fresh start. Cursors are plain data: they are written into snapshots. */
  readonly initialCursor: Cursor;
  /** Reads an answer of status 2xx. Throws an Error that says what is wrong with it. */
  parse(body: string, cursor: Cursor): HttpPage<T, Cursor>;
  /** `parse` will say at some time that a page is the last one, and the job then ends. Default false. */
  readonly bounded?: boolean;
  /** Default: GET, or POST where there is a body. */
  readonly method?: string;
  readonly headers?: HttpHeaders | ((cursor: Cursor) => HttpHeaders);
  readonly body?: (cursor: Cursor) => string;
  /** How often in a row to try again when a request fails; Infinity: for ever. Default 3. */
  readonly maxRetries?: number;
  /** Before each retry, unless the server asks for more (Retry-After). Default 1 000. */
  readonly retryDelayMs?: number;
  /** How long an answer may take. Default 30 000. */
  readonly timeoutMs?: number;
  /** For people. Default: the address without its query. */
  readonly name?: string;
}

export function httpPolling<T, Cursor>(
  url: string | ((cursor: Cursor) => string),
  options: HttpPollOptions<T, Cursor>,
  createClient: () => HttpClient,
): Source<T> {
  const { everyMs, bounded = false, maxRetries = 3, retryDelayMs = 1_000, timeoutMs = 30_000 } = options;
  for (const [name, value] of Object.entries({ everyMs, retryDelayMs, timeoutMs })) {
    if (!(value > 0)) throw new SourceError(`${name} of an HTTP source must be above zero, not ${value}.`);
  }
  const problem = retriesProblem('an HTTP source', maxRetries);
  if (problem !== null) throw new SourceError(problem);
  const first = typeof url === 'string' ? url : url(options.initialCursor);
  if (!/^https?:\/\/[^/?#]/i.test(first)) {
    throw new SourceError(
      `The address of an HTTP source begins with http:// or https:// and a host, unlike ${JSON.stringify(first)}.`,
    );
  }
  const polled: Polled<T, Cursor> = {
    ...options,
    parse: (body, cursor) => options.parse(body, cursor),
    address: typeof url === 'string' ? () => url : url,
    maxRetries,
    retryDelayMs,
    timeoutMs,
    peer: options.name ?? shownUrl(first),
  };
  return {
    name: `HTTP ${polled.peer}`,
    bounded,
    splits: () => ['all'],
    openSplit: (_split, from, context) => new HttpReader(polled, createClient(), from, context),
  };
}

interface Polled<T, Cursor> extends HttpPollOptions<T, Cursor> {
  readonly address: (cursor: Cursor) => string;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  readonly peer: string;
}

/** H1. */
interface Resume<T, Cursor> {
  readonly cursor: Cursor;
  readonly left: readonly T[];
}

type Asking =
  /** The next request, not before this by the clock that does not jump. */
  | { readonly type: 'pausing'; readonly untilMs: number }
  | { readonly type: 'waiting'; readonly sinceMs: number };

class HttpReader<T, Cursor> implements SplitReader<T> {
  readonly #polled: Polled<T, Cursor>;
  readonly #client: HttpClient;
  readonly #context: SourceContext;
  /** Of the next request. */
  #cursor: Cursor;
  /** Answered; before `#given` it was given. */
  #records: readonly T[];
  #given = 0;
  #offset: number;
  #isLast: boolean;
  #asking: Asking = { type: 'pausing', untilMs: Number.NEGATIVE_INFINITY };
  /** What was heard of the request under way, not looked at yet. */
  #heard: HttpAnswer | { readonly problem: string } | null = null;
  #retries = 0;

  constructor(
    polled: Polled<T, Cursor>,
    client: HttpClient,
    from: SplitPosition | null,
    context: SourceContext,
  ) {
    const resume = from?.resume as Resume<T, Cursor> | null | undefined;
    this.#polled = polled;
    this.#client = client;
    this.#context = context;
    this.#cursor = resume === null || resume === undefined ? polled.initialCursor : resume.cursor;
    this.#records = resume?.left ?? [];
    this.#offset = from?.offset ?? 0;
    this.#isLast = from?.finished ?? false;
  }

  poll(emit: (value: T) => boolean, budget: number): PollResult {
    for (let given = 0; given < budget && this.#given < this.#records.length; given++) {
      const record = this.#records[this.#given++] as T;
      this.#offset++;
      if (!emit(record)) return { status: 'more' };
    }
    if (this.#given < this.#records.length) return { status: 'more' };
    if (this.#isLast) return { status: 'finished' };
    return this.#ask();
  }

  position(): SplitPosition {
    const left = this.#records.slice(this.#given);
    const resume: Resume<T, Cursor> = { cursor: this.#cursor, left };
    return { offset: this.#offset, resume, finished: this.#isLast && left.length === 0 };
  }

  close(): void {
    this.#client.close();
  }

  /** Everything that was answered is given (H2). */
  #ask(): PollResult {
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const waiting = (untilMs: number): PollResult => {
      return { status: 'waiting', at: clock.now() + Math.max(0, untilMs - nowMs) };
    };
    const asking = this.#asking;
    if (asking.type === 'pausing') {
      if (nowMs < asking.untilMs) return waiting(asking.untilMs);
      this.#send();
      this.#asking = { type: 'waiting', sinceMs: nowMs };
      return waiting(nowMs + this.#polled.timeoutMs);
    }
    const heard = this.#heard;
    this.#heard = null;
    if (heard !== null) {
      if ('problem' in heard) this.#retry(heard.problem, 0);
      else this.#answered(heard, asking.sinceMs);
    } else if (nowMs >= asking.sinceMs + this.#polled.timeoutMs) {
      this.#client.abort();
      this.#retry(`no answer within ${this.#polled.timeoutMs} ms`, 0);
    } else return waiting(asking.sinceMs + this.#polled.timeoutMs);
    return { status: 'more' };
  }

  #send(): void {
    const { address, headers = {}, body, method } = this.#polled;
    const cursor = this.#cursor;
    const note = (heard: HttpAnswer | { readonly problem: string }) => {
      this.#heard = heard;
      this.#context.wake();
    };
    this.#client.send(
      {
        url: address(cursor),
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: typeof headers === 'function' ? headers(cursor) : headers,
        body: body === undefined ? null : body(cursor),
      },
      { onAnswer: note, onFailure: (problem) => note({ problem }) },
    );
  }

  #answered({ status, body, retryAfterSeconds, location }: HttpAnswer, sinceMs: number): void {
    const { everyMs } = this.#polled;
    const isEmpty = status === 204 || status === 304;
    if (!isEmpty && (status < 200 || status > 299)) {
      const problem = `it answers with status ${status}`;
      if (!mayPass(status)) {
        const hint = location === null ? '' : `; it says that it is at ${location}`;
        throw new SourceError(`${this.#polled.peer} cannot be read: ${problem}${hint}.`);
      }
      this.#retry(problem, (retryAfterSeconds ?? 0) * 1_000);
      return;
    }
    this.#retries = 0;
    this.#asking = { type: 'pausing', untilMs: sinceMs + everyMs };
    if (isEmpty) return;
    const page = this.#parse(body);
    this.#records = page.records;
    this.#given = 0;
    this.#cursor = page.cursor;
    this.#isLast = page.last === true;
    if (page.more === true) this.#asking = { type: 'pausing', untilMs: sinceMs };
  }

  #parse(body: string): HttpPage<T, Cursor> {
    try {
      return this.#polled.parse(body, this.#cursor);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const shown = body.length > 120 ? `${body.slice(0, 120)}…` : body;
      throw new SourceError(`An answer of ${this.#polled.peer} cannot be read (${problem}): ${shown}`);
    }
  }

  #retry(problem: string, atLeastMs: number): void {
    const { maxRetries, retryDelayMs, peer } = this.#polled;
    if (this.#retries >= maxRetries) {
      const why = inVain(problem, maxRetries);
      throw new SourceError(`${peer} cannot be read (${why}): start the server, or raise maxRetries.`);
    }
    this.#retries++;
    const delayMs = Math.max(retryDelayMs, atLeastMs);
    this.#asking = { type: 'pausing', untilMs: this.#context.clock.monotonicMs() + delayMs };
    if (!isWorthTelling(this.#retries)) return;
    const again = againIn(delayMs, this.#retries, maxRetries);
    this.#context.log('warning', `${peer} cannot be read (${problem}); ${again}.`);
  }
}

/** Of an answer that is none, it may be better later. */
function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** Without user, password and query, where secrets tend to be. */
function shownUrl(url: string): string {
  const [, scheme, place] = /^(https?:\/\/)(?:[^/?#]*@)?([^?#]*)/i.exec(url) ?? [];
  return `${scheme}${place}`;
}
