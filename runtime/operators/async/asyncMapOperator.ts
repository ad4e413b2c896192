/**
 * One record in, one out, by a function that answers a promise; after Flink's AsyncWaitOperator.
 *
 *   process ──▶ waiting ──▶ called ⇄ retrying ──▶ done ──▶ downstream, in the order of the queue
 *                             │ then(…)
 *                             ▼
 *                    outcomes ──wake──▶ advance
 *
 * What comes from outside only puts an outcome into a list and wakes the task. Everything else is done in `advance`,
 * between two records, so the engine stays synchronous and a simulation may let calls complete in any order.
 *
 * - A1. No more than `capacity` records are called for and have not left. What comes beyond (one record upstream became
 *   many) waits unstarted, and meanwhile the operator accepts nothing.
 * - A2. A watermark goes on when every record before it has left, and before any record behind it. With it `advance`
 *   returns, because it goes down the chain only after that.
 * - A3. Whatever has not left is in the snapshot as it came, and is called for anew after a restore: as often as the
 *   retries allow and with all of its time.
 * - A4. A record has one outcome. What a call answers after its time was up, or after the end, counts no more.
 */
import { assert } from '../../base/assert.ts';
import { type AnyLifecycle, OperatorLifecycle } from '../lifecycle.ts';
import type { Counter } from '../metrics.ts';
import {
  type Idleness,
  MAX_WATERMARK,
  MIN_WATERMARK,
  type OperatorContext,
  type SnapshotContext,
  type StreamOperator,
  type Timestamp,
} from '../operator.ts';
import { RecordFailure } from '../recordFailure.ts';
import { refusePromise } from '../synchronous.ts';
import { AsyncCall, type Outcome } from './asyncCall.ts';
import { type AsyncQueue, Mark, OrderedQueue, UnorderedQueue } from './asyncQueue.ts';
import { Deadlines, Retries } from './dueTimes.ts';
import { Fifo } from './fifo.ts';
import {
  eventTimeDeclaration,
  InFlightRecord,
  inFlightDeclaration,
  restoredRecords,
  type SavedRecord,
  slowestOf,
} from './inFlightRecord.ts';
import { type AsyncRetry, delayMs } from './retry.ts';

export interface AsyncFunctions {
  readonly call: (value: unknown, context: AsyncCall) => unknown;
  readonly order: 'ordered' | 'unordered';
  readonly capacity: number;
  /** From the first call of a record to its last answer; null: as long as it takes. */
  readonly timeoutMs: number | null;
  /** What comes out when the time is up; null: the job fails. */
  readonly onTimeout: ((value: unknown) => unknown) | null;
  readonly retry: AsyncRetry | null;
  readonly lifecycle: AnyLifecycle;
}

export const asyncStates = [inFlightDeclaration, eventTimeDeclaration];

/** Records sent on in one `advance`. */
const SENT_AT_ONCE = 64;

/** The time for a record was up. */
export class AsyncTimeout extends Error {
  override name = 'AsyncTimeout';
}

interface Answer {
  readonly record: InFlightRecord;
  readonly call: AsyncCall;
  readonly outcome: Outcome;
}

export class AsyncMapOperator implements StreamOperator {
  readonly #functions: AsyncFunctions;
  readonly #lifecycle: OperatorLifecycle;
  readonly #queue: AsyncQueue;
  /** Those of the queue that are not called for yet; its last ones (A1). */
  readonly #waiting = new Fifo<InFlightRecord>();
  readonly #deadlines = new Deadlines();
  readonly #retries = new Retries();
  readonly #underWay = new Set<AsyncCall>();
  /** Not looked at yet. */
  #answers: Answer[] = [];
  /** The last one that was queued or went on. */
  #watermark = MIN_WATERMARK;
  /** Also what had come before a restore. Without the last watermark: a drained job may go on. */
  #eventTime = MIN_WATERMARK;
  #isClosed = false;
  #context!: OperatorContext;
  #timeouts!: Counter;
  #retried!: Counter;

  constructor(functions: AsyncFunctions) {
    this.#functions = functions;
    this.#lifecycle = new OperatorLifecycle(functions.lifecycle);
    this.#queue = functions.order === 'ordered' ? new OrderedQueue() : new UnorderedQueue();
  }

  open(context: OperatorContext): void {
    this.#context = context;
    this.#lifecycle.open(context);
    context.metrics.gauge('inFlight', () => this.#queue.size);
    this.#timeouts = context.metrics.counter('timeouts');
    this.#retried = context.metrics.counter('retries');
    const saved = context.restoredOperatorState(inFlightDeclaration) as readonly SavedRecord[];
    const eventTimes = context.restoredOperatorState(eventTimeDeclaration) as readonly Timestamp[];
    this.#eventTime = slowestOf(eventTimes);
    for (const record of restoredRecords(saved, this.#eventTime)) {
      if (record.watermark > this.#watermark) this.#addMark(record.watermark);
      this.#add(record);
    }
  }

  process(value: unknown, timestamp: Timestamp): void {
    this.#add(new InFlightRecord(value, timestamp, this.#watermark));
    this.#beginWaiting();
  }

  onWatermark(watermark: Timestamp): 'held' | undefined {
    if (watermark < MAX_WATERMARK) this.#eventTime = Math.max(this.#eventTime, watermark);
    // One that was restored may be ahead of what comes in now.
    if (watermark <= this.#watermark) return 'held';
    if (!this.#queue.isEmpty) return this.#addMark(watermark);
    this.#watermark = watermark;
    return undefined;
  }

  onIdleness(change: Idleness): 'held' | undefined {
    return this.#queue.isEmpty ? undefined : this.#addMark(change);
  }

  advance(now: Timestamp): boolean {
    let advanced = this.#takeAnswers(now);
    advanced = this.#timeOut(now) || advanced;
    for (const record of this.#retries.due(now)) {
      this.#retried.inc();
      this.#begin(record);
      advanced = true;
    }
    advanced = this.#send() || advanced;
    return this.#beginWaiting() || advanced;
  }

  wakeAt(): Timestamp | null {
    if (this.#answers.length > 0) return this.#context.clock.now();
    const deadline = this.#deadlines.next();
    const retry = this.#retries.next();
    return deadline === null ? retry : retry === null ? deadline : Math.min(deadline, retry);
  }

  accepts(): boolean {
    return this.#queue.size < this.#functions.capacity;
  }

  drained(): boolean {
    return this.#queue.isEmpty;
  }

  awaits(): boolean {
    return this.#underWay.size > 0;
  }

  finish(): void {
    assert(this.#queue.isEmpty, 'an operator finishes when it is drained');
  }

  snapshot(context: SnapshotContext): void {
    const saved: SavedRecord[] = [];
    for (const { value, timestamp, watermark } of this.#queue.records())
      saved.push({ value, timestamp, watermark });
    context.putOperatorState(inFlightDeclaration, saved);
    context.putOperatorState(eventTimeDeclaration, [this.#eventTime]);
  }

  close(): void {
    this.#isClosed = true;
    this.#answers = [];
    for (const call of this.#underWay) call.abort();
    this.#underWay.clear();
    this.#lifecycle.close();
  }

  #add(record: InFlightRecord): void {
    this.#queue.addRecord(record);
    this.#waiting.push(record);
  }

  #addMark(change: Timestamp | Idleness): 'held' {
    if (typeof change === 'number') this.#watermark = change;
    this.#queue.addMark(change);
    return 'held';
  }

  #beginWaiting(): boolean {
    const { capacity, timeoutMs } = this.#functions;
    let begun = false;
    while (this.#waiting.size > 0 && this.#queue.size - this.#waiting.size < capacity) {
      const record = this.#waiting.shift() as InFlightRecord;
      if (timeoutMs !== null) {
        record.deadline = this.#context.clock.now() + timeoutMs;
        this.#deadlines.add(record);
      }
      this.#begin(record);
      begun = true;
    }
    return begun;
  }

  #begin(record: InFlightRecord): void {
    const { value, timestamp } = record;
    const { opened } = this.#lifecycle;
    record.attempts++;
    const call = new AsyncCall(opened, timestamp, record.attempts, () => this.#context.newAbort());
    record.state = { type: 'called', call };
    this.#underWay.add(call);
    const isUnderWay = call.begin(
      (context) => this.#functions.call(value, context),
      (outcome) => {
        if (this.#isClosed) return;
        this.#answers.push({ record, call, outcome });
        this.#context.wake();
      },
    );
    if (isUnderWay) return;
    const answered = 'The function of an asyncMap must answer a promise; this one answered something else.';
    throw new RecordFailure(value, new TypeError(answered));
  }

  #takeAnswers(now: Timestamp): boolean {
    if (this.#answers.length === 0) return false;
    const answers = this.#answers;
    this.#answers = [];
    for (const { record, call, outcome } of answers) {
      this.#underWay.delete(call);
      // A4: another call of this record, or its time, has come before.
      if (record.state.type !== 'called' || record.state.call !== call) continue;
      if (this.#isToBeRetried(record, outcome)) {
        const delay = delayMs(this.#functions.retry as AsyncRetry, record.attempts);
        this.#retries.add(record, now + delay);
      } else if (outcome.type === 'fulfilled') this.#complete(record, outcome.result);
      else throw new RecordFailure(record.value, outcome.error);
    }
    return true;
  }

  #isToBeRetried({ value, attempts }: InFlightRecord, outcome: Outcome): boolean {
    const { retry } = this.#functions;
    if (retry === null || attempts > retry.retriesMax) return false;
    return ofRecord(value, () => {
      const [decides, who]: readonly [unknown, string] =
        outcome.type === 'fulfilled'
          ? [retry.onResult(outcome.result), 'retry.onResult']
          : [retry.onError(outcome.error), 'retry.on'];
      refusePromise(decides, `The function ${who} of an asyncMap`);
      return Boolean(decides);
    });
  }

  #timeOut(now: Timestamp): boolean {
    let timedOut = false;
    for (let record = this.#deadlines.due(now); record !== null; record = this.#deadlines.due(now)) {
      this.#timeouts.inc();
      timedOut = true;
      const { value, attempts, state } = record;
      const timeout = new AsyncTimeout(
        `There was no answer within ${this.#functions.timeoutMs} ms, in ${attempts} ${attempts === 1 ? 'call' : 'calls'}: give the asyncMap a longer timeout, or say with onTimeout what comes out then.`,
      );
      if (state.type === 'called') {
        this.#underWay.delete(state.call);
        state.call.abort(timeout);
      }
      const { onTimeout } = this.#functions;
      if (onTimeout === null) throw new RecordFailure(value, timeout);
      const instead = ofRecord(value, () => onTimeout(value));
      ofRecord(value, () => refusePromise(instead, 'The function onTimeout of an asyncMap'));
      this.#complete(record, instead);
    }
    return timedOut;
  }

  #complete(record: InFlightRecord, result: unknown): void {
    record.state = { type: 'done', result };
    this.#queue.completed(record);
    if (this.#functions.timeoutMs !== null) this.#deadlines.completed();
  }

  #send(): boolean {
    const { output } = this.#context;
    for (let sent = 0; sent < SENT_AT_ONCE; sent++) {
      const next = this.#queue.next();
      if (next === null) return sent > 0;
      if (next instanceof Mark) {
        this.#pass(next);
        return true;
      }
      assert(next.state.type === 'done', 'only what is done leaves');
      output.collect(next.state.result, next.timestamp);
    }
    return true;
  }

  /** Whoever was idle is active before its time goes on, and idle only behind it. */
  #pass({ watermark, idleness }: Mark): void {
    if (idleness === 'active') this.#context.emitIdleness('active');
    if (watermark !== null) this.#context.emitWatermark(watermark);
    if (idleness === 'idle') this.#context.emitIdleness('idle');
  }
}

/** What the author's function throws is named after the record. */
function ofRecord<T>(value: unknown, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new RecordFailure(value, error);
  }
}
