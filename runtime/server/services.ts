/**
 * What requests ask of the engine and of the disk, one function per request that is not answered from what the server
 * knows itself. `host` implements it. A function answers exactly once, at once or later.
 */
import type {
  NotificationMethod,
  NotificationParams,
  RequestMethod,
  RequestParams,
  RequestResult,
} from '../protocol/messages.ts';
import type { RpcError } from './jsonRpc.ts';

export type Answer<T> = (
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: RpcError },
) => void;

/** Answered by the session itself. */
export type OwnMethod = 'initialize' | 'job/subscribe' | 'checkpoint/list' | 'checkpoint/details';
export type ServiceMethod = Exclude<RequestMethod, OwnMethod>;

/** What a service that takes long may do with its request meanwhile. */
export interface Asked {
  /** Calls back, once, when the client has cancelled the request or is gone. */
  readonly onCancel: (cancel: () => void) => void;
  /** Tells this client alone. */
  readonly notify: <M extends NotificationMethod>(method: M, params: NotificationParams<M>) => void;
}

export type Services = {
  readonly [M in ServiceMethod]: (
    params: RequestParams<M>,
    answer: Answer<RequestResult<M>>,
    asked: Asked,
  ) => void;
};
