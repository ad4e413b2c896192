/** Asks the utility worker, which is started with the first question and ends when it has been idle for a while. */
import { Worker } from 'node:worker_threads';
import { unreachable } from '../base/assert.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { entryPoint } from './ownFiles.ts';
import type { UtilityAnswers, UtilityQuestion } from './utilityQuestions.ts';
import type { UtilityAsked, UtilityReply } from './utilityWorker.ts';

interface Waiting {
  answer(value: unknown): void;
  fail(error: Error): void;
  progress(done: number, total: number): void;
}

export interface AskOptions {
  /** The question is given up, also while it waits for its turn. */
  readonly signal?: AbortSignal;
  /** How many entries of how many were read; only of comparisons, ten times a second. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The question was given up by whoever asked. */
export class QuestionCancelled extends Error {
  override name = 'QuestionCancelled';

  constructor() {
    super('It was cancelled.');
  }
}

const idleMs = 30_000;

export class Utility {
  #worker: Worker | null = null;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();
  #idleTimer: NodeJS.Timeout | undefined;

  /** Rejects with SnapshotDamage when something on the disk cannot be read, and with QuestionCancelled. */
  ask<Q extends UtilityQuestion>(
    question: Q,
    { signal, onProgress = () => {} }: AskOptions = {},
  ): Promise<UtilityAnswers[Q['type']]> {
    clearTimeout(this.#idleTimer);
    const id = this.#nextId++;
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const cancel = () => Atomics.store(cancelled, 0, 1);
    if (signal?.aborted === true) cancel();
    signal?.addEventListener('abort', cancel);
    return new Promise<UtilityAnswers[Q['type']]>((answer, fail) => {
      this.#waiting.set(id, {
        answer: (value) => answer(value as UtilityAnswers[Q['type']]),
        fail,
        progress: onProgress,
      });
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage({ id, question, cancelled } satisfies UtilityAsked);
    }).finally(() => signal?.removeEventListener('abort', cancel));
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(entryPoint('utilityWorker'));
    worker.on('message', (reply: UtilityReply) => this.#settle(reply));
    worker.on('error', (error) => this.#failAll(error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      this.#failAll(new Error('The thread that reads savepoints has ended.'));
    });
    return worker;
  }

  #settle(reply: UtilityReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.type === 'progress') {
      waiting?.progress(reply.done, reply.total);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.type === 'answer') waiting?.answer(reply.value);
    else waiting?.fail(errorOf(reply));
    if (this.#waiting.size > 0) return;
    this.#worker?.unref();
    this.#idleTimer = setTimeout(() => void this.close(), idleMs).unref();
  }

  #failAll(error: Error): void {
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }
}

function errorOf(reply: Exclude<UtilityReply, { type: 'answer' | 'progress' }>): Error {
  switch (reply.type) {
    case 'cancelled':
      return new QuestionCancelled();
    case 'failed':
      return new Error(reply.message);
    case 'damage': {
      // The message has the path in front already.
      const { path, message } = reply;
      return new SnapshotDamage(
        path,
        message.startsWith(path) ? message.slice(path.length).trimStart() : message,
      );
    }
    default:
      return unreachable(reply);
  }
}
