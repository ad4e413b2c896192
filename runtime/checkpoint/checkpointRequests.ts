/**
 * The queue of those who want a snapshot, and whose turn it is.
 *
 *   savepoints  ▸ what a user asked for ▸ what waits for the end of all tasks ▸ the periodic one
 *   always        up to maxConcurrent     when nobody above is under way        maxConcurrent and minPause
 *
 * Within a rank, first come first served. There is never more than one periodic request: a second tick while one
 * waits would only ask for the same again. When the queue is full, the periodic one gives way; when there is none,
 * the newcomer is turned away.
 */
export type SnapshotKind = 'checkpoint' | 'savepoint';
export type AskedTrigger = 'user' | 'stop' | 'final';
export type SnapshotTrigger = 'periodic' | AskedTrigger;
export type RequestId = string | number;

export interface CheckpointRequest {
  readonly kind: SnapshotKind;
  readonly trigger: SnapshotTrigger;
  readonly label: string | null;
  readonly notes: string | null;
  /** Null: nobody waits for an answer. */
  readonly requestId: RequestId | null;
  /** Sources stop emitting behind the barrier, until the snapshot is completed or aborted. */
  readonly suspend: boolean;
  /** Held back until every task has ended, then taken in place of the job's last checkpoint (stop with drain). */
  readonly whenEnded: boolean;
}

const unasked = { kind: 'checkpoint', label: null, notes: null, requestId: null, suspend: false } as const;
/** One for all: there is never more than one in the queue. */
export const periodicRequest: CheckpointRequest = { ...unasked, trigger: 'periodic', whenEnded: false };
/** The job's last checkpoint, when nobody has asked for something else in its place. */
export const finalRequest: CheckpointRequest = { ...unasked, trigger: 'final', whenEnded: true };

export interface Circumstances {
  readonly nowMs: number;
  /** A snapshot has no directory yet: triggers go out in the order of ids, so the next one waits. */
  readonly isBeginning: boolean;
  /** A snapshot that the job ends with is under way. */
  readonly isEnding: boolean;
  readonly pendingCount: number;
  /** Of these, the ones that somebody asked for. */
  readonly pendingAskedCount: number;
  readonly haveAllEnded: boolean;
  /** Monotonic; null: none has completed. */
  readonly lastCompletedMs: number | null;
}

export type Turn =
  | { readonly type: 'nobody' }
  | { readonly type: 'begin'; readonly request: CheckpointRequest }
  /** The periodic request came too early and was dropped; the next one should come then. */
  | { readonly type: 'too-early'; readonly untilMs: number };

/** What the queue turned away: nobody, the newcomer, or the periodic request that had to give way. */
export type TurnedAway = CheckpointRequest | null;

export class CheckpointRequests {
  readonly #limits: {
    readonly maxConcurrent: number;
    readonly minPauseMs: number;
    readonly requestsMax: number;
  };
  /** By rank, then in the order of arrival. */
  #queue: CheckpointRequest[] = [];

  constructor(limits: {
    readonly maxConcurrent: number;
    readonly minPauseMs: number;
    readonly requestsMax: number;
  }) {
    this.#limits = limits;
  }

  some(predicate: (request: CheckpointRequest) => boolean): boolean {
    return this.#queue.some(predicate);
  }

  add(request: CheckpointRequest): TurnedAway {
    const isPeriodic = request.trigger === 'periodic';
    if (isPeriodic && this.some(({ trigger }) => trigger === 'periodic')) return null;
    let turnedAway: TurnedAway = null;
    // The job's last one always finds room: without it the job could not end.
    if (this.#queue.length >= this.#limits.requestsMax && !request.whenEnded) {
      if (isPeriodic || this.#queue.at(-1)?.trigger !== 'periodic') return request;
      turnedAway = this.#queue.pop() ?? null;
    }
    const place = this.#queue.findIndex((other) => rank(other) > rank(request));
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, request);
    return turnedAway;
  }

  /** Takes out whoever's turn it is. */
  next(now: Circumstances): Turn {
    const request = this.#queue.find(({ whenEnded }) => !whenEnded || now.haveAllEnded);
    if (request === undefined || now.isBeginning || now.isEnding) return { type: 'nobody' };
    if (!this.#hasRoom(request, now)) return { type: 'nobody' };
    this.#queue.splice(this.#queue.indexOf(request), 1);
    if (request.trigger === 'periodic' && now.lastCompletedMs !== null) {
      const untilMs = now.lastCompletedMs + this.#limits.minPauseMs;
      if (now.nowMs < untilMs) return { type: 'too-early', untilMs };
    }
    return { type: 'begin', request };
  }

  /** Empties the queue. */
  takeAll(): readonly CheckpointRequest[] {
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  #hasRoom(request: CheckpointRequest, now: Circumstances): boolean {
    if (request.whenEnded) return now.pendingAskedCount === 0;
    return request.kind === 'savepoint' || now.pendingCount < this.#limits.maxConcurrent;
  }
}

function rank({ kind, trigger, whenEnded }: CheckpointRequest): number {
  if (whenEnded) return 2;
  if (kind === 'savepoint') return 0;
  return trigger === 'periodic' ? 3 : 1;
}
