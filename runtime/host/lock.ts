/**
 * One writer per directory: a lock that the kernel frees when its holder dies, however it dies. It is a listening local
 * socket whose name follows from the directory; whoever connects is told who holds it.
 *
 *   Linux    an abstract socket: no file, gone with the process
 *   Windows  a named pipe: the same
 *   others   a socket file, which outlives its process. Taking over a dead one is a race, so the winner asks its own
 *            name afterwards who answers there, and gives up when it is somebody else.
 *
 * The loser learns the holder's process and since when it runs. A holder that is shutting down, or whose supervisor
 * has gone (it will notice within moments), is waited for.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, ownProcess, type ProcessIdentity } from './processIdentity.ts';

export interface LockHolder {
  readonly process: ProcessIdentity;
  /** Who started it and is answerable for its end. */
  readonly supervisor: ProcessIdentity | null;
  readonly job: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly isStopping: boolean;
  readonly nonce: string;
}

export interface DirectoryLock {
  /** From now on a successor waits instead of giving up. */
  announceStopping(): void;
  release(): Promise<void>;
}

/** `holder` is null when it did not answer. */
export type LockOutcome =
  | { readonly ok: true; readonly lock: DirectoryLock }
  | { readonly ok: false; readonly holder: LockHolder | null };

export interface LockOptions {
  readonly job: string;
  readonly supervisor: ProcessIdentity | null;
  readonly now: number;
  /** How long a holder that is on its way out is waited for. */
  readonly patienceMs: number;
}

const pollMs = 50;
const answerMs = 1_000;

/** The directory must exist. */
export async function lockDirectory(directory: string, options: LockOptions): Promise<LockOutcome> {
  const address = lockAddress(directory);
  const giveUpAt = performance.now() + options.patienceMs;
  for (;;) {
    const record: LockHolder = {
      process: ownProcess(),
      supervisor: options.supervisor,
      job: options.job,
      since: options.now,
      isStopping: false,
      nonce: randomBytes(8).toString('hex'),
    };
    const lock = await tryToHold(address, record);
    if (lock !== null) return { ok: true, lock };
    const holder = await askHolder(address);
    if (holder === null && isSocketFile(address)) {
      // Nobody answers there: its process is gone.
      rmSync(address, { force: true });
      await pause(pollMs);
    }
    const isOnItsWayOut =
      holder === null || holder.isStopping || (holder.supervisor !== null && !isAlive(holder.supervisor));
    if (!isOnItsWayOut || performance.now() >= giveUpAt) return { ok: false, holder };
    await pause(pollMs);
  }
}

/** Who holds the directory's lock; null when nobody does or it does not answer. */
export function lockHolder(directory: string): Promise<LockHolder | null> {
  return askHolder(lockAddress(directory));
}

function lockAddress(directory: string): string {
  const hash = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32);
  switch (process.platform) {
    case 'linux':
      return `\0sluice-${hash}`;
    case 'win32':
      return `\\\\.\\pipe\\sluice-${hash}`;
    default: {
      // Not in the directory itself: a socket's path has room for about a hundred bytes. Not TMPDIR: it may differ.
      const parent = `/tmp/sluice-${process.getuid?.() ?? 0}`;
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      chmodSync(parent, 0o700);
      return join(parent, `${hash}.sock`);
    }
  }
}

async function tryToHold(address: string, record: LockHolder): Promise<DirectoryLock | null> {
  let told = record;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${JSON.stringify(told)}\n`);
  });
  if (!(await listens(server, address))) return null;
  server.unref();
  const lock: DirectoryLock = {
    announceStopping: () => {
      told = { ...told, isStopping: true };
    },
    release: () => new Promise((released) => server.close(() => released())),
  };
  if (!isSocketFile(address)) return lock;
  await pause(pollMs);
  if ((await askHolder(address))?.nonce === record.nonce) return lock;
  await lock.release();
  return null;
}

function listens(server: Server, address: string): Promise<boolean> {
  return new Promise((answer, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') answer(false);
      else fail(error);
    });
    server.listen(address, () => answer(true));
  });
}

function askHolder(address: string): Promise<LockHolder | null> {
  return new Promise((answer) => {
    const socket = connect(address);
    let text = '';
    const finish = (holder: LockHolder | null) => {
      socket.destroy();
      answer(holder);
    };
    socket.setTimeout(answerMs, () => finish(null));
    socket.on('error', () => finish(null));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.length > 4_096) finish(null);
    });
    socket.on('end', () => finish(parseHolder(text)));
  });
}

function parseHolder(text: string): LockHolder | null {
  try {
    const holder = JSON.parse(text) as LockHolder;
    return typeof holder.process?.pid === 'number' && typeof holder.since === 'number' ? holder : null;
  } catch {
    return null;
  }
}

function isSocketFile(address: string): boolean {
  return address.startsWith('/');
}
