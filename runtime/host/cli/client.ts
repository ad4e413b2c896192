/** A client of a running job: the same protocol that the dashboard speaks, with every answer checked. */
import { WebSocket } from 'ws';
import {
  type NotificationMethod,
  type NotificationParams,
  notifications,
  type RequestMethod,
  type RequestParams,
  type RequestResult,
  requests,
} from '../../protocol/messages.ts';
import {
  errorCodes,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from '../../protocol/version.ts';
import { runtimeVersion } from '../ownFiles.ts';
import { CliError, exitCodes } from './cliError.ts';

export interface ClientAddress {
  readonly port: number;
  readonly token: string;
}

type Listener = <M extends NotificationMethod>(method: M, params: NotificationParams<M>) => void;

interface Pending {
  readonly method: RequestMethod;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class Client {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #listener: Listener | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(data.toString()));
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) {
        reject(new CliError(exitCodes.jobFailed, 'The runtime went away before it answered.'));
      }
      this.#pending.clear();
    });
  }

  /** Connects and introduces itself. */
  static async connect({ port, token }: ClientAddress): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, [
      SUBPROTOCOL,
      `${TOKEN_SUBPROTOCOL_PREFIX}${token}`,
    ]);
    await new Promise<void>((opened, failed) => {
      socket.once('open', () => opened());
      socket.once('error', (error) => {
        failed(new CliError(exitCodes.notFound, `No runtime answers on port ${port}: ${error.message}.`));
      });
    });
    socket.on('error', () => socket.terminate());
    const client = new Client(socket);
    await client.request('initialize', {
      protocolVersion: PROTOCOL_VERSION,
      client: { name: 'sluice-cli', version: runtimeVersion },
    });
    return client;
  }

  request<M extends RequestMethod>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    const id = this.#nextId++;
    return new Promise<RequestResult<M>>((resolve, reject) => {
      this.#pending.set(id, { method, resolve: (result) => resolve(result as RequestResult<M>), reject });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  onNotification(listener: Listener): void {
    this.#listener = listener;
  }

  close(): void {
    this.#socket.close();
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as {
      id?: number;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { code: number; message: string; data?: unknown };
    };
    if (message.method !== undefined) {
      const method = message.method as NotificationMethod;
      const parsed = notifications[method]?.safeParse(message.params);
      if (parsed?.success === true)
        this.#listener?.(method, parsed.data as NotificationParams<typeof method>);
      return;
    }
    const pending = this.#pending.get(message.id ?? -1);
    if (pending === undefined) return;
    this.#pending.delete(message.id ?? -1);
    if (message.error !== undefined) {
      pending.reject(
        new CliError(exitCodeOf(message.error.code), message.error.message, message.error.data ?? null),
      );
      return;
    }
    const parsed = requests[pending.method].result.safeParse(message.result);
    if (parsed.success) pending.resolve(parsed.data);
    else
      pending.reject(
        new CliError(
          exitCodes.jobFailed,
          `The runtime's answer to ${pending.method} is not valid: ${parsed.error.message}`,
        ),
      );
  }
}

function exitCodeOf(code: number): number {
  if (code === errorCodes.notFound) return exitCodes.notFound;
  if (code === errorCodes.notCompatible || code === errorCodes.incompatibleVersion)
    return exitCodes.notCompatible;
  return exitCodes.jobFailed;
}
