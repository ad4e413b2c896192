/**
 * Runs an example as its reader would, by the built CLI, in a directory of its own that holds nothing but the data. The
 * output is what is committed there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/runtime/cli.js');

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class ExampleDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  /** How fast examples run that are started from now on: see examples/pace.ts. */
  pace = 'max';
  readonly #running = new Set<ChildProcess>();

  constructor() {
    cpSync(join(root, 'examples/data'), join(this.path, 'examples/data'), { recursive: true });
  }

  start(
    example: string,
    ...flags: readonly string[]
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    return this.#spawn('run', join(root, 'examples', example), ...flags);
  }

  /** Another command of the CLI, which must succeed. */
  async command(...words: readonly string[]): Promise<string> {
    const { code, output } = await this.#spawn(...words).ended;
    if (code !== 0) throw new Error(`sluice ${words.join(' ')} ended with exit code ${code}:\n${output}`);
    return output;
  }

  /** To its end, which must be a good one. */
  async run(example: string, ...flags: readonly string[]): Promise<string> {
    const { code, output } = await this.start(example, ...flags).ended;
    if (code !== 0) throw new Error(`${example} ended with exit code ${code}:\n${output}`);
    return output;
  }

  /** Committed records of a JSON Lines sink, part by part. */
  committed<T>(directory: string): T[] {
    const path = join(this.path, directory);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((name) => name.startsWith('part-'))
      .flatMap((name) => readFileSync(join(path, name), 'utf8').split('\n').slice(0, -1))
      .map((line) => JSON.parse(line) as T);
  }

  names(directory: string): readonly string[] {
    const path = join(this.path, directory);
    return existsSync(path) ? readdirSync(path).sort() : [];
  }

  data(name: string): string {
    return readFileSync(join(this.path, 'examples/data', name), 'utf8');
  }

  /** Looks again until it is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let left = 1_000; left > 0; left--) {
      if (isSo()) return;
      await pause(20);
    }
    throw new Error(`waited in vain: ${what}`);
  }

  #spawn(...words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const child = spawn(process.execPath, [cli, ...words], {
      cwd: this.path,
      env: { ...process.env, PACE: this.pace },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text.toString();
      });
    }
    const ended = new Promise<Ended>((done) => {
      child.on('close', (code) => {
        this.#running.delete(child);
        done({ code, output });
      });
    });
    return { child, ended };
  }

  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Order left aside. */
export const asMultiset = (records: readonly unknown[]): readonly string[] =>
  records.map((record) => JSON.stringify(record)).sort();
