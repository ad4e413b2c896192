/**
 * What surrounds an author's function: it is opened once per subtask before the first record and closed after the last.
 *
 * What `open` answers is handed to every call. It is not kept in `this`, since the subtasks of one thread share the object
 * that the author wrote, and each must have its own counter, cache or connection.
 */
import type { MetricGroup } from './metrics.ts';

/** What a function may know of the subtask that it runs in. */
export interface RuntimeContext {
  readonly uid: string;
  readonly name: string;
  /** 0 to `parallelism` − 1. */
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Grows with every deployment of the job in this run. */
  readonly attempt: number;
  readonly metrics: MetricGroup;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

export interface Lifecycle<Opened> {
  /** Once per subtask and deployment, before the first record. */
  open?(runtime: RuntimeContext): Opened;
  /** Once, also after a failure. */
  close?(opened: Opened): void;
}

/** Of whatever type an author opened. */
export interface AnyLifecycle {
  open?(runtime: RuntimeContext): unknown;
  close?(opened: never): void;
}

/** Of a plain function: there is nothing to open. */
const noLifecycle: AnyLifecycle = Object.freeze({});

/** An author's `open` and `close` in one operator of one subtask. */
export class OperatorLifecycle {
  readonly #author: AnyLifecycle;
  #isOpen = false;
  /** What `open` answered; handed to the author's calls as the type that they declared. */
  opened!: never;

  constructor(author: AnyLifecycle = noLifecycle) {
    this.#author = author;
  }

  open(context: RuntimeContext): void {
    const { uid, name, subtaskIndex, parallelism, maxParallelism, attempt, metrics } = context;
    const runtime: RuntimeContext = {
      uid,
      name,
      subtaskIndex,
      parallelism,
      maxParallelism,
      attempt,
      metrics,
      log: (level, text) => context.log(level, text),
    };
    this.opened = this.#author.open?.(runtime) as never;
    this.#isOpen = true;
  }

  /** Not for one whose opening failed. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#author.close?.(this.opened);
  }
}
