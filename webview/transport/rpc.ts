/**
 * JSON-RPC over a transport's frames, by vscode-jsonrpc. Both directions are held against the protocol's schemas:
 * a message that does not fit is reported and dropped, it never reaches a screen.
 */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/browser';
import {
  type NotificationMethod,
  type NotificationParams,
  notifications,
  type RequestMethod,
  type RequestParams,
  type RequestResult,
  requests,
} from '../../runtime/protocol/messages.ts';

export interface RpcClient {
  /** `signal`: the engine is told that nobody wants the answer any more. */
  request<M extends RequestMethod>(
    method: M,
    params: RequestParams<M>,
    signal?: AbortSignal,
  ): Promise<RequestResult<M>>;
  dispose(): void;
}

export class RpcFailure extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface RpcListener {
  readonly notified: <M extends NotificationMethod>(method: M, params: NotificationParams<M>) => void;
  readonly misfit: (what: string) => void;
}

export interface FramedRpc extends RpcClient {
  frame(text: string): void;
}

export function connectRpc(send: (text: string) => void, listener: RpcListener): FramedRpc {
  const reader = new FrameReader();
  const connection: MessageConnection = createMessageConnection(reader, new FrameWriter(send));
  for (const method of Object.keys(notifications) as NotificationMethod[]) {
    connection.onNotification(method, (params: unknown) => {
      const checked = notifications[method].safeParse(params);
      if (checked.success) listener.notified(method, checked.data as NotificationParams<typeof method>);
      else listener.misfit(`${method}: ${checked.error.message}`);
    });
  }
  connection.onError(([error]) => listener.misfit(error.message));
  connection.listen();
  return {
    frame: (text) => reader.take(text),
    request: async (method, params, signal) => {
      const cancelling = new CancellationTokenSource();
      const cancel = () => cancelling.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        const answer = await connection.sendRequest(method, params, cancelling.token);
        const result = requests[method].result.safeParse(answer);
        if (!result.success)
          throw new RpcFailure(0, `The answer to ${method} does not fit the protocol.`, result.error.message);
        return result.data as never;
      } catch (error) {
        if (error instanceof ResponseError) throw new RpcFailure(error.code, error.message, error.data);
        throw error;
      } finally {
        signal?.removeEventListener('abort', cancel);
        cancelling.dispose();
      }
    },
    dispose: () => connection.dispose(),
  };
}

class FrameReader extends AbstractMessageReader {
  private callback: DataCallback | null = null;
  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return { dispose: () => (this.callback = null) };
  }
  take(text: string): void {
    try {
      this.callback?.(JSON.parse(text) as Message);
    } catch (error) {
      this.fireError(error);
    }
  }
}

class FrameWriter extends AbstractMessageWriter {
  private readonly deliver: (text: string) => void;
  constructor(deliver: (text: string) => void) {
    super();
    this.deliver = deliver;
  }
  async write(message: Message): Promise<void> {
    this.deliver(JSON.stringify(message));
  }
  end(): void {}
}
