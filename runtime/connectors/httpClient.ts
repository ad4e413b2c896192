/** An HTTP server as the polling source sees it: what Node has to do with it is handed in (http.node.ts). */

export type HttpHeaders = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HttpHeaders;
  readonly body: string | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The header of that name in seconds, where it has any. */
  readonly retryAfterSeconds: number | null;
  /** Where the server says that it is instead. */
  readonly location: string | null;
}

export interface HttpEvents {
  onAnswer(answer: HttpAnswer): void;
  /** A clause for a sentence. */
  onFailure(problem: string): void;
}

/** The requests of one reader. */
export interface HttpClient {
  /** One at a time. One of the events comes later, between two records. */
  send(request: HttpRequest, events: HttpEvents): void;
  /** The request that is under way is given up: nothing is heard of it. */
  abort(): void;
  /** The same, and nothing is left open. */
  close(): void;
}
