/**
 * The runtime as a child of the command. Its stdin is the leash: it stays open as long as this process lives, and its end
 * makes the runtime stop. Reports come as lines on its stdout.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type LaunchReport, type LaunchRequest, launchReport } from '../../protocol/launch.ts';
import { failpointsVariable } from '../failpoints.ts';
import { entryPoint } from '../ownFiles.ts';

export interface RuntimeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RuntimeListener {
  report(report: LaunchReport): void;
  /** Text on stderr, line by line. */
  stderr(line: string): void;
  exited(exit: RuntimeExit): void;
}

export interface RuntimeProcess {
  readonly pid: number;
  /** It stops within 5 s. */
  closeStdin(): void;
  kill(): void;
}

/** `isRestart`: failpoints were for the first one, or nothing would ever come back. */
export function startRuntime(
  request: LaunchRequest,
  listener: RuntimeListener,
  isRestart: boolean,
): RuntimeProcess {
  const env = { ...process.env };
  if (isRestart) delete env[failpointsVariable];
  const child = spawn(process.execPath, [...process.execArgv, entryPoint('runtime')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env,
  });
  attend(child, listener);
  child.stdin?.on('error', () => {});
  child.stdin?.write(`${JSON.stringify(request)}\n`);
  return {
    pid: child.pid ?? 0,
    closeStdin: () => void child.stdin?.end(),
    kill: () => void child.kill('SIGKILL'),
  };
}

function attend(child: ChildProcess, listener: RuntimeListener): void {
  if (child.stdout === null || child.stderr === null) throw new TypeError('the runtime has no pipes');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = parse(line);
    if (report === null) listener.stderr(line);
    else listener.report(report);
  });
  createInterface({ input: child.stderr }).on('line', (line) => listener.stderr(line));
  child.on('error', (error) => {
    listener.stderr(error.message);
    listener.exited({ code: null, signal: null });
  });
  // `close` comes after the last report was read, `exit` may come before.
  child.on('close', (code, signal) => {
    if (child.pid !== undefined) listener.exited({ code, signal });
  });
}

function parse(line: string): LaunchReport | null {
  try {
    const parsed = launchReport.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
