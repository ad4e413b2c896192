/** A client of a `JobServer` in the same thread, with a socket that a test can make slow. */
import type {
  NotificationMethod,
  NotificationParams,
  RequestMethod,
} from '../../runtime/protocol/messages.ts';
import { notifications, requests } from '../../runtime/protocol/messages.ts';
import type { JobServer } from '../../runtime/server/jobServer.ts';
import type { Session } from '../../runtime/server/session.ts';

interface Received {
  readonly id?: number;
  readonly method?: NotificationMethod;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export class TestClient {
  readonly session: Session;
  readonly received: Received[] = [];
  /** Bytes that the other end has not taken. */
  backlogBytes = 0;
  closed: { readonly code: number; readonly reason: string } | null = null;
  #nextId = 1;

  constructor(server: JobServer) {
    this.session = server.open({
      send: (text) => this.received.push(JSON.parse(text) as Received),
      backlogBytes: () => this.backlogBytes,
      close: (code, reason) => {
        this.closed = { code, reason };
      },
    });
  }

  /** Answers the id; the result is in `received` when it was answered at once. */
  send(method: string, params: unknown = {}): number {
    const id = this.#nextId++;
    this.session.receive(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  answer(id: number): Received | undefined {
    return this.received.find((message) => message.id === id);
  }

  ask<T>(method: RequestMethod, params: unknown = {}): T {
    const id = this.send(method, params);
    const answer = this.answer(id);
    if (answer === undefined) throw new Error(`${method} is not answered yet`);
    if (answer.error !== undefined) throw new Error(`${answer.error.code}: ${answer.error.message}`);
    return requests[method].result.parse(answer.result) as T;
  }

  initialize(): this {
    this.ask('initialize', {
      protocolVersion: { major: 1, minor: 0 },
      client: { name: 'test', version: '0' },
    });
    return this;
  }

  /** All notifications so far, each checked against the schema. */
  notifications(): { method: NotificationMethod; params: NotificationParams<NotificationMethod> }[] {
    return this.received.flatMap(({ method, params }) =>
      method === undefined
        ? []
        : [{ method, params: notifications[method].parse(params) as NotificationParams<NotificationMethod> }],
    );
  }

  of<M extends NotificationMethod>(method: M): NotificationParams<M>[] {
    return this.notifications().flatMap((found) =>
      found.method === method ? [found.params as NotificationParams<M>] : [],
    );
  }
}
