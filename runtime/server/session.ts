/**
 * One client. It has to introduce itself (`initialize`), may then ask and, once subscribed, is told everything that
 * happens from its snapshot on.
 *
 * What keeps one client from harming the others or the job:
 * - S1. Events are never dropped. A client that lets them pile up beyond a bound is disconnected; it comes back for a
 *   snapshot.
 * - S2. Telemetry waits while anything is unsent, and the next sample then contains all that has changed since the last
 *   one that was sent: a slow client gets the newest, not everything.
 * - S3. The rate of messages, their depth and the number of open requests are bounded.
 */
import type { Clock } from '../base/clock.ts';
import {
  type RequestMethod,
  type RequestParams,
  type RequestResult,
  requests,
} from '../protocol/messages.ts';
import { errorCodes, PROTOCOL_VERSION } from '../protocol/version.ts';
import type { JobServer } from './jobServer.ts';
import type { Notification } from './jobView.ts';
import {
  parseMessage,
  printError,
  printNotification,
  printResult,
  type RequestId,
  type RpcError,
  rpcCodes,
} from './jsonRpc.ts';
import type { Answer, Asked, ServiceMethod } from './services.ts';

/** The other end, as far as a session needs it. */
export interface Connection {
  send(text: string): void;
  /** Bytes given to `send` that have not left yet. */
  backlogBytes(): number;
  /** A WebSocket close code and a reason for people. */
  close(code: number, reason: string): void;
}

export const sessionLimits = {
  backlogBytesMax: 16 * 1024 * 1024,
  telemetryBacklogBytesMax: 256 * 1024,
  openRequestsMax: 64,
  messagesPerSecond: 100,
  messagesBurst: 200,
} as const;

/** WebSocket close codes: the client broke a rule; try again later. */
const policyViolation = 1_008;
const tryAgainLater = 1_013;

export class Session {
  readonly #server: JobServer;
  readonly #connection: Connection;
  readonly #clock: Clock;
  #state: 'new' | 'ready' | 'subscribed' | 'closed' = 'new';
  /** Each with what cancels it; most cannot be cancelled. */
  readonly #openRequests = new Map<RequestId, (() => void) | null>();
  /** Sample number of the telemetry that this client has. */
  #telemetrySample = 0;
  #allowance: number = sessionLimits.messagesBurst;
  #allowanceAt: number;

  constructor(server: JobServer, connection: Connection, clock: Clock) {
    this.#server = server;
    this.#connection = connection;
    this.#clock = clock;
    this.#allowanceAt = clock.monotonicMs();
  }

  get isSubscribed(): boolean {
    return this.#state === 'subscribed';
  }

  receive(text: string): void {
    if (this.#state === 'closed') return;
    if (!this.#takeAllowance()) {
      this.#disconnect(policyViolation, `More than ${sessionLimits.messagesPerSecond} messages a second.`);
      return;
    }
    const message = parseMessage(text);
    switch (message.type) {
      case 'invalid':
        this.#send(printError(message.id, { code: message.code, message: message.message }));
        break;
      case 'notification':
        if (message.method === '$/cancelRequest') this.#cancel(message.params);
        break;
      case 'request':
        this.#request(message.id, message.method, message.params);
        break;
    }
  }

  /** The socket has closed. */
  closed(): void {
    this.#state = 'closed';
    this.#server.leave(this);
    for (const cancel of [...this.#openRequests.values()]) cancel?.();
    this.#openRequests.clear();
  }

  /** Events and everything else that may not be lost. */
  notify(text: string): void {
    if (this.#state !== 'subscribed') return;
    this.#send(text);
    if (this.#connection.backlogBytes() > sessionLimits.backlogBytesMax) {
      this.#disconnect(tryAgainLater, 'Too far behind: connect again for a fresh snapshot.');
    }
  }

  /** Sends what changed since this client's last sample, unless it has not even taken that one. */
  sendTelemetry(): void {
    if (this.#state !== 'subscribed') return;
    if (this.#connection.backlogBytes() > sessionLimits.telemetryBacklogBytesMax) return;
    const sampler = this.#server.sampler;
    if (sampler === null) return;
    const changed = sampler.changedSince(this.#telemetrySample);
    this.#telemetrySample = sampler.sample;
    const { subtasks, channels, splits, metrics } = changed;
    if (subtasks.length + channels.length + splits.length + metrics.length === 0) return;
    this.#send(printNotification('telemetry', changed));
  }

  /** A new deployment: all that was sent is about channels that are no more. */
  forgetTelemetry(): void {
    this.#telemetrySample = 0;
  }

  #request(id: RequestId, method: string, params: unknown): void {
    const refuse = (error: RpcError) => this.#send(printError(id, error));
    if (!isRequestMethod(method)) {
      refuse({ code: rpcCodes.methodNotFound, message: `There is no request ${method.slice(0, 100)}.` });
      return;
    }
    if (this.#openRequests.size >= sessionLimits.openRequestsMax || this.#openRequests.has(id)) {
      refuse({
        code: rpcCodes.invalidRequest,
        message: `Too many open requests, or the id ${id} is in use.`,
      });
      return;
    }
    const parsed = requests[method].params.safeParse(params ?? {});
    if (!parsed.success) {
      const first = parsed.error.issues[0];
      const place = first?.path.join('.') ?? '';
      refuse({
        code: rpcCodes.invalidParams,
        message: `${method}: ${place === '' ? '' : `${place}: `}${first?.message ?? 'not valid'}`,
      });
      return;
    }
    if (this.#state === 'new' && method !== 'initialize') {
      refuse({ code: rpcCodes.invalidRequest, message: `The first request is initialize, not ${method}.` });
      return;
    }
    this.#openRequests.set(id, null);
    let isAnswered = false;
    const asked: Asked = {
      onCancel: (cancel) => {
        if (this.#openRequests.has(id)) this.#openRequests.set(id, cancel);
        else if (!isAnswered) cancel();
      },
      notify: (name, content) => this.#send(printNotification(name, content)),
    };
    const answer: Answer<unknown> = (result) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#openRequests.delete(id);
      this.#send(result.ok ? printResult(id, result.value) : printError(id, result.error));
      if (result.ok && method === 'job/subscribe') this.#subscribed();
    };
    this.#serve(method, parsed.data, answer, asked);
  }

  /** Most requests are quick or worth finishing, and go on. The answer comes all the same. */
  #cancel(params: unknown): void {
    const { id } = (params ?? {}) as { readonly id?: unknown };
    if (typeof id !== 'number' && typeof id !== 'string') return;
    const cancel = this.#openRequests.get(id);
    if (cancel == null) return;
    this.#openRequests.set(id, null);
    cancel();
  }

  #serve(method: RequestMethod, params: unknown, answer: Answer<unknown>, asked: Asked): void {
    switch (method) {
      case 'initialize':
        this.#initialize(params as RequestParams<'initialize'>, answer);
        break;
      case 'job/subscribe':
        this.#server.snapshot(answer);
        break;
      case 'checkpoint/list':
        this.#server.checkpointList(answer);
        break;
      case 'checkpoint/details':
        this.#server.checkpointDetails((params as RequestParams<'checkpoint/details'>).id, answer);
        break;
      default: {
        const serve = this.#server.services[method] as (
          params: unknown,
          answer: Answer<RequestResult<ServiceMethod>>,
          asked: Asked,
        ) => void;
        serve(params, answer, asked);
      }
    }
  }

  #initialize(params: RequestParams<'initialize'>, answer: Answer<RequestResult<'initialize'>>): void {
    if (params.protocolVersion.major !== PROTOCOL_VERSION.major) {
      const message = `This engine speaks protocol ${PROTOCOL_VERSION.major}, the client ${params.protocolVersion.major}; use versions that belong together.`;
      answer({ ok: false, error: { code: errorCodes.incompatibleVersion, message, data: PROTOCOL_VERSION } });
      return;
    }
    if (this.#state === 'new') this.#state = 'ready';
    answer({ ok: true, value: this.#server.introduction() });
  }

  /** In the same step as the answer: nothing may happen between the snapshot and the first notification. */
  #subscribed(): void {
    this.#state = 'subscribed';
    this.#telemetrySample = this.#server.sampler?.sample ?? 0;
    this.#server.joined();
  }

  #send(text: string): void {
    if (this.#state !== 'closed') this.#connection.send(text);
  }

  #disconnect(code: number, reason: string): void {
    this.#connection.close(code, reason);
    this.closed();
  }

  #takeAllowance(): boolean {
    const now = this.#clock.monotonicMs();
    const earned = ((now - this.#allowanceAt) / 1_000) * sessionLimits.messagesPerSecond;
    this.#allowance = Math.min(sessionLimits.messagesBurst, this.#allowance + earned);
    this.#allowanceAt = now;
    this.#allowance -= 1;
    return this.#allowance >= 0;
  }
}

export function printed(notification: Notification): string {
  return printNotification(notification.method, notification.params);
}

function isRequestMethod(method: string): method is RequestMethod {
  return Object.hasOwn(requests, method);
}
