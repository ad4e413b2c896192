/**
 * What befalls a running job in a simulated life, beside being killed: what a user asks for, an author's error, a thread that
 * dies, a clock that is set. Whoever asks must be answered before the job is over.
 */
import type { Random } from '../../runtime/base/random.ts';
import { type CheckpointMode, modeText } from '../../runtime/checkpoint/checkpointMode.ts';
import type { RestorePoint, TakenSnapshot } from '../../runtime/engine/job/jobMaster.ts';
import type { Life } from './life.ts';
import { forgetAfter } from './points.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedProcess } from './simulatedProcess.ts';

export interface Acting {
  readonly random: Random;
  readonly process: SimulatedProcess;
  readonly scheduler: Scheduler;
  readonly life: Life;
  /** Those that may still be gone back to, oldest first. */
  readonly savepoints: RestorePoint[];
  readonly story: string[];
  readonly kinds: Set<string>;
  readonly trap: Trap;
  /** What was asked of this process and not answered yet. */
  readonly asked: Set<string>;
}

/** An author's error that comes once, in the next record that passes. */
export class Trap {
  static readonly message = 'an author threw this';
  #isSet = false;

  set(): void {
    this.#isSet = true;
  }

  pass(): void {
    if (!this.#isSet) return;
    this.#isSet = false;
    throw new Error(Trap.message);
  }
}

const HOUR_MS = 3_600_000;

/** One of them, drawn. */
export const act = (acting: Acting): void => {
  const { random, process, scheduler, life, savepoints, story, kinds, trap } = acting;
  switch (random.below(12)) {
    case 0:
    case 1: {
      const take = answered(acting, 'savepoint', keep(acting));
      process.master.takeSavepoint({ label: 'simulated', notes: null }, take);
      break;
    }
    case 2:
      askForCheckpoint(acting);
      break;
    case 3: {
      // What comes after an end that was told too early has windows of its own, and the oracle knows of none.
      const drain = life.palette === 'growing' && random.below(2) === 0;
      const what = drain ? 'stop with drain' : 'stop with savepoint';
      process.master.stop({ drain, label: null }, answered(acting, what, keep(acting)));
      break;
    }
    case 4:
      story.push('a thread dies');
      kinds.add('thread dies');
      process.killThread(random.below(process.threadCount || 1));
      break;
    case 5:
      kinds.add('author throws');
      trap.set();
      break;
    case 6:
    case 7:
      goBack(acting);
      break;
    case 8:
      if (random.below(4) > 0) break;
      story.push('cancelled');
      process.master.cancel();
      break;
    case 9:
      if (life.clocks === 'jumping') setClock(scheduler, random, story);
      break;
    case 10:
      switchMode(acting);
      break;
    default:
      process.master.abortCheckpoint(savepoints.length + random.below(20));
  }
};

/** Faults are over when this is asked: it must be answered, too. */
export const askForCheckpoint = (acting: Acting): void =>
  acting.process.master.triggerCheckpoint(answered<TakenSnapshot>(acting, 'checkpoint by hand', () => {}));

const goBack = (acting: Acting): void => {
  const { random, process, savepoints, story } = acting;
  const point = savepoints[random.below(savepoints.length || 1)];
  if (point === undefined) return;
  story.push(`going on from savepoint #${point.manifest.checkpointId}`);
  const parallelism = random.below(2) === 0 ? null : 1 + random.below(4);
  process.master.restore(
    point,
    parallelism,
    answered<null>(acting, 'restore while it runs', () => {}),
  );
  forgetAfter(savepoints, point);
};

/** Between the modes that hold exactly-once: what at-least-once has doubled stays doubled. */
const switchMode = (acting: Acting): void => {
  const { random, process, life, story } = acting;
  if (life.travel === 'at-least-once') return;
  const drawn = random.below(3);
  const mode: CheckpointMode = {
    mode: 'exactly-once',
    unaligned: drawn > 0,
    alignedTimeoutMs: drawn === 2 ? 1 + random.below(20) : 0,
  };
  story.push(`switching to ${modeText(mode)}`);
  process.master.switchMode(
    mode,
    answered<unknown>(acting, 'switched mode', () => {}),
  );
};

const setClock = (scheduler: Scheduler, random: Random, story: string[]): void => {
  const byMs = random.below(8) === 0 ? HOUR_MS : random.below(4_000) - 2_000;
  story.push(`the wall clock is set by ${byMs} ms`);
  scheduler.setWallClock(byMs);
};

const keep =
  ({ savepoints }: Acting) =>
  ({ manifest, path }: TakenSnapshot): void =>
    void savepoints.push({ manifest, directory: path, supersede: true, isLatest: false });

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** Counted as done only when it was. */
const answered = <T>(
  { asked, story, kinds }: Acting,
  what: string,
  take: (value: T) => void,
): ((answer: Answer<T>) => void) => {
  let name = what;
  while (asked.has(name)) name += ' again';
  asked.add(name);
  let isAnswered = false;
  return (answer) => {
    if (isAnswered) throw new Error(`answered twice: ${name}`);
    isAnswered = true;
    asked.delete(name);
    story.push(`${what}: ${answer.ok ? 'done' : answer.message}`);
    if (!answer.ok) return;
    kinds.add(what);
    take(answer.value);
  };
};
