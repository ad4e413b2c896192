/**
 * An input gate on one screen, for scenarios over the barrier handler: queues per channel, a reader that leaves blocked
 * channels alone, and a log of what happened. It carries effects out as DESIGN section 5 says, and no faster.
 *
 * A script is a row of tokens:
 *
 *   D0 D2a      data on a channel, with a letter to tell it by        E1      the channel ends
 *   B1.0        barrier 1 on channel 0       S1.0  of a savepoint     U1.0    unaligned
 *   X3.0        cancellation 3 on channel 0  N3    the coordinator's notice that 3 was aborted
 *   G3          trigger 3 from the coordinator
 *   +10         10 ms pass (a timer that is due fires)                !       a stray timer
 *   ( … )       meanwhile nothing is read: what comes is queued, barriers are announced
 *   ?           the log shows the blocked channels
 *   =aligned    the task is switched to this mode; =at-least-once
 *
 * In the log: D0 processed · T1 snapshot, U1 unaligned snapshot · A2 aborted, A2s as subsumed · {0 1} blocked channels ·
 * C1 channel state complete.
 */

import { unreachable } from '../../runtime/base/assert.ts';
import type { Moment } from '../../runtime/base/clock.ts';
import type { Barrier } from '../../runtime/checkpoint/barrier.ts';
import {
  type BarrierEffect,
  type BarrierHandler,
  type BarrierHandlerOptions,
  createBarrierHandler,
} from '../../runtime/checkpoint/barrierHandler.ts';

export interface GateResult {
  readonly log: string;
  /** Channel state, by checkpoint: `1: D0 D2b`. Only of checkpoints that were not aborted. */
  readonly persisted: string;
  readonly snapshots: readonly {
    readonly id: number;
    readonly alignmentMs: number;
    readonly startDelayMs: number;
  }[];
  /** Bytes of data (100 each) processed between the first barrier and the end of the alignment, by checkpoint. */
  readonly processedDuringAlignment: Readonly<Record<number, number>>;
  readonly blocked: readonly number[];
  /** Tokens that nobody has read at the end. */
  readonly unread: string;
}

type Item = { readonly token: string; readonly order: number };

const bytesPerRecord = 100;

export function runGate(
  options: Partial<BarrierHandlerOptions> & { readonly channels: number },
  script: string,
): GateResult {
  const gate = new GateModel(options);
  for (const token of script.split(/\s+/)) if (token !== '') gate.feed(token);
  return gate.result();
}

export class GateModel {
  #handler: BarrierHandler;
  readonly #queues: Item[][];
  readonly #log: string[] = [];
  readonly #snapshots: { id: number; alignmentMs: number; startDelayMs: number }[] = [];
  readonly #persisted = new Map<number, string[]>();
  readonly #processed: Record<number, number> = {};
  /** By channel: the checkpoint that captures it. */
  readonly #capturing = new Map<number, number>();
  /** Channels to drain before newer input, each up to the arrival order at its release, or its next barrier. */
  #draining: { channel: number; upTo: number }[] = [];
  #aligning: { id: number; sinceTimestamp: number } | null = null;
  #order = 0;
  #ms = 0;
  #isReading = true;
  #timerMs: number | null = null;
  firesTimers = true;

  constructor(options: Partial<BarrierHandlerOptions> & { readonly channels: number }) {
    this.#handler = createBarrierHandler({ mode: 'exactly-once', alignedTimeoutMs: null, ...options });
    this.#queues = Array.from({ length: options.channels }, () => []);
  }

  feed(token: string): void {
    const kind = token[0] ?? '';
    if (kind === '?') this.#log.push(`{${this.blocked().join(' ')}}`);
    else if (kind === '+') this.#pass(Number(token.slice(1)));
    else if (kind === '!') this.#apply(this.#handler.timeout(this.#at()));
    else if (kind === 'N') this.#apply(this.#handler.abort(Number(token.slice(1)), this.#at()));
    else if (kind === 'G')
      this.#apply(this.#handler.trigger(this.#barrier('B', Number(token.slice(1))), this.#at()));
    else if (kind === '=') this.#switch(token.slice(1));
    else if (kind === '(') this.#isReading = false;
    else if (kind === ')') this.#isReading = true;
    else this.#arrive(token);
    if (this.#isReading) this.#read();
  }

  blocked(): number[] {
    return this.#queues.map((_, channel) => channel).filter((channel) => this.#handler.isBlocked(channel));
  }

  get pending() {
    return this.#handler.pending;
  }

  result(): GateResult {
    return {
      log: this.#log.join(' '),
      persisted: [...this.#persisted].map(([id, records]) => `${id}: ${records.join(' ')}`).join(', '),
      snapshots: this.#snapshots,
      processedDuringAlignment: this.#processed,
      blocked: this.blocked(),
      unread: this.#queues
        .flat()
        .map(({ token }) => token)
        .join(' '),
    };
  }

  #switch(mode: string): void {
    const { effects, memory } = this.#handler.retire(this.#at());
    this.#apply(effects);
    this.#timerMs = null;
    this.#handler = createBarrierHandler(
      {
        channels: this.#queues.length,
        mode: mode === 'at-least-once' ? mode : 'exactly-once',
        alignedTimeoutMs: null,
      },
      memory,
    );
  }

  #at(): Moment {
    // The two readings differ on purpose: whoever mixes them up is found out.
    return { now: 1_000_000 + this.#ms, monotonicMs: this.#ms };
  }

  #barrier(kind: string, checkpointId: number): Barrier {
    const timestamp = 1_000_000 + (this.triggeredAt[checkpointId] ?? 0);
    return {
      checkpointId,
      timestamp,
      isSavepoint: kind === 'S',
      unaligned: kind === 'U',
      suspend: false,
      directory: '',
    };
  }

  /** When each checkpoint was triggered, on the model's clock; 0 when left out. */
  triggeredAt: Record<number, number> = {};

  #pass(durationMs: number): void {
    this.#ms += durationMs;
    if (!this.firesTimers || this.#timerMs === null || this.#ms < this.#timerMs) return;
    this.#timerMs = null;
    this.#apply(this.#handler.timeout(this.#at()));
  }

  #arrive(token: string): void {
    const channel = channelOf(token);
    this.#queues[channel]?.push({ token, order: this.#order++ });
    if (!isBarrier(token) || this.#isReadNow(channel)) return;
    this.#apply(this.#handler.announcement(channel, this.#barrier(token[0] ?? '', idOf(token)), this.#at()));
  }

  #isReadNow(channel: number): boolean {
    return this.#isReading && !this.#handler.isBlocked(channel);
  }

  #read(): void {
    for (let channel = this.#next(); channel !== null; channel = this.#next()) {
      const item = this.#queues[channel]?.shift();
      if (item !== undefined) this.#take(channel, item.token);
    }
  }

  #next(): number | null {
    while (this.#draining.length > 0) {
      const first = this.#draining[0] as { channel: number; upTo: number };
      const head = this.#queues[first.channel]?.[0];
      const isDrained =
        head === undefined || head.order >= first.upTo || this.#handler.isBlocked(first.channel);
      if (!isDrained) return first.channel;
      this.#draining.shift();
    }
    let next: { channel: number; order: number } | null = null;
    for (const [channel, queue] of this.#queues.entries()) {
      const head = queue[0];
      if (head === undefined || this.#handler.isBlocked(channel)) continue;
      if (next === null || head.order < next.order) next = { channel, order: head.order };
    }
    return next?.channel ?? null;
  }

  #take(channel: number, token: string): void {
    const kind = token[0] ?? '';
    if (isBarrier(token)) {
      this.#draining = this.#draining.filter((drained) => drained.channel !== channel);
      this.#apply(this.#handler.barrier(channel, this.#barrier(kind, idOf(token)), this.#at()));
    } else if (kind === 'X') {
      this.#apply(this.#handler.cancellation(idOf(token), this.#at()));
    } else if (kind === 'E') {
      this.#apply(this.#handler.end(channel, this.#at()));
    } else {
      this.#log.push(token);
      const capturedBy = this.#capturing.get(channel);
      if (capturedBy !== undefined) this.#persist(capturedBy, token);
      if (this.#aligning !== null) {
        this.#processed[this.#aligning.id] = (this.#processed[this.#aligning.id] ?? 0) + bytesPerRecord;
      }
    }
  }

  #persist(id: number, token: string): void {
    this.#persisted.set(id, [...(this.#persisted.get(id) ?? []), token]);
  }

  #apply(effects: readonly BarrierEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: BarrierEffect): void {
    switch (effect.type) {
      case 'block':
        break;
      case 'release':
        for (const channel of effect.channels) this.#draining.push({ channel, upTo: this.#order });
        break;
      case 'first-barrier': {
        const { checkpointId, timestamp } = effect.barrier;
        this.#aligning = { id: checkpointId, sinceTimestamp: this.#at().now - timestamp };
        break;
      }
      case 'snapshot': {
        const id = effect.barrier.checkpointId;
        this.#log.push(`${effect.unaligned ? 'U' : 'T'}${id}`);
        this.#snapshots.push({
          id,
          alignmentMs: effect.alignmentMs,
          startDelayMs: this.#aligning?.sinceTimestamp ?? -1,
        });
        if (!effect.unaligned) this.#aligning = null;
        break;
      }
      case 'abort':
        this.#log.push(`A${effect.checkpointId}${effect.reason === 'CHECKPOINT_SUBSUMED' ? 's' : ''}`);
        if (this.#aligning?.id === effect.checkpointId) this.#aligning = null;
        break;
      case 'capture':
        for (const channel of effect.channels) this.#capturing.set(channel, effect.checkpointId);
        break;
      case 'capture-end':
        this.#capturing.delete(effect.channel);
        break;
      case 'overtake': {
        this.#capturing.delete(effect.channel);
        const queue = this.#queues[effect.channel] ?? [];
        const barrierAt = queue.findIndex(
          ({ token }) => isBarrier(token) && idOf(token) === effect.checkpointId,
        );
        const overtaken = queue.slice(0, barrierAt).map(({ token }) => token);
        for (const token of overtaken) if (token.startsWith('D')) this.#persist(effect.checkpointId, token);
        break;
      }
      case 'capture-stop':
        this.#capturing.clear();
        this.#persisted.delete(effect.checkpointId);
        break;
      case 'channel-state-complete':
        this.#log.push(`C${effect.checkpointId}`);
        this.#aligning = null;
        break;
      case 'arm-timer':
        this.#timerMs = this.#ms + effect.delayMs;
        break;
      case 'clear-timer':
        this.#timerMs = null;
        break;
      default:
        unreachable(effect);
    }
  }
}

function isBarrier(token: string): boolean {
  return 'BSU'.includes(token[0] ?? '-');
}

function idOf(token: string): number {
  return Number(token.slice(1).split('.')[0]);
}

function channelOf(token: string): number {
  return token.includes('.') ? Number(token.split('.')[1]) : Number.parseInt(token.slice(1), 10);
}
