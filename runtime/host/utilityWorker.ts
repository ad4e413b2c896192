/**
 * Long reads of snapshots, in a thread of their own: checking every byte, comparing, and what sinks and sources had put into
 * one. One question at a time; the coordinator's thread never waits for a disk this long.
 *
 * A thread that works hears no messages, so a question is called back through one shared word, which is looked at every few
 * thousand entries. What it tells meanwhile goes out at once.
 */
import { parentPort } from 'node:worker_threads';
import { present } from '../base/assert.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { answerUtility, type UtilityAnswers, type UtilityQuestion } from './utilityQuestions.ts';

export interface UtilityAsked {
  readonly id: number;
  readonly question: UtilityQuestion;
  /** Not zero any more: nobody wants the answer. */
  readonly cancelled: Int32Array;
}

export type UtilityReply =
  | { readonly type: 'answer'; readonly id: number; readonly value: UtilityAnswers[UtilityQuestion['type']] }
  | { readonly type: 'progress'; readonly id: number; readonly done: number; readonly total: number }
  | { readonly type: 'cancelled'; readonly id: number }
  | { readonly type: 'damage'; readonly id: number; readonly path: string; readonly message: string }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

class Cancelled extends Error {}

const progressEveryMs = 100;

const port = present(parentPort, 'the port to the coordinator');
const reply = (message: UtilityReply) => port.postMessage(message);

port.on('message', ({ id, question, cancelled }: UtilityAsked) => {
  let toldAt = performance.now();
  const watch = {
    pause: () => {
      if (Atomics.load(cancelled, 0) !== 0) throw new Cancelled();
    },
    progress: (done: number, total: number) => {
      watch.pause();
      const now = performance.now();
      if (now - toldAt < progressEveryMs) return;
      toldAt = now;
      reply({ type: 'progress', id, done, total });
    },
  };
  try {
    watch.pause();
    reply({ type: 'answer', id, value: answerUtility(question, watch) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Cancelled) reply({ type: 'cancelled', id });
    else if (error instanceof SnapshotDamage) reply({ type: 'damage', id, path: error.path, message });
    else reply({ type: 'failed', id, message });
  }
});
