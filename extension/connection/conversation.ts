/**
 * JSON-RPC over a link, typed by the protocol and checked at the door: what the runtime answers is parsed by the
 * schema of the request before anybody sees it. A conversation lives as long as one open socket.
 */
import {
  type CancellationToken,
  createMessageConnection,
  type Message,
  ResponseError,
} from 'vscode-jsonrpc/node';
import {
  type NotificationMethod,
  type NotificationParams,
  notifications,
  type RequestMethod,
  type RequestParams,
  type RequestResult,
  requests,
} from '../../runtime/protocol/messages.ts';

export interface Conversation {
  request<M extends RequestMethod>(
    method: M,
    params: RequestParams<M>,
    cancellation?: CancellationToken,
  ): Promise<RequestResult<M>>;
  /** Takes the text of one message of the peer. */
  receive(text: string): void;
  /** What is under way fails with a sentence that says so. */
  end(): void;
}

export interface ConversationListener {
  onNotification<M extends NotificationMethod>(method: M, params: NotificationParams<M>): void;
  /** A message that does not keep to the protocol. */
  onNonsense(text: string): void;
}

export function startConversation(
  send: (text: string) => void,
  listener: ConversationListener,
): Conversation {
  let deliver: (message: Message) => void = () => {};
  let disconnected: (error: Error) => void = () => {};
  const silence = { dispose: () => {} };
  const never = () => silence;

  const connection = createMessageConnection(
    {
      onError: never,
      onClose: never,
      onPartialMessage: never,
      listen(callback) {
        deliver = callback;
        return silence;
      },
      dispose: () => {},
    },
    {
      onError: never,
      onClose: never,
      write: async (message) => send(JSON.stringify(message)),
      end: () => {},
      dispose: () => {},
    },
  );
  const ended = new Promise<never>((_, reject) => {
    disconnected = reject;
  });
  // It is raced by requests; without any it would be an unhandled rejection.
  ended.catch(() => {});

  connection.onNotification((method, params) => {
    if (!isNotification(method)) return;
    const parsed = notifications[method].safeParse(params);
    if (parsed.success) listener.onNotification(method, parsed.data as NotificationParams<typeof method>);
    else listener.onNonsense(`${method}: ${parsed.error.message}`);
  });
  connection.listen();

  return {
    async request(method, params, cancellation) {
      // A third argument that is undefined would count as a second parameter.
      const answered =
        cancellation === undefined
          ? connection.sendRequest<unknown>(method, params)
          : connection.sendRequest<unknown>(method, params, cancellation);
      const parsed = requests[method].result.safeParse(await Promise.race([answered, ended]));
      if (parsed.success) return parsed.data as RequestResult<typeof method>;
      listener.onNonsense(`The answer to ${method}: ${parsed.error.message}`);
      throw new Error(`The runtime's answer to ${method} cannot be read.`);
    },
    receive(text) {
      const message = parse(text);
      if (message === null) listener.onNonsense(text.slice(0, 200));
      else deliver(message);
    },
    end() {
      disconnected(new Error('The connection to the runtime was lost.'));
      connection.dispose();
    },
  };
}

/** The error code that the protocol gave, or null when the failure is none of the runtime's answers. */
export function errorCodeOf(error: unknown): number | null {
  return error instanceof ResponseError ? error.code : null;
}

function isNotification(method: string): method is NotificationMethod {
  return Object.hasOwn(notifications, method);
}

function parse(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'jsonrpc' in value ? (value as Message) : null;
  } catch {
    return null;
  }
}
