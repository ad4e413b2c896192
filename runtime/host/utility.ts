/** Asks the utility worker, which is started with the first question and ends when it has been idle for a while. */
import { Worker } from 'node:worker_threads';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { entryPoint } from './ownFiles.ts';
import type { UtilityAnswers, UtilityQuestion } from './utilityQuestions.ts';
import type { UtilityReply } from './utilityWorker.ts';

interface Waiting {
  answer(value: unknown): void;
  fail(error: Error): void;
}

const idleMs = 30_000;

export class Utility {
  #worker: Worker | null = null;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();
  #idleTimer: NodeJS.Timeout | undefined;

  /** Rejects with SnapshotDamage when something on the disk cannot be read. */
  ask<Q extends UtilityQuestion>(question: Q): Promise<UtilityAnswers[Q['type']]> {
    clearTimeout(this.#idleTimer);
    const id = this.#nextId++;
    return new Promise((answer, fail) => {
      this.#waiting.set(id, { answer: (value) => answer(value as UtilityAnswers[Q['type']]), fail });
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage({ id, question });
    });
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
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.answer(reply.value);
    else waiting?.fail(reply.isDamage ? damageOf(reply) : new Error(reply.message));
    if (this.#waiting.size > 0) return;
    this.#worker?.unref();
    this.#idleTimer = setTimeout(() => void this.close(), idleMs).unref();
  }

  #failAll(error: Error): void {
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }
}

/** The message has the path in front already. */
function damageOf(reply: Extract<UtilityReply, { ok: false }>): SnapshotDamage {
  const path = reply.path ?? '';
  const problem = reply.message.startsWith(path)
    ? reply.message.slice(path.length).trimStart()
    : reply.message;
  return new SnapshotDamage(path, problem);
}
