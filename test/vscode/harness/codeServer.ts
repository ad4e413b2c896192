/** code-server's own VS Code server: started on a free port of loopback, stopped with all of its children. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface CodeServer {
  readonly port: number;
  /** Resolves when it has ended by itself. */
  readonly died: Promise<unknown>;
  stop(): Promise<void>;
}

interface Folders {
  readonly codeServer: string;
  /** Takes the sockets and everything else that would otherwise go to the home directory. */
  readonly temporary: string;
  readonly userData: string;
  readonly extensions: string;
}

const startTimeoutMs = 60_000;
const politeStopMs = 5_000;

export async function startCodeServer(folders: Folders, onLog: (text: string) => void): Promise<CodeServer> {
  const server = spawn(
    process.execPath,
    [
      join(folders.codeServer, 'lib/vscode/out/server-main.js'),
      '--host=127.0.0.1',
      '--port=0',
      '--without-connection-token',
      '--accept-server-license-terms',
      '--telemetry-level=off',
      '--disable-workspace-trust',
      // Without it the page's payload, and with it the extension under test, is ignored.
      '--enable-smoke-test-driver',
      `--server-data-dir=${join(folders.temporary, 'server')}`,
      `--user-data-dir=${folders.userData}`,
      `--extensions-dir=${folders.extensions}`,
    ],
    // A group of its own, so that stopping reaches the extension hosts and whatever they have started.
    { env: environment(folders.temporary), detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const died = once(server, 'exit');
  try {
    const port = await listeningPort(server, onLog);
    return { port, died, stop: () => stop(server, died) };
  } catch (error) {
    await stop(server, died);
    throw error;
  }
}

function environment(temporary: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ELECTRON_RUN_AS_NODE: __, ...env } = process.env;
  // An empty gallery keeps it off the network.
  return { ...env, EXTENSIONS_GALLERY: '{}', XDG_RUNTIME_DIR: temporary };
}

async function listeningPort(server: ChildProcess, onLog: (text: string) => void): Promise<number> {
  let log = '';
  const port = new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      onLog(chunk.toString());
      if (log === 'listening') return;
      log += chunk;
      const match = /agent listening on (\d+)/.exec(log);
      if (match === null) return;
      log = 'listening';
      resolve(Number(match[1]));
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`The server of VS Code ended with ${code}:\n${log}`)));
  });
  const tooLate = new AbortController();
  const timeout = delay(startTimeoutMs, undefined, { signal: tooLate.signal, ref: false }).then(() => {
    throw new Error(`The server of VS Code did not start:\n${log}`);
  });
  timeout.catch(ignoreAbort);
  return Promise.race([port, timeout]).finally(() => tooLate.abort());
}

async function stop(server: ChildProcess, died: Promise<unknown>): Promise<void> {
  if (server.pid === undefined) return;
  if (server.exitCode === null) {
    signalGroup(server.pid, 'SIGTERM');
    await Promise.race([died, delay(politeStopMs, undefined, { ref: false })]);
  }
  // Also when the server has gone: its children may not have.
  signalGroup(server.pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Nobody is left in the group, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}
