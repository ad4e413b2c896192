/**
 * Why a barrier has not come: a walk from the subtask that waits for it to the one that holds it up.
 *
 * An alignment that takes long is never the fault of the one who aligns. The walk asks, channel by channel, who should
 * have sent the barrier and what that one is doing:
 *
 *   out[0] ◀── enrich[0] ◀── weather[0]          out[0] aligns, waits for enrich[0];
 *                  ▲                             enrich[0] aligns too, waits for weather[0];
 *                  └──────── parse[0]            weather[0] is inside decodeMetar on one record: the cause
 *
 * Mostly it leads upstream, to whoever has not got the barrier either. Two things turn it around: a barrier that is
 * in the channel already lies behind records that the *receiver* has not worked off, and a sender whose outputs are
 * full waits for whoever does not take them. Nobody is visited twice, so the walk ends in a graph of any shape.
 *
 * Texts carry no running durations: a client has the clock, and an explanation is sent again only when it changes.
 */
import type { Channel, ExecutionGraph } from '../graph/executionGraph.ts';
import type { Subtask } from './checkpointEffects.ts';
import { listText, recordsText } from './sentences.ts';
import { nameOf } from './triggerPlan.ts';

/** What a sample says of a subtask, with respect to the checkpoint in question. Null: not known. */
export interface SubtaskObservation {
  readonly isPaused: boolean;
  /** It has nothing more to send. */
  readonly hasEnded: boolean;
  /** How long the step under way has lasted. Null: none is under way. */
  readonly stepMs: number | null;
  /** Shares of the recent past, 0 to 1. */
  readonly busyShare: number | null;
  readonly backpressuredShare: number | null;
  /** Channels on which the barrier has come to its head. */
  readonly delivered: readonly number[];
  /** The operator of its chain that the step is in, or its most likely one. */
  readonly operator: string | null;
}

export interface ChannelObservation {
  /** Records between the reader and the barrier. Null: the barrier has not been written. */
  readonly recordsAhead: number | null;
  /** The sender cannot write into it. */
  readonly isFull: boolean;
}

export interface StallFacts {
  readonly graph: ExecutionGraph;
  readonly checkpointId: number;
  subtask(subtask: Subtask): SubtaskObservation;
  channel(channel: number): ChannelObservation;
  /** Whether two subtasks share a thread, so that one that does not come back stops the other. Null: not known. */
  shareThread(a: Subtask, b: Subtask): boolean | null;
}

export type StallCause =
  | 'aligning'
  | 'busy-in-user-code'
  | 'starved'
  | 'backpressured'
  | 'slow-source'
  | 'idle-split'
  | 'debugger'
  | 'behind-records';

export interface StallHop {
  readonly subtask: Subtask;
  /** The input channel that it waits for; null where it waits for none, and at the cause. */
  readonly waitsFor: number | null;
  readonly cause: StallCause;
  readonly operator: string | null;
  readonly text: string;
}

/** A step should take about a millisecond. One that lasts longer than this is stuck in somebody's function. */
export const stuckStepMs = 200;
/** More than this share of its time, and it is what a subtask does. */
const mostlyShare = 0.5;

/** From the waiting subtask to the cause, which is the last. */
export function explainStall(facts: StallFacts, waiting: Subtask, channel: number): readonly StallHop[] {
  return new StallWalk(facts).from(waiting, channel);
}

/** The channel that a subtask waits for most: one without the barrier in it, or else with the most records before it. */
export function waitedFor(facts: StallFacts, subtask: Subtask): number | null {
  const { delivered } = facts.subtask(subtask);
  let most: { readonly channel: number; readonly ahead: number } | null = null;
  for (const { id, fromVertex, fromSubtask } of inputsOf(facts.graph, subtask)) {
    if (delivered.includes(id)) continue;
    const { recordsAhead } = facts.channel(id);
    // Behind the end of a channel nothing comes, so nothing is waited for.
    if (recordsAhead === null && facts.subtask({ vertex: fromVertex, index: fromSubtask }).hasEnded) continue;
    const ahead = recordsAhead ?? Number.POSITIVE_INFINITY;
    if (most === null || ahead > most.ahead) most = { channel: id, ahead };
  }
  return most?.channel ?? null;
}

class StallWalk {
  readonly #facts: StallFacts;
  readonly #visited = new Set<string>();
  readonly #hops: StallHop[] = [];
  readonly #barrier: string;

  constructor(facts: StallFacts) {
    this.#facts = facts;
    this.#barrier = `barrier ${facts.checkpointId}`;
  }

  from(waiting: Subtask, channel: number): readonly StallHop[] {
    this.#visited.add(nameOf(waiting));
    this.#hopAligning(waiting, channel);
    this.#follow(channel);
    // The last one waits for nobody, as far as anybody can tell.
    return this.#hops.map((hop, i) => (i === this.#hops.length - 1 ? { ...hop, waitsFor: null } : hop));
  }

  /** The barrier has not come to the head of this channel. */
  #follow(channelId: number): void {
    const channel = this.#facts.graph.channels[channelId];
    if (channel === undefined) return;
    const { recordsAhead } = this.#facts.channel(channelId);
    if (recordsAhead === null) this.#notSent(senderOf(channel));
    else this.#notWorkedOff(receiverOf(channel), channel, recordsAhead);
  }

  /** The barrier is in the channel: whoever reads it is slow. */
  #notWorkedOff(receiver: Subtask, channel: Channel, recordsAhead: number): void {
    if (this.#isHeld(receiver, `has not come to ${this.#barrier}`)) return;
    const { operator } = this.#facts.subtask(receiver);
    const full = this.#fullOutput(receiver);
    if (full !== null) {
      this.#backpressured(receiver, `has not come to ${this.#barrier}`, full);
      return;
    }
    if (this.#isKeptOut(receiver, `has not come to ${this.#barrier}`, false)) return;
    const from = nameOf(senderOf(channel));
    const text = `${nameOf(receiver)} has ${recordsText(recordsAhead)} from ${from} to work off before ${this.#barrier}.`;
    this.#hop(receiver, null, 'behind-records', operator, text);
  }

  /** It should have sent the barrier on. */
  #notSent(subtask: Subtask): void {
    if (this.#visited.has(nameOf(subtask))) return;
    this.#visited.add(nameOf(subtask));
    const lacks = `has not sent ${this.#barrier}`;
    if (this.#isHeld(subtask, lacks)) return;
    const full = this.#fullOutput(subtask);
    const channel = waitedFor(this.#facts, subtask);
    if (full !== null) {
      this.#backpressured(subtask, lacks, full);
    } else if (channel !== null) {
      if (this.#facts.subtask(subtask).delivered.length > 0) this.#hopAligning(subtask, channel);
      else if (this.#facts.channel(channel).recordsAhead === null) this.#hopStarved(subtask, channel);
      this.#follow(channel);
    } else if (this.#isKeptOut(subtask, lacks, false)) {
      return;
    } else if (inputsOf(this.#facts.graph, subtask).length > 0) {
      this.#stopped(subtask, lacks, 'starved', 'it has it on all its channels and has not had its turn');
    } else {
      this.#slowSource(subtask, lacks);
    }
  }

  #slowSource(subtask: Subtask, lacks: string): void {
    const { busyShare, hasEnded } = this.#facts.subtask(subtask);
    const isQuiet = busyShare !== null && busyShare < 1 - mostlyShare;
    if (hasEnded) this.#stopped(subtask, lacks, 'slow-source', 'it has ended and has not taken the trigger');
    else if (isQuiet)
      this.#stopped(subtask, lacks, 'idle-split', 'it waits for input and has not taken the trigger');
    else this.#stopped(subtask, lacks, 'slow-source', 'it is reading and has not taken the trigger');
  }

  /** It cannot write: somebody does not read. */
  #backpressured(subtask: Subtask, lacks: string, full: Channel): void {
    const receiver = receiverOf(full);
    const { operator } = this.#facts.subtask(subtask);
    this.#hop(
      subtask,
      null,
      'backpressured',
      operator,
      `${nameOf(subtask)} ${lacks}: it is backpressured by ${nameOf(receiver)}.`,
    );
    if (this.#visited.has(nameOf(receiver))) return;
    this.#visited.add(nameOf(receiver));

    const lags = `does not take what ${nameOf(subtask)} sends`;
    if (this.#isHeld(receiver, lags)) return;
    // A channel that is shut in alignment fills up: then the wait is for another one.
    const isShut = this.#facts.subtask(receiver).delivered.includes(full.id);
    const channel = isShut ? waitedFor(this.#facts, receiver) : null;
    const next = this.#fullOutput(receiver);
    if (channel !== null) {
      this.#hopAligning(receiver, channel);
      this.#follow(channel);
    } else if (next !== null) {
      this.#backpressured(receiver, lags, next);
    } else {
      const { busyShare } = this.#facts.subtask(receiver);
      const share = busyShare === null ? 'busy' : `busy ${Math.round(busyShare * 100)} % of its time`;
      this.#stopped(receiver, `${lags} as fast as it comes`, 'busy-in-user-code', `it is ${share}`);
    }
  }

  /** Stopped by a debugger, or inside somebody's function: its own, or one on the same thread. */
  #isHeld(subtask: Subtask, lacks: string): boolean {
    const { isPaused, stepMs, operator } = this.#facts.subtask(subtask);
    if (isPaused) {
      this.#hop(
        subtask,
        null,
        'debugger',
        operator,
        `${nameOf(subtask)} ${lacks}: it is stopped in the debugger.`,
      );
      return true;
    }
    if (stepMs !== null && stepMs >= stuckStepMs) {
      this.#hop(
        subtask,
        null,
        'busy-in-user-code',
        operator,
        `${nameOf(subtask)} ${lacks}: ${this.#inside(operator)}.`,
      );
      return true;
    }
    return this.#isKeptOut(subtask, lacks, true);
  }

  /** Another task has the thread. `known`: it is certain that they share one. */
  #isKeptOut(subtask: Subtask, lacks: string, known: boolean): boolean {
    const occupant = this.#occupant(subtask, known);
    if (occupant === null) return false;
    this.#stopped(subtask, lacks, 'starved', `it has had no turn since ${nameOf(occupant)} has been running`);
    const { isPaused, operator } = this.#facts.subtask(occupant);
    if (isPaused) this.#stopped(occupant, 'lets nobody run', 'debugger', 'it is stopped in the debugger');
    else this.#stopped(occupant, 'lets nobody run', 'busy-in-user-code', this.#inside(operator));
    return true;
  }

  #inside(operator: string | null): string {
    return `it is inside ${operator ?? 'its own code'} on one record`;
  }

  /** Whoever is stuck on the same thread; where threads are not known, whoever is stuck. */
  #occupant(subtask: Subtask, known: boolean): Subtask | null {
    for (const other of subtasksOf(this.#facts.graph)) {
      if (nameOf(other) === nameOf(subtask)) continue;
      const shares = this.#facts.shareThread(subtask, other);
      if (shares === false || (known && shares === null)) continue;
      const { stepMs, isPaused } = this.#facts.subtask(other);
      if (isPaused || (stepMs !== null && stepMs >= stuckStepMs)) return other;
    }
    return null;
  }

  #fullOutput(subtask: Subtask): Channel | null {
    const { backpressuredShare } = this.#facts.subtask(subtask);
    if (backpressuredShare === null || backpressuredShare < mostlyShare) return null;
    const outputs = this.#facts.graph.channels.filter(
      (channel) => nameOf(senderOf(channel)) === nameOf(subtask),
    );
    return outputs.find(({ id }) => this.#facts.channel(id).isFull) ?? null;
  }

  #hopAligning(subtask: Subtask, channel: number): void {
    const { delivered, operator } = this.#facts.subtask(subtask);
    const inputs = inputsOf(this.#facts.graph, subtask);
    const here = `${this.#barrier} is here on ${delivered.length} of ${inputs.length} channels`;
    const text = `${nameOf(subtask)} aligns: ${here} and waited for from ${this.#sendersText(subtask, channel)}.`;
    this.#hop(subtask, channel, 'aligning', operator, text);
  }

  #hopStarved(subtask: Subtask, channel: number): void {
    const { operator } = this.#facts.subtask(subtask);
    const text = `${nameOf(subtask)} has not had ${this.#barrier} itself: it waits for ${this.#sendersText(subtask, channel)}.`;
    this.#hop(subtask, channel, 'starved', operator, text);
  }

  /** The one that is followed first, then the others that have not sent it. */
  #sendersText(subtask: Subtask, channel: number): string {
    const { delivered } = this.#facts.subtask(subtask);
    const missing = inputsOf(this.#facts.graph, subtask).filter(({ id }) => !delivered.includes(id));
    const ordered = [
      ...missing.filter(({ id }) => id === channel),
      ...missing.filter(({ id }) => id !== channel),
    ];
    return listText([...new Set(ordered.map((input) => nameOf(senderOf(input))))]);
  }

  #stopped(subtask: Subtask, lacks: string, cause: StallCause, why: string): void {
    const { operator } = this.#facts.subtask(subtask);
    this.#hop(subtask, null, cause, operator, `${nameOf(subtask)} ${lacks}: ${why}.`);
  }

  #hop(
    subtask: Subtask,
    waitsFor: number | null,
    cause: StallCause,
    operator: string | null,
    text: string,
  ): void {
    this.#hops.push({ subtask, waitsFor, cause, operator, text });
  }
}

function inputsOf({ channels }: ExecutionGraph, { vertex, index }: Subtask): readonly Channel[] {
  return channels.filter(({ toVertex, toSubtask }) => toVertex === vertex && toSubtask === index);
}

function senderOf({ fromVertex, fromSubtask }: Channel): Subtask {
  return { vertex: fromVertex, index: fromSubtask };
}

function receiverOf({ toVertex, toSubtask }: Channel): Subtask {
  return { vertex: toVertex, index: toSubtask };
}

function subtasksOf({ vertices }: ExecutionGraph): readonly Subtask[] {
  return vertices.flatMap(({ id, parallelism }) =>
    Array.from({ length: parallelism }, (_, index): Subtask => ({ vertex: id, index })),
  );
}
