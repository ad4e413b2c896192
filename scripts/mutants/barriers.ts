/** Breakages of the barrier handler, and which promise each of them breaks. */
import type { Mutant } from '../mutants.ts';

const exactlyOnce = 'runtime/checkpoint/exactlyOnceHandler.ts';
const atLeastOnce = 'runtime/checkpoint/atLeastOnceHandler.ts';
const aligned = 'test/conformance/aligned.test.ts';
const unaligned = 'test/conformance/unaligned.test.ts';
const timeout = 'test/conformance/alignedTimeout.test.ts';
const counted = 'test/conformance/atLeastOnce.test.ts';
const exhaustive = 'test/checkpoint/barrierHandler.exhaustive.test.ts';
const overtaking = 'test/checkpoint/overtaking.exhaustive.test.ts';

export const barrierMutants: readonly Mutant[] = [
  {
    name: 'a channel that has delivered is not blocked',
    file: exactlyOnce,
    find: 'this.#blocked.add(channel);',
    replace: '',
    tests: [aligned, exhaustive],
    caughtBy: [
      'A4 what comes on a blocked channel waits',
      'aligned: in every interleaving',
      'exactly-once, 2 channels',
    ],
  },
  {
    name: 'blocked channels are released before the snapshot is marked',
    file: exactlyOnce,
    find: 'this.#snapshot(pending, at, effects);\n        this.#release(effects);',
    replace: 'this.#release(effects);\n        this.#snapshot(pending, at, effects);',
    tests: [exhaustive],
    caughtBy: ['exactly-once, 2 channels', 'exactly-once, 3 channels'],
  },
  {
    name: 'blocked channels are released in another order than they were blocked in',
    file: exactlyOnce,
    find: 'channels: [...this.#blocked]',
    replace: 'channels: [...this.#blocked].reverse()',
    tests: [aligned, exhaustive],
    caughtBy: ['A25 released input', 'exactly-once, 3 channels'],
  },
  {
    name: 'one channel too few is waited for',
    file: exactlyOnce,
    find: 'return this.#missing(pending).length === 0;',
    replace: 'return this.#missing(pending).length <= 1;',
    tests: [aligned, exhaustive],
    caughtBy: ['A4 channels that have delivered', 'aligned: in every interleaving'],
  },
  {
    name: 'the end of a channel does not count as its barrier',
    file: exactlyOnce,
    find: "this.#arrive(pending, channel, 'ended', at, effects);",
    replace: '',
    tests: [aligned, unaligned],
    caughtBy: ['A21', 'the end of a channel ends its capture'],
  },
  {
    name: 'a barrier of a checkpoint that is over opens it again',
    file: exactlyOnce,
    find: '(checkpointId === this.#current && this.#pending === null)',
    replace: 'false',
    tests: [aligned, exhaustive],
    caughtBy: ['A18 a checkpoint that was cancelled before', 'exactly-once, 2 channels'],
  },
  {
    name: 'a newer checkpoint does not abort the one that is pending',
    file: exactlyOnce,
    find: "this.#abort(this.#pending.barrier.checkpointId, 'CHECKPOINT_SUBSUMED', effects);",
    replace: 'this.#pending = null;',
    tests: [aligned],
    caughtBy: ['A7', 'A8', 'A11'],
  },
  {
    name: 'a notice acts ahead of its barrier, and older checkpoints die of it',
    file: exactlyOnce,
    find: 'this.#notices.await(checkpointId);\n      return nothingHappens;',
    replace: 'this.#current = checkpointId;',
    tests: [aligned],
    caughtBy: ['a notice ahead of its barrier leaves older checkpoints alone'],
  },
  {
    name: 'a checkpoint is aborted as often as somebody says so',
    file: 'runtime/checkpoint/abortNotices.ts',
    find: 'if (this.#told.has(checkpointId)) return false;',
    replace: '',
    tests: [aligned, exhaustive],
    caughtBy: ['a notice after the snapshot cancels what is being written, once', 'exactly-once, 1 channels'],
  },
  {
    name: 'the alignment is measured from the last barrier',
    file: exactlyOnce,
    find: 'if (pending.alignmentStartMs !== null) return;\n    pending.alignmentStartMs',
    replace: 'pending.alignmentStartMs',
    tests: [aligned],
    caughtBy: ['A10 alignment and start delay', 'A10 the end that completes'],
  },
  {
    name: 'what lies before an unaligned barrier is not captured',
    file: exactlyOnce,
    find: "if (others.length > 0) effects.push({ type: 'capture', checkpointId, channels: others });",
    replace: '',
    tests: [unaligned, exhaustive, overtaking],
    caughtBy: ['unaligned (null), 2 channels', 'C1', 'C2', 'unaligned: in every interleaving'],
  },
  {
    name: 'a capture does not end with its barrier',
    file: exactlyOnce,
    find: "else if (wasCaptured) effects.push({ type: 'capture-end', checkpointId, channel });",
    replace: '',
    tests: [unaligned, exhaustive, overtaking],
    caughtBy: ['unaligned (null), 3 channels', 'C2', 'unaligned: in every interleaving'],
  },
  {
    name: 'an announced barrier overtakes, and what it overtook is lost',
    file: exactlyOnce,
    find: "if (arrival === 'announced') effects.push({ type: 'overtake', checkpointId, channel });\n    else",
    replace: '',
    tests: [unaligned, timeout, exhaustive, overtaking],
    caughtBy: [
      'aligned with a timeout (5), 2 channels',
      'an announced barrier overtakes what lies before it',
      'D3',
      'D15',
    ],
  },
  {
    name: 'the timeout counts from the arrival instead of the trigger',
    file: exactlyOnce,
    find: 'Math.max(0, barrier.timestamp + this.#alignedTimeoutMs - at.now)',
    replace: 'this.#alignedTimeoutMs',
    tests: [timeout, overtaking],
    caughtBy: ['aligned with a timeout (5), 2 channels', 'D4', 'the time counts from the trigger'],
  },
  {
    name: 'the timeout is noticed by its timer only',
    file: exactlyOnce,
    find: '} else if (isTimedOut(pending, at)) {\n        this.#turnUnaligned(pending, at, effects);\n      }',
    replace: '}',
    tests: [timeout, overtaking],
    caughtBy: [
      'aligned with a timeout (5), 2 channels',
      'D11 one snapshot, by the barrier that comes too late alone',
    ],
  },
  {
    name: 'savepoints time out like checkpoints',
    file: exactlyOnce,
    find: 'this.#alignedTimeoutMs > 0 && !this.#alignedOnly && !barrier.isSavepoint',
    replace: 'this.#alignedTimeoutMs > 0 && !this.#alignedOnly',
    tests: [timeout],
    caughtBy: ['savepoints do not time out'],
  },
  {
    name: 'at-least-once: older checkpoints stay pending beside the one that is taken',
    file: atLeastOnce,
    find: 'this.#pending = this.#pending.slice(index + 1);',
    replace: 'this.#pending = this.#pending.filter((pending) => pending !== complete);',
    tests: [counted, exhaustive],
    caughtBy: ['B2', 'at-least-once, 2 channels'],
  },
  {
    name: 'at-least-once: the oldest that is full is taken, not the newest',
    file: atLeastOnce,
    find: 'findLastIndex',
    replace: 'findIndex',
    tests: [counted],
    caughtBy: ['the newest that is full is taken'],
  },
  {
    name: 'at-least-once: any number may be pending',
    file: atLeastOnce,
    find: 'if (this.#pending.length > pendingMax) this.#pending.shift();',
    replace: '',
    tests: [counted],
    caughtBy: ['at most 50 are pending'],
  },
];
