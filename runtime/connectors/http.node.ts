/** HTTP requests, for `httpPolling.ts`. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Source } from '../operators/source.ts';
import { connectionProblem } from './connectionProblem.node.ts';
import type { HttpClient, HttpEvents, HttpRequest } from './httpClient.ts';
import { type HttpPollOptions, httpPolling } from './httpPolling.ts';
import { recordBytesMax } from './recordCutter.ts';

/**
 * Asks a server every so often what is new, and knows by a cursor how far it has come. Replays exactly where the server
 * answers to a cursor what came after it.
 */
export function poll<T, Cursor>(
  url: string | ((cursor: Cursor) => string),
  options: HttpPollOptions<T, Cursor>,
): Source<T> {
  return httpPolling(url, options, createClient);
}

function createClient(): HttpClient {
  // Asked for when it is needed: every pipeline imports this file, and few poll a server.
  const http = process.getBuiltinModule('node:http');
  const https = process.getBuiltinModule('node:https');
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: 1 }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: 1 }),
  };
  let current: { isOver: boolean; readonly request: ClientRequest } | null = null;

  const send = ({ url, method, headers, body }: HttpRequest, events: HttpEvents): void => {
    const protocol = new URL(url).protocol === 'https:' ? 'https:' : 'http:';
    const { request: open } = protocol === 'https:' ? https : http;
    const request = open(url, { method, headers: { ...headers }, agent: agents[protocol] });
    const mine = { isOver: false, request };
    current = mine;
    const over = (say: () => void): void => {
      if (mine.isOver) return;
      mine.isOver = true;
      say();
    };
    const failed = (error: Error): void => over(() => events.onFailure(connectionProblem(error)));
    request.on('error', failed);
    request.on('response', (response) => {
      read(response, failed, (text) => {
        const { location = null } = response.headers;
        const status = response.statusCode ?? 0;
        over(() =>
          events.onAnswer({ status, body: text, retryAfterSeconds: retryAfter(response), location }),
        );
      });
    });
    request.end(body ?? undefined);
  };

  const abort = (): void => {
    if (current === null) return;
    current.isOver = true;
    current.request.destroy();
    current = null;
  };
  return {
    send,
    abort,
    close: () => {
      abort();
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function read(response: IncomingMessage, failed: (error: Error) => void, done: (text: string) => void): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > recordBytesMax) {
      response.destroy(new Error(`an answer of more than ${recordBytesMax / 1024 / 1024} MiB`));
    } else pieces.push(piece);
  });
  response.on('error', failed);
  response.on('end', () => done(Buffer.concat(pieces).toString('utf8')));
}

/** Seconds, or a date; the date is left to the delay that the author chose. */
function retryAfter({ headers }: IncomingMessage): number | null {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
