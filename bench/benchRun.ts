/** A built `sluice run` that a measurement watches: its objects with the time at which they came. Needs `npm run build`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/runtime/cli.js', import.meta.url));

export type SaidObject = Record<string, unknown> & { readonly type: string };
export interface Said {
  readonly object: SaidObject;
  /** performance.now() */
  readonly at: number;
}

export class BenchRun {
  readonly startedAt = performance.now();
  readonly workspace: string;
  readonly said: Said[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isOver = false;
  #waiting: (() => void)[] = [];
  #stderr = '';

  /** `pipeline`: its file, seen from this folder. */
  constructor(pipeline: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.workspace = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const file = fileURLToPath(new URL(`./${pipeline}`, import.meta.url));
    this.#child = spawn(process.execPath, [cli, 'run', file, '--json', ...args], {
      cwd: this.workspace,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.said.push({ object: JSON.parse(line) as SaidObject, at: performance.now() });
      this.#wake();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#ended = new Promise((ended) => {
      this.#child.on('close', () => {
        this.#isOver = true;
        this.#wake();
        ended();
      });
    });
  }

  /** The first object after `after` (performance.now()) for which `matches` answers true. */
  async until(matches: (object: SaidObject) => boolean, after = 0): Promise<Said> {
    for (;;) {
      const found = this.said.find(({ object, at }) => at >= after && matches(object));
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`the run ended early: ${this.#stderr}`);
      await new Promise<void>((woken) => this.#waiting.push(woken));
    }
  }

  /** A line that the pipeline printed, `bench <what> <value>`. */
  async line(what: string, after = 0): Promise<{ readonly value: string; readonly at: number }> {
    const prefix = `bench ${what}`;
    const { object, at } = await this.until(
      ({ type, text }) => type === 'log' && String(text).startsWith(prefix),
      after,
    );
    return { value: String(object.text).slice(prefix.length).trim(), at };
  }

  lines(what: string, from: number, to: number): readonly number[] {
    const prefix = `bench ${what}`;
    return this.said
      .filter(
        ({ object, at }) =>
          at >= from && at <= to && object.type === 'log' && String(object.text).startsWith(prefix),
      )
      .map(({ object }) => Number(String(object.text).slice(prefix.length)));
  }

  running(): { readonly process: { readonly pid: number }; readonly port: number; readonly token: string } {
    const job = this.said.find(({ object }) => object.type === 'planned')?.object.job as string;
    return JSON.parse(
      readFileSync(join(this.workspace, '.sluice/jobs', job, 'running.json'), 'utf8'),
    ) as ReturnType<BenchRun['running']>;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGINT');
    this.#child.kill('SIGINT');
    await this.#ended;
    rmSync(this.workspace, { recursive: true, force: true });
  }

  #wake(): void {
    for (const woken of this.#waiting.splice(0)) woken();
  }
}

/** Seconds from "running" to "ended" of a bounded pipeline, so its last checkpoint is part of them. */
export async function secondsToEnd(
  pipeline: string,
  parallelism: number,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const run = new BenchRun(pipeline, ['--parallelism', String(parallelism)], env);
  const begun = await run.until(({ type }) => type === 'running');
  await run.until(({ type }) => type === 'ended');
  // By the runtime's own clock: on a busy machine its lines come late.
  const seconds = (Date.now() - Number(begun.object.at)) / 1_000;
  await run.end();
  return seconds;
}
