/**
 * One run of the chaos pipeline: killed with `kill -9` one to five times, at least once before its first checkpoint and at
 * least once after one has completed, and continued each time with `--from latest`. Everything that is left to chance
 * comes from the seed, except for time itself: a replay hits the same places roughly, not exactly.
 *
 *   the group    command and runtime die at once; a new command goes on
 *   the runtime  its command notices and has it going again by itself
 *   the command  the runtime is an orphan, stops by itself, and the next command waits for it
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Random, seededRandom } from '../../runtime/base/random.ts';
import { type RunningCommand, startCommand } from '../cli/sluiceCommand.ts';
import { type Deviation, deviation, expectedLines } from './expected.ts';

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

type Victim = 'group' | 'runtime' | 'command';

const records = 18_000;
const perSecond = 6_000;
const pipelineFile = fileURLToPath(new URL('./pipeline.ts', import.meta.url));

/** `directory` is empty; everything of the run goes there. */
export async function chaosRun(seed: number, directory: string): Promise<ChaosResult> {
  const run = new ChaosRun(seededRandom(seed), seed, directory);
  await mkdir(directory, { recursive: true });
  const exitCode = await run.live();
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
  #mode: number;
  readonly kills: string[] = [];
  readonly parallelism: number[] = [];
  log = '';

  constructor(random: Random, seed: number, directory: string) {
    this.#random = random;
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
    args.push(...overtaking, ...more);
    return startCommand(args, {
      cwd: this.#directory,
      env: { CHAOS_RECORDS: String(records), CHAOS_PER_SECOND: String(perSecond) },
      ownGroup: true,
    });
  }

  /** Kills somebody and answers the command that goes on. */
  async #strike(command: RunningCommand, when: string): Promise<RunningCommand> {
    const runtime = this.#runtimePid();
    const victims: readonly Victim[] =
      runtime === null ? ['group'] : ['group', 'group', 'runtime', 'runtime', 'command'];
    const victim = victims[this.#random.below(victims.length)] ?? 'group';
    this.kills.push(`${victim} ${when}`);
    if (victim === 'runtime' && runtime !== null) {
      kill(runtime);
      // The interval of the first life would keep it from ever completing a checkpoint.
      if (when !== 'before the first checkpoint') return command;
      kill(-command.pid);
    } else kill(victim === 'group' ? -command.pid : command.pid);
    const end = await command.ended;
    this.log += end.stdout + end.stderr;
    return this.#start([]);
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
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}
