/**
 * A whole job in one thread without a thread: the real job master, the real checkpoint coordinator and the real tasks,
 * with a queue for messages, memory for disks and a clock that moves when it is told to. Everything happens inside the
 * calls of a test, in one order.
 *
 * - M1. `settle` goes on until nothing moves: no message is on its way, no task progresses, nothing is due by the clock.
 * - M2. Whatever the author's code throws ends the run and is thrown to the test. Only `fail` is recovered from.
 */
import { ManualClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Outcome } from '../checkpoint/storage.ts';
import type { TaskFailure } from '../engine/control/messages.ts';
import type { JobFact } from '../engine/job/facts.ts';
import { JobMaster, type TakenSnapshot } from '../engine/job/jobMaster.ts';
import type { JobDefinition } from '../graph/jobDefinition.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { MemorySnapshots } from './memorySnapshots.ts';
import { MemoryTasks } from './memoryTasks.ts';
import { Savepoint, type World } from './savepoint.ts';
import { checkStart, restorePoint, type StartOptions, steered } from './startOf.ts';
import { OperatorFailed, TestKitError } from './testError.ts';

export interface MemoryJobOptions extends StartOptions {
  /** Evaluates the pipeline, at the parallelism that it is to have; called for every deployment. */
  readonly define: () => JobDefinition;
  /** Where the clock begins, milliseconds since the epoch. */
  readonly now: number;
  /** What a savepoint keeps of the test around the job. */
  readonly world: () => Omit<World, 'files' | 'now'>;
}

/** What the author's functions said with `log`. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly text: string;
}

/** A source may have more without giving a record (it skips empty lines): it is due, though nothing was seen to move. */
const STILL_TURNS_MAX = 10_000;
/** A job that has not come to rest after so many turns never will. */
const TURNS_MAX = 500_000;

export class MemoryJob {
  readonly clock: ManualClock;
  readonly files: MemoryFiles;
  readonly tasks: MemoryTasks;
  readonly logged: LoggedLine[] = [];
  readonly #world: MemoryJobOptions['world'];
  readonly #snapshots: MemorySnapshots;
  readonly #master: JobMaster;
  /** Messages and answers that are on their way. */
  readonly #calls: (() => void)[] = [];
  /** The test asked for the failure that is under way. */
  #failsByHand = false;
  #failure: TaskFailure | null = null;

  constructor(options: MemoryJobOptions) {
    const { define, restore, now } = options;
    const later = (call: () => void) => {
      this.#calls.push(call);
    };
    const graph = steered(define().graph);
    checkStart(graph, options);
    this.#world = options.world;
    this.clock = new ManualClock(now);
    this.files = new MemoryFiles(later);
    this.#snapshots = new MemorySnapshots(later);
    if (restore !== null) {
      this.files.restore(restore.world.files);
      this.#snapshots.put(restore.data);
    }
    for (const [path, text] of Object.entries(options.files)) this.files.put(path, text);
    this.tasks = new MemoryTasks({
      define,
      fingerprint: graph.fingerprint,
      clock: this.clock,
      files: this.files,
      snapshots: this.#snapshots,
      later,
      onMessage: (message) => this.#master.fromWorker(0, message),
      onGone: () => this.#master.threadsGone(),
    });
    const nextCheckpointId = (restore?.manifest.checkpointId ?? 0) + 1;
    this.#master = new JobMaster({
      graph,
      parallelism: null,
      threadsMax: 1,
      settings: graph.checkpoints,
      // Savepoints follow each other with rising ids, so runs that come of each other have names of their own.
      runId: `run-${nextCheckpointId}`,
      sluiceVersion: 'test',
      clock: this.clock,
      random: seededRandom(1),
      storage: this.#snapshots,
      deployer: this.tasks,
      emit: (fact) => this.#heard(fact),
      restore: restorePoint(restore),
      nextCheckpointId,
      retained: [],
    });
    this.#master.start();
    // Opens the tasks and hears that they run; no record is read yet.
    this.tasks.step();
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call();
    this.#throwFailure();
  }

  /** Every task has ended and the last checkpoint is committed, or the job was stopped. */
  get isOver(): boolean {
    const { status } = this.#master;
    return status === 'finished' || status === 'suspended';
  }

  /** Until nothing moves (M1). Throws OperatorFailed (M2). */
  settle(): void {
    this.#throwFailure();
    this.tasks.listen();
    let still = 0;
    for (let turns = 0; still === 0 || (this.#isDue() && still < STILL_TURNS_MAX); turns++) {
      still = this.#turn() ? 0 : still + 1;
      if (turns < TURNS_MAX) continue;
      throw new TestKitError(
        `The pipeline does not come to rest: after ${TURNS_MAX} turns there is still something to do. Does a source give records without end? Replace it by a testSource.`,
      );
    }
    this.#throwFailure();
  }

  /** The clock goes on, from one moment at which something is due to the next. */
  advance(durationMs: number): void {
    const until = this.clock.now() + durationMs;
    this.settle();
    for (let due = this.#nextDue(); due !== null && due <= until; due = this.#nextDue()) {
      // What is due already and does not move waits for something else.
      if (due <= this.clock.now()) break;
      this.clock.advance(due - this.clock.now());
      this.settle();
    }
    this.clock.advance(until - this.clock.now());
    this.settle();
  }

  checkpoint(): void {
    this.#taken('checkpoint', (done) => this.#master.triggerCheckpoint(done));
  }

  savepoint(): Savepoint {
    return this.#saved('savepoint', (done) => this.#master.takeSavepoint({ label: null, notes: null }, done));
  }

  /** The job ends with a savepoint. `drain`: its sources end before. */
  stop(options: { readonly drain: boolean }): Savepoint {
    return this.#saved('stop', (done) => this.#master.stop({ ...options, label: null }, done));
  }

  /** Tasks fail; the job goes on from its last completed checkpoint, or from where it began. */
  fail(): void {
    this.settle();
    if (this.isOver) throw new TestKitError(`The job is ${this.#master.status}: nothing of it can fail.`);
    this.tasks.fail();
    this.#failsByHand = true;
    this.#master.threadDied(0, 'it was failed by the test');
    this.#failsByHand = false;
    this.settle();
  }

  // --- turns ----------------------------------------------------------------------------------------------------

  /** Answers whether anything moved. */
  #turn(): boolean {
    if (this.#failure !== null) return false;
    const deadline = this.#master.nextDeadline();
    if (deadline !== null && deadline <= this.clock.now()) this.#master.tick();
    const call = this.#calls.shift();
    if (call === undefined) return this.tasks.step();
    call();
    return true;
  }

  #isDue(): boolean {
    const { wakeAt } = this.tasks;
    return this.#failure === null && wakeAt !== null && wakeAt <= this.clock.now();
  }

  #nextDue(): number | null {
    const { wakeAt } = this.tasks;
    const deadline = this.#master.nextDeadline();
    if (deadline === null) return wakeAt;
    return wakeAt === null ? deadline : Math.min(deadline, wakeAt);
  }

  #heard(fact: JobFact): void {
    if (fact.type === 'failure' && !this.#failsByHand) this.#failure = fact.failure;
    if (fact.type === 'log' && fact.subtask !== null)
      this.logged.push({ level: fact.level, text: fact.text });
  }

  /** Made where it is thrown, so that its own stack leads to the line of the test. */
  #throwFailure(): void {
    if (this.#failure !== null) throw new OperatorFailed(this.#failure, this.tasks.thrown);
  }

  // --- snapshots ------------------------------------------------------------------------------------------------

  #saved(what: string, ask: (done: (result: Outcome<TakenSnapshot>) => void) => void): Savepoint {
    const { manifest, path } = this.#taken(what, ask);
    return new Savepoint({
      manifest,
      directory: path,
      data: this.#snapshots.filesIn(path),
      world: { ...this.#world(), files: this.files.copy(), now: this.clock.now() },
    });
  }

  #taken(what: string, ask: (done: (result: Outcome<TakenSnapshot>) => void) => void): TakenSnapshot {
    this.settle();
    const answer: { result: Outcome<TakenSnapshot> | null } = { result: null };
    ask((result) => {
      answer.result = result;
    });
    this.settle();
    const { result } = answer;
    if (result?.ok === true) return result.value;
    throw new TestKitError(
      result === null
        ? `The ${what} did not complete: something in the pipeline waits, and no barrier comes through.`
        : `The ${what} was refused: ${result.message}`,
    );
  }
}
