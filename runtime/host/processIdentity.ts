/**
 * Which process is meant. A process id alone is reused; on Linux the kernel's start time beside it is not, so that
 * a record of a dead process is never taken for a living stranger.
 */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** The kernel's start time in ticks since boot; null where it is not known. */
  readonly startTicks: number | null;
}

export function ownProcess(): ProcessIdentity {
  const startTicks = startTicksOf(process.pid);
  return { pid: process.pid, startTicks: startTicks === 'zombie' ? null : startTicks };
}

/** Whoever started this process. */
export function supervisorProcess(): ProcessIdentity {
  const startTicks = startTicksOf(process.ppid);
  return { pid: process.ppid, startTicks: startTicks === 'zombie' ? null : startTicks };
}

export function isAlive(identity: ProcessIdentity): boolean {
  if (!exists(identity.pid)) return false;
  const startTicks = startTicksOf(identity.pid);
  if (startTicks === 'zombie') return false;
  return identity.startTicks === null || startTicks === null || startTicks === identity.startTicks;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is there as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function startTicksOf(pid: number): number | 'zombie' | null {
  if (process.platform !== 'linux') return null;
  try {
    // The name, in brackets, may hold anything; fields are counted behind it. 3 is the state, 22 the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
    if (fields[0] === 'Z' || fields[0] === 'X') return 'zombie';
    return Number(fields[19]);
  } catch {
    return null;
  }
}
