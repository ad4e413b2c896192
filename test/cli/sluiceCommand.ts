/**
 * The built `sluice` command as a child process, as a user would start it: what it prints, and how it ends. Needs
 * `npm run build`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../dist/runtime/cli.js', import.meta.url));

export interface CommandEnd {
  /** 128 + signal is not used: a killed command has code null. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
  readonly isOver: () => boolean;
  /** The first line on stdout for which `matches` answers true; fails when the command ends without one. */
  line(matches: (line: string) => boolean): Promise<string>;
  /** The first object with this type, of a command with --json. */
  object<T extends Record<string, unknown>>(type: string, matches?: (object: T) => boolean): Promise<T>;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A process group of its own, which can be killed as a whole. */
  readonly ownGroup?: boolean;
}

export function startCommand(args: readonly string[], options: CommandOptions): RunningCommand {
  if (!existsSync(cli)) throw new Error(`${cli} is not built; run npm run build`);
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: options.ownGroup ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting: {
    readonly matches: (line: string) => boolean;
    answer(line: string): void;
    fail(error: Error): void;
  }[] = [];
  let stderr = '';
  let isOver = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const wait of [...waiting]) {
      if (!wait.matches(line)) continue;
      waiting.splice(waiting.indexOf(wait), 1);
      wait.answer(line);
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<CommandEnd>((end) => {
    child.on('close', (code) => {
      isOver = true;
      for (const { fail } of waiting)
        fail(new Error(`sluice ${args.join(' ')} ended without the line:\n${lines.join('\n')}\n${stderr}`));
      end({ code, stdout: lines.map((line) => `${line}\n`).join(''), stderr });
    });
  });
  const line = (matches: (text: string) => boolean) =>
    new Promise<string>((answer, fail) => {
      const found = lines.find(matches);
      if (found !== undefined) answer(found);
      else if (isOver)
        fail(new Error(`sluice ${args.join(' ')} ended without the line:\n${lines.join('\n')}\n${stderr}`));
      else waiting.push({ matches, answer, fail });
    });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    isOver: () => isOver,
    line,
    object: async <T extends Record<string, unknown>>(
      type: string,
      matches: (object: T) => boolean = () => true,
    ) =>
      JSON.parse(
        await line((text) => {
          const object = JSON.parse(text) as T;
          return object.type === type && matches(object);
        }),
      ) as T,
  };
}

/** Runs to its end. */
export function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  return startCommand(args, options).ended;
}

/** Every object that a command with --json has printed. */
export function objectsOf(stdout: string): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
}
