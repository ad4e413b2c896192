/**
 * An orphan stops by itself within 5 s, unless the kernel has stopped it (SIGSTOP, a frozen container): then it holds its locks
 * for good, and would go on writing whenever it is woken. Nobody is answerable for it any more, so its successor ends it:
 * by the process's id and start time, which together are never a stranger's (processIdentity.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from './processIdentity.ts';
import type { RunningJob } from './runningJobs.ts';

const goneWithinMs = 5_000;

/** True when the recorded process was an orphan, did not stop by itself, and is gone now. Wait for it first. */
export async function endOrphan(recorded: RunningJob | null): Promise<boolean> {
  if (recorded === null || recorded.process.pid === process.pid) return false;
  const { process: orphan, supervisor } = recorded;
  // Where start times are not known, an id may have become a stranger's.
  if (orphan.startTicks === null || supervisor === null || isAlive(supervisor) || !isAlive(orphan))
    return false;
  try {
    process.kill(orphan.pid, 'SIGKILL');
  } catch {
    return false;
  }
  for (let waited = 0; isAlive(orphan) && waited < goneWithinMs; waited += 20) await pause(20);
  return !isAlive(orphan);
}
