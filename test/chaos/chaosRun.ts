/**
 * One run of the chaos pipeline: killed with `kill -9` one to five times, at least once before its first checkpoint and at
 * least once after one has completed, and continued each time with `--from latest`. Everything that is left to chance
 * comes from the seed, except for time itself: a replay hits the same places roughly, not exactly.
 *
 *   group           command and runtime die at once; a new command goes on
 *   runtime         its command notices and has it going again by itself
 *   command         the runtime is an orphan, stops by itself, and the next command waits for it
 *   thread          one of the runtime's threads ends; the job goes on by itself
 *   pause           the runtime is stopped (SIGSTOP) for a while and goes on (SIGCONT)
 *   paused orphan   the runtime is stopped and its command dies: it cannot stop by itself, so the next command ends it
 *   full disk       for a while nothing can be written (smallDisk.ts); what fails is tried again
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unreachable } from '../../runtime/base/assert.ts';
import { type Random, seededRandom } from '../../runtime/base/random.ts';
import { type RunningCommand, startCommand } from '../cli/sluiceCommand.ts';
import { type Deviation, deviation, expectedLines } from './expected.ts';
import { fill, mountSmallDisk, unmount } from './smallDisk.ts';

export interface ChaosResult {
  readonly seed: number;
  readonly parallelism: readonly number[];
  /** What was killed, in order. */
  readonly kills: readonly string[];
  readonly exitCode: number | null;
  readonly deviation: Deviation;
  readonly committed: number;
  readonly superseded: number;
  readonly log: string;
}

export const strikes = [
  'group',
  'runtime',
  'command',
  'thread',
  'pause',
  'paused orphan',
  'full disk',
] as const;
export type Strike = (typeof strikes)[number];

const records = 18_000;
const perSecond = 6_000;
const pipelineFile = fileURLToPath(new URL('./pipeline.ts', import.meta.url));

export interface ChaosOptions {
  /** On a disk of its own that can be filled. */
  readonly onSmallDisk: boolean;
  /** After the first strike everything is one of these; null: drawn. */
  readonly only: readonly Strike[] | null;
}

/** `directory` is empty; everything of the run goes there. A small disk stays mounted where the run went wrong. */
export async function chaosRun(
  seed: number,
  directory: string,
  options: ChaosOptions = { onSmallDisk: false, only: null },
): Promise<ChaosResult> {
  const run = new ChaosRun(seededRandom(seed), seed, directory, options);
  await mkdir(directory, { recursive: true });
  if (options.onSmallDisk) mountSmallDisk(directory);
  const exitCode = await run.live();
  const result = resultOf(run, exitCode, seed, directory);
  const { missing, unexpected } = result.deviation;
  const isRight = exitCode === 0 && missing.length + unexpected.length === 0;
  if (options.onSmallDisk && isRight) unmount(directory);
  return result;
}

function resultOf(run: ChaosRun, exitCode: number | null, seed: number, directory: string): ChaosResult {
  const committed = committedLines(join(directory, 'out'));
  return {
    seed,
    parallelism: run.parallelism,
    kills: run.kills,
    exitCode,
    deviation: deviation(committed, expectedLines(records)),
    committed: committed.length,
    superseded: readdirSync(join(directory, 'out')).filter((name) => name.startsWith('.superseded')).length,
    log: run.log,
  };
}

export function committedLines(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
}

const overtakings = [['--unaligned'], [], ['--unaligned', '--aligned-timeout', '20ms']];

class ChaosRun {
  readonly #random: Random;
  readonly #directory: string;
  readonly #options: ChaosOptions;
  #mode: number;
  readonly kills: string[] = [];
  readonly parallelism: number[] = [];
  log = '';

  constructor(random: Random, seed: number, directory: string, options: ChaosOptions) {
    this.#random = random;
    this.#options = options;
    this.#mode = seed;
    this.#directory = directory;
  }

  async live(): Promise<number | null> {
    const later = this.#random.below(4);
    // Its first checkpoint is far away, so that it surely dies before.
    let command = this.#start(['--checkpoint-interval', '30s']);
    await pause(50 + this.#random.below(1_200));
    command = await this.#strike(command, 'before the first checkpoint');
    for (let kill = 0; kill < later + 1; kill++) {
      if (kill === 0) await this.#checkpointCompleted(command);
      await pause(this.#random.below(kill === 0 ? 600 : 900));
      if (command.isOver() && (await command.ended).code === 0) break;
      command = await this.#strike(command, kill === 0 ? 'after a checkpoint' : 'later');
    }
    const end = await command.ended;
    this.log += end.stdout + end.stderr;
    return end.code;
  }

  #start(more: readonly string[]): RunningCommand {
    const parallelism = 1 + this.#random.below(3);
    this.parallelism.push(parallelism);
    // Each start chooses: what an unaligned checkpoint holds is restored by a run that takes aligned ones, too.
    const overtaking = overtakings[this.#mode++ % overtakings.length] ?? [];
    const args = ['run', pipelineFile, '--from', 'latest', '--parallelism', String(parallelism)];
    // And so it is with the place of state, and with what a checkpoint stands on.
    if (this.#random.below(3) === 0) args.push('--state-backend', 'disk');
    if (this.#random.below(3) === 0) args.push('--full-checkpoints');
    args.push(...overtaking, ...more);
    return startCommand(args, {
      cwd: this.#directory,
      env: { CHAOS_RECORDS: String(records), CHAOS_PER_SECOND: String(perSecond) },
      ownGroup: true,
    });
  }

  /** Strikes somebody and answers the command that goes on. */
  async #strike(command: RunningCommand, when: string): Promise<RunningCommand> {
    const runtime = this.#runtimePid();
    const strike = this.#drawn(runtime, when === 'before the first checkpoint');
    this.kills.push(`${strike} ${when}`);
    switch (strike) {
      case 'group':
        kill(-command.pid);
        break;
      case 'command':
        kill(command.pid);
        break;
      case 'runtime':
        kill(runtime ?? 0);
        // The interval of the first life would keep it from ever completing a checkpoint.
        if (when !== 'before the first checkpoint') return command;
        kill(-command.pid);
        break;
      case 'paused orphan':
        kill(runtime ?? 0, 'SIGSTOP');
        kill(command.pid);
        break;
      case 'pause':
        kill(runtime ?? 0, 'SIGSTOP');
        await pause(this.#random.below(2_500));
        kill(runtime ?? 0, 'SIGCONT');
        return command;
      case 'thread':
        writeFileSync(join(this.#directory, 'end-thread'), '');
        return command;
      case 'full disk': {
        const makeRoom = fill(this.#directory);
        await pause(200 + this.#random.below(1_200));
        makeRoom();
        return command;
      }
      default:
        unreachable(strike);
    }
    // Its pipes are open as long as the runtime is there.
    if (strike !== 'paused orphan') {
      const end = await command.ended;
      this.log += end.stdout + end.stderr;
    }
    return this.#start([]);
  }

  #drawn(runtime: number | null, isFirst: boolean): Strike {
    if (runtime === null) return 'group';
    const kills: readonly Strike[] = ['group', 'group', 'runtime', 'runtime', 'command'];
    const milder: readonly Strike[] = ['thread', 'thread', 'pause', 'pause', 'paused orphan'];
    const full: readonly Strike[] = this.#options.onSmallDisk ? ['full disk', 'full disk', 'full disk'] : [];
    const drawn = isFirst ? kills : (this.#options.only ?? [...kills, ...milder, ...full]);
    return drawn[this.#random.below(drawn.length)] ?? 'group';
  }

  #runtimePid(): number | null {
    try {
      const text = readFileSync(join(this.#directory, '.sluice/jobs/chaos/running.json'), 'utf8');
      const { process } = JSON.parse(text) as { process: { pid: number } };
      return process.pid;
    } catch {
      return null;
    }
  }

  async #checkpointCompleted(command: RunningCommand): Promise<void> {
    const checkpoints = join(this.#directory, '.sluice/jobs/chaos/checkpoints');
    while (!command.isOver()) {
      if (names(checkpoints).some((name) => name.startsWith('chk-'))) return;
      await pause(10);
    }
  }
}

function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Somebody who is gone already cannot be killed. */
function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    // 0 would be this group.
    if (pid !== 0) process.kill(pid, signal);
  } catch {
    // Gone.
  }
}
