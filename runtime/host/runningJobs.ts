/**
 * How a running job is found: a file in the data directory, for its owner's eyes only, with the address and the token of
 * the runtime. It is a hint, not a lock: a file whose process is gone is cleared away by whoever comes next.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFileDurably } from './checkpointStorage.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { isAlive, type ProcessIdentity } from './processIdentity.ts';

export interface RunningJob {
  readonly job: string;
  readonly runId: string;
  readonly process: ProcessIdentity;
  readonly port: number;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly pipelineFile: string;
  readonly workingDirectory: string;
  /** As the run was told; null: as the pipeline says. */
  readonly parallelism: number | null;
  /** Who started it and is answerable for its end. */
  readonly supervisor: ProcessIdentity | null;
}

export async function recordRunningJob(data: DataDirectory, running: RunningJob): Promise<void> {
  await mkdir(data.job(running.job), { recursive: true });
  await replaceFileDurably(data.runningFile(running.job), `${JSON.stringify(running, null, 2)}\n`, 0o600);
}

/** Only the run that wrote it: a successor's record stays. */
export function forgetRunningJob(data: DataDirectory, running: RunningJob): void {
  const recorded = readRunningJob(data.runningFile(running.job));
  if (recorded?.runId === running.runId) rmSync(data.runningFile(running.job), { force: true });
}

/** What is recorded, whether its process lives or not. */
export function recordedJob(data: DataDirectory, job: string): RunningJob | null {
  return readRunningJob(data.runningFile(job));
}

/** All that run now, by name. */
export function runningJobs(data: DataDirectory): readonly RunningJob[] {
  const names = attempt(() => readdirSync(data.jobs)) ?? [];
  return names
    .sort()
    .map((name) => readRunningJob(join(data.jobs, name, 'running.json')))
    .filter((running) => running !== null && isAlive(running.process)) as RunningJob[];
}

function readRunningJob(path: string): RunningJob | null {
  return attempt(() => {
    const running = JSON.parse(readFileSync(path, 'utf8')) as RunningJob;
    const isWhole =
      typeof running.job === 'string' &&
      typeof running.port === 'number' &&
      typeof running.token === 'string' &&
      typeof running.process?.pid === 'number';
    if (!isWhole) return null;
    return { ...running, parallelism: running.parallelism ?? null, supervisor: running.supervisor ?? null };
  });
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
