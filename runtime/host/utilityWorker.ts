/**
 * Long reads of snapshots, in a thread of their own: checking every byte, comparing, and what sinks and sources had put into
 * one. One question at a time; the coordinator's thread never waits for a disk this long.
 */
import { parentPort } from 'node:worker_threads';
import { present } from '../base/assert.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { answerUtility, type UtilityAnswers, type UtilityQuestion } from './utilityQuestions.ts';

export type UtilityReply =
  | { readonly id: number; readonly ok: true; readonly value: UtilityAnswers[UtilityQuestion['type']] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly isDamage: boolean;
      readonly path: string | null;
      readonly message: string;
    };

const port = present(parentPort, 'the port to the coordinator');

port.on('message', ({ id, question }: { readonly id: number; readonly question: UtilityQuestion }) => {
  let reply: UtilityReply;
  try {
    reply = { id, ok: true, value: answerUtility(question) };
  } catch (error) {
    const isDamage = error instanceof SnapshotDamage;
    const message = error instanceof Error ? error.message : String(error);
    reply = { id, ok: false, isDamage, path: isDamage ? error.path : null, message };
  }
  port.postMessage(reply);
});
