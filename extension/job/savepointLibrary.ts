/**
 * A runtime without a job, for what can be asked about savepoints while nothing runs: list, show, compare, label,
 * delete. It is started by the first question and goes away when nobody has asked for a while.
 */
import { randomBytes } from 'node:crypto';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { RequestMethod, RequestParams, RequestResult } from '../../runtime/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../runtime/protocol/version.ts';
import { type Conversation, startConversation } from '../connection/conversation.ts';
import { createLink, type Endpoint } from '../connection/link.ts';
import type { LaunchCommand } from '../supervisor/launchCommand.ts';
import { type RuntimeProcess, startRuntime } from '../supervisor/runtimeProcess.ts';

export interface SavepointLibrary {
  /** Where its runtime listens; starts it. Call `release` of the lease when it is not needed any more. */
  open(): Promise<Lease>;
  request<M extends RequestMethod>(
    method: M,
    params: RequestParams<M>,
    cancellation?: CancellationToken,
  ): Promise<RequestResult<M>>;
  dispose(): Promise<void>;
}

/** While somebody holds one, the runtime stays. */
export interface Lease {
  readonly endpoint: Endpoint;
  release(): void;
}

export interface LibrarySurroundings {
  readonly workingDirectory: string;
  readonly dataDirectory: string;
  readonly clientVersion: string;
  command(): LaunchCommand;
  onLog(level: 'info' | 'warning' | 'error', text: string): void;
}

interface Opened {
  readonly endpoint: Endpoint;
  readonly conversation: Conversation;
}

const idleMs = 30_000;
const startMs = 10_000;

export function createSavepointLibrary(surroundings: LibrarySurroundings): SavepointLibrary {
  let process: RuntimeProcess | null = null;
  let opening: Promise<Opened> | null = null;
  let holders = 0;
  let idle: NodeJS.Timeout | undefined;

  const open = (): Promise<Opened> => {
    clearTimeout(idle);
    opening ??= start().catch((error: unknown) => {
      forget();
      throw error;
    });
    return opening;
  };

  const forget = () => {
    opening = null;
    process?.closeStdin();
    process = null;
  };

  const rest = () => {
    clearTimeout(idle);
    if (holders === 0) idle = setTimeout(forget, idleMs);
  };

  const start = () =>
    new Promise<Opened>((resolve, reject) => {
      const token = randomBytes(32).toString('hex');
      const { workingDirectory, dataDirectory, clientVersion } = surroundings;
      const deadline = setTimeout(() => reject(new Error('The runtime did not start in 10 s.')), startMs);
      let conversation: Conversation | null = null;

      const link = createLink({
        onState(state) {
          if (state.phase === 'open') {
            const started = startConversation((text) => void link.send(text), {
              onNotification: () => {},
              onNonsense: (text) => surroundings.onLog('warning', text),
            });
            conversation = started;
            const client = { name: 'vscode', version: clientVersion };
            started
              .request('initialize', { protocolVersion: PROTOCOL_VERSION, client })
              .then(() => {
                clearTimeout(deadline);
                const port = state.port;
                resolve({ endpoint: { port, token }, conversation: started });
              })
              .catch(reject);
          } else if (state.phase === 'lost' || state.phase === 'refused') {
            // Cheaper to start anew than to find out; the next question does.
            conversation?.end();
            link.dispose();
            reject(new Error('The connection to the runtime was lost.'));
            if (process === started) forget();
          }
        },
        onText: (text) => conversation?.receive(text),
      });

      const request = {
        token,
        workingDirectory,
        dataDirectory,
        givesWay: false,
        job: null,
        server: { port: 0, dashboard: false },
      };
      const started = startRuntime(surroundings.command(), request, {
        onReport(report) {
          if (report.type === 'listening') link.aim({ port: report.port, token });
          if (report.type === 'log' && report.level !== 'debug')
            surroundings.onLog(report.level, report.text);
          if (report.type === 'failed') reject(new Error(report.failure.message));
        },
        onText: (line) => surroundings.onLog('info', line),
        onExit({ lastWords }) {
          clearTimeout(deadline);
          conversation?.end();
          link.dispose();
          if (process === started) forget();
          reject(new Error(lastWords ?? 'The runtime ended before it answered.'));
        },
      });
      process = started;
    });

  return {
    async open() {
      holders += 1;
      let isHeld = true;
      const release = () => {
        if (!isHeld) return;
        isHeld = false;
        holders -= 1;
        rest();
      };
      try {
        return { endpoint: (await open()).endpoint, release };
      } catch (error) {
        release();
        throw error;
      }
    },
    async request(method, params, cancellation) {
      const { conversation } = await open();
      try {
        return await conversation.request(method, params, cancellation);
      } finally {
        rest();
      }
    },
    async dispose() {
      clearTimeout(idle);
      const ending = process;
      if (ending === null) return;
      ending.closeStdin();
      const deadline = setTimeout(() => ending.kill(), 2_000);
      await ending.exited;
      clearTimeout(deadline);
    },
  };
}
