/** The HTTP polling source, over a server that is the test. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import type { HttpAnswer, HttpEvents, HttpRequest } from '../../runtime/connectors/httpClient.ts';
import { type HttpPollOptions, httpPolling } from '../../runtime/connectors/httpPolling.ts';
import type { PollResult, SplitPosition } from '../../runtime/operators/source.ts';
import { sourceContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

/** The client of one reader: a request waits until the test answers it. */
class FakeClient {
  request: HttpRequest | null = null;
  requests = 0;
  isClosed = false;
  #events: HttpEvents | null = null;

  send(request: HttpRequest, events: HttpEvents): void {
    expect(this.request).toBeNull();
    this.requests++;
    this.request = request;
    this.#events = events;
  }

  abort(): void {
    this.request = null;
    this.#events = null;
  }

  close(): void {
    this.abort();
    this.isClosed = true;
  }

  answer(body: string, given: Partial<HttpAnswer> = {}): void {
    const events = this.#events;
    this.abort();
    events?.onAnswer({ status: 200, body, retryAfterSeconds: null, location: null, ...given });
  }

  fail(problem: string): void {
    const events = this.#events;
    this.abort();
    events?.onFailure(problem);
  }
}

type Options = HttpPollOptions<string, number>;

/** An answer is records with spaces in between; the cursor counts them. */
const counting: Options = {
  everyMs: 1_000,
  initialCursor: 0,
  parse: (body, cursor) => {
    const records = body.split(' ').filter((record) => record !== '');
    return { records, cursor: cursor + records.length };
  },
};

function opened(
  options: Partial<Options> = {},
  {
    from = null,
    clock = new ManualClock(50),
  }: { readonly from?: SplitPosition | null; readonly clock?: ManualClock } = {},
) {
  const client = new FakeClient();
  const source = httpPolling(
    (cursor: number) => `https://user:secret@api/events?after=${cursor}`,
    { ...counting, ...options },
    () => client,
  );
  const log: string[] = [];
  let wakes = 0;
  const reader = source.openSplit('all', from, {
    ...sourceContext(new MemoryFiles(), clock),
    log: (level, text) => log.push(`${level}: ${text}`),
    wake: () => wakes++,
  });
  return {
    source,
    client,
    clock,
    log,
    reader,
    wakes: () => wakes,
    poll(budget = 2): string {
      const records: string[] = [];
      for (;;) {
        const result: PollResult = reader.poll((record) => records.push(record) > 0, budget);
        if (result.status === 'more') continue;
        const at = result.status === 'waiting' ? ` until ${result.at}` : '';
        return [...records, `${result.status}${at}`].join(' ');
      }
    },
  };
}

test('it asks for what comes after its cursor, from interval to interval', () => {
  const http = opened();
  expect(http.poll()).toBe('waiting until 30050');
  expect(http.client.request).toEqual({
    url: 'https://user:secret@api/events?after=0',
    method: 'GET',
    headers: {},
    body: null,
  });
  http.clock.advance(300);
  http.client.answer('a b c');
  expect(http.wakes()).toBe(1);
  // From request to request: the answer took 300 of the 1 000.
  expect(http.poll()).toBe('a b c waiting until 1050');
  expect(http.client.request).toBeNull();
  http.clock.advance(700);
  http.poll();
  expect(http.client.request?.url).toBe('https://user:secret@api/events?after=3');
});

test('H2: the next request waits until the last answer was given out', () => {
  const http = opened({ everyMs: 1 });
  http.poll();
  http.client.answer('a b c');
  http.clock.advance(5_000);
  const records: string[] = [];
  const take = () => http.reader.poll((record) => records.push(record) < 1, 10);
  expect([take(), take(), take()]).toEqual(Array(3).fill({ status: 'more' }));
  expect([take(), records.length, http.client.requests]).toEqual([{ status: 'more' }, 3, 1]);
  http.poll();
  expect(http.client.requests).toBe(2);
});

test('more comes at once, the last page ends the source', () => {
  const pages = ['a b|more', 'c|last'];
  const http = opened({
    bounded: true,
    parse: (body, cursor) => {
      const [text = '', mark] = body.split('|');
      const records = text.split(' ');
      return { records, cursor: cursor + records.length, more: mark === 'more', last: mark === 'last' };
    },
  });
  expect(http.source.bounded).toBe(true);
  http.poll();
  http.client.answer(pages[0] as string);
  expect(http.poll()).toBe('a b waiting until 30050');
  http.client.answer(pages[1] as string);
  expect(http.reader.position().finished).toBe(false);
  expect(http.poll()).toBe('c finished');
  const position = structuredClone(http.reader.position());
  expect(position).toEqual({ offset: 3, resume: { cursor: 3, left: [] }, finished: true });
  expect(opened({}, { from: position }).poll()).toBe('finished');
});

test('a request has the method, the headers and the body that its cursor asks for', () => {
  const http = opened({
    headers: (cursor) => ({ 'if-none-match': `v${cursor}` }),
    body: (cursor) => `{"after":${cursor}}`,
  });
  http.poll();
  expect(http.client.request).toMatchObject({
    method: 'POST',
    headers: { 'if-none-match': 'v0' },
    body: '{"after":0}',
  });
  const put = opened({ method: 'QUERY', headers: { accept: 'text/plain' } });
  put.poll();
  expect(put.client.request).toMatchObject({
    method: 'QUERY',
    headers: { accept: 'text/plain' },
    body: null,
  });
});

test.each([204, 304])('status %d brings nothing new', (status) => {
  const http = opened();
  http.poll();
  http.client.answer('not to be read', { status });
  expect(http.poll()).toBe('waiting until 1050');
  expect(http.reader.position()).toEqual({ offset: 0, resume: { cursor: 0, left: [] }, finished: false });
});

test('H3: a request that fails is made again with the same cursor, and success starts the count anew', () => {
  const http = opened({ maxRetries: 1, retryDelayMs: 200 });
  for (const records of ['a', 'b']) {
    http.poll();
    http.client.fail('read ECONNRESET');
    http.poll();
    http.clock.advance(200);
    http.poll();
    http.client.answer(records);
    expect(http.poll()).toContain(`${records} waiting`);
    http.clock.advance(1_000);
  }
  expect(http.log[0]).toBe(
    'warning: https://api/events cannot be read (read ECONNRESET); trying again in 200 ms (1 of 1).',
  );
  expect(http.client.requests).toBe(4);
});

test('H3: an answer that does not come is given up', () => {
  const http = opened({ timeoutMs: 500, retryDelayMs: 200 });
  expect(http.poll()).toBe('waiting until 550');
  http.clock.advance(499);
  expect(http.poll()).toBe('waiting until 550');
  http.clock.advance(1);
  expect(http.poll()).toBe('waiting until 750');
  expect(http.client.request).toBeNull();
  expect(http.log[0]).toContain('(no answer within 500 ms)');
});

test.each([
  [500, null, 'waiting until 1050'],
  [429, null, 'waiting until 1050'],
  [429, 7, 'waiting until 7050'],
  [503, 0, 'waiting until 1050'],
  [408, null, 'waiting until 1050'],
])('H3: status %d with Retry-After %j is tried again', (status, retryAfterSeconds, expected) => {
  const http = opened();
  http.poll();
  http.client.answer('', { status, retryAfterSeconds });
  expect(http.poll()).toBe(expected);
});

test.each<[string, (http: ReturnType<typeof opened>) => void, string]>([
  [
    'a status that will not be better by itself',
    ({ client }) => client.answer('', { status: 404 }),
    'https://api/events cannot be read: it answers with status 404.',
  ],
  [
    'a redirection',
    ({ client }) => client.answer('', { status: 301, location: 'https://other/' }),
    'https://api/events cannot be read: it answers with status 301; it says that it is at https://other/.',
  ],
  [
    'a failure without retries',
    ({ client }) => client.fail('connect ECONNREFUSED 127.0.0.1:80'),
    'https://api/events cannot be read (connect ECONNREFUSED 127.0.0.1:80): start the server, or raise maxRetries.',
  ],
  [
    'an answer that cannot be read',
    ({ client }) => client.answer('<html>'),
    'An answer of https://api/events cannot be read (it is no JSON): <html>',
  ],
])('%s is told in a sentence', (_what, answer, message) => {
  const http = opened({
    maxRetries: 0,
    parse: () => {
      throw new Error('it is no JSON');
    },
  });
  http.poll();
  answer(http);
  expect(() => http.poll()).toThrow(expect.objectContaining({ name: 'SourceError', message }));
});

test('closing lets go of the request', () => {
  const http = opened();
  http.poll();
  http.reader.close();
  expect(http.client.isClosed).toBe(true);
});

test.each<[Partial<Options>, string]>([
  [{ everyMs: 0 }, 'everyMs of an HTTP source must be above zero, not 0.'],
  [{ timeoutMs: Number.NaN }, 'timeoutMs of an HTTP source must be above zero, not NaN.'],
  [
    { maxRetries: -1 },
    'maxRetries of an HTTP source is a whole number from 0 on, or Infinity for ever, not -1.',
  ],
])('%j is refused', (options, sentence) => {
  expect(() => opened(options)).toThrow(sentence);
});

test.each(['ftp://api', 'api/events', 'https://'])('%j is no address', (url) => {
  expect(() => httpPolling(url, counting, () => new FakeClient())).toThrow(
    `The address of an HTTP source begins with http:// or https:// and a host, unlike ${JSON.stringify(url)}.`,
  );
});

test('H1: every record is read once, whatever fails and when, where the server honours the cursor', () => {
  const happening = fc.oneof(
    fc.record({ type: fc.constant('comes' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ type: fc.constant('answers' as const), most: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ type: fc.constant('polls' as const), budget: fc.integer({ min: 1, max: 3 }) }),
    fc.constantFrom(
      { type: 'passes' as const },
      { type: 'errs' as const },
      { type: 'snapshot' as const },
      { type: 'crashes' as const },
    ),
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60, size: 'max' }), (happenings) => {
      const server: string[] = [];
      const clock = new ManualClock();
      const start = (from: SplitPosition | null) =>
        opened({ maxRetries: Number.POSITIVE_INFINITY, parse: counting.parse }, { from, clock });
      let http = start(null);
      let records: string[] = [];
      let saved: { readonly position: SplitPosition; readonly records: readonly string[] } | null = null;
      const answer = (most: number) => {
        const after = Number(/after=(\d+)/.exec(http.client.request?.url ?? '')?.[1]);
        http.client.answer(server.slice(after, after + most).join(' '));
      };
      const poll = (budget: number) => http.reader.poll((record) => records.push(record) > 0, budget);
      for (const what of happenings) {
        switch (what.type) {
          case 'comes':
            for (let each = 0; each < what.count; each++) server.push(`r${server.length}`);
            break;
          case 'answers':
            answer(what.most);
            break;
          case 'polls':
            poll(what.budget);
            break;
          case 'passes':
            clock.advance(1_000);
            break;
          case 'errs':
            http.client.fail('it broke');
            break;
          case 'snapshot':
            saved = { position: structuredClone(http.reader.position()), records: [...records] };
            break;
          case 'crashes':
            http.reader.close();
            records = [...(saved?.records ?? [])];
            http = start(saved?.position ?? null);
            break;
        }
        expect(http.reader.position().offset).toBe(records.length);
      }
      for (let patience = 0; records.length < server.length && patience < 100; patience++) {
        clock.advance(1_000);
        while (poll(10).status === 'more');
        if (http.client.request !== null) answer(10);
      }
      while (poll(10).status === 'more');
      expect(records).toEqual(server);
    }),
    { numRuns: 300 },
  );
});
