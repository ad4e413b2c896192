/**
 * One runtime process: a thin skin around `child_process`, without decisions.
 *
 * The child lives as long as its stdin is open. The pipe is the leash: however the extension host goes away, closed,
 * reloaded or killed, the kernel closes the pipe, and the runtime notices and stops.
 */
import { spawn } from 'node:child_process';
import { type LaunchReport, type LaunchRequest, launchReport } from '../../runtime/protocol/launch.ts';
import type { LaunchCommand } from './launchCommand.ts';
import { cutLines } from './lines.ts';
import type { ProcessExit } from './supervision.ts';

export interface RuntimeProcess {
  readonly pid: number | undefined;
  /** Tells the runtime that it is not needed any more; it stops within 5 s. */
  closeStdin(): void;
  /** Ends it at once, without goodbye. */
  kill(): void;
  /** Settles when it is gone. */
  readonly exited: Promise<ProcessExit>;
}

export interface RuntimeListener {
  onReport(report: LaunchReport): void;
  /** A line for people: what it wrote to stderr, or to stdout without it being a report. */
  onText(line: string): void;
  /** Called exactly once, after the last report. */
  onExit(exit: ProcessExit): void;
}

/** A process that has exited is waited for this long when somebody else still holds its pipes. */
const drainMs = 500;

export function startRuntime(
  { command, args, env }: LaunchCommand,
  request: LaunchRequest,
  listener: RuntimeListener,
): RuntimeProcess {
  const child = spawn(command, args, {
    cwd: request.workingDirectory,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let lastWords: string | null = null;
  let isOver = false;
  let settle: (exit: ProcessExit) => void = () => {};
  const exited = new Promise<ProcessExit>((resolve) => {
    settle = resolve;
  });

  const stdout = cutLines((line) => {
    const report = parseReport(line);
    if (report === null) listener.onText(line);
    else listener.onReport(report);
  });
  const stderr = cutLines((line) => {
    lastWords = line.slice(0, 2_000);
    listener.onText(line);
  });
  child.stdout.setEncoding('utf8').on('data', stdout.push);
  child.stderr.setEncoding('utf8').on('data', stderr.push);

  const finish = (code: number | null, signal: string | null) => {
    if (isOver) return;
    isOver = true;
    stdout.end();
    stderr.end();
    const exit = { code, signal, lastWords };
    listener.onExit(exit);
    settle(exit);
  };
  child.on('close', finish);
  child.on('exit', (code, signal) => void setTimeout(() => finish(code, signal), drainMs).unref());
  child.on('error', (error) => {
    lastWords = error.message;
    // After a failed start there is no exit event.
    if (child.pid === undefined) finish(null, null);
  });
  // It may be gone before it has read its request; its exit tells.
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(request)}\n`);

  return {
    pid: child.pid,
    exited,
    closeStdin: () => void child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
  };
}

function parseReport(line: string): LaunchReport | null {
  if (!line.startsWith('{')) return null;
  try {
    const parsed = launchReport.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
