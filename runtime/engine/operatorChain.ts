/**
 * The operators of one subtask, chained: a record passes through them by direct calls and never waits inside.
 *
 * What can take long is resumable: a watermark may fire a hundred thousand timers, so it walks down the chain in
 * bounded slices, operator by operator, and only then goes on downstream. While a walk is under way the task takes no
 * input, so that nothing overtakes the watermark. An operator may hold a watermark: the walk then leaves out whatever
 * that operator feeds, and a walk of its own begins there when the operator lets go.
 */
import { assert, present } from '../base/assert.ts';
import type { Vertex } from '../graph/executionGraph.ts';
import type { Idleness, OperatorContext, Output, StreamOperator, Timer } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { DueTimer } from '../state/timerQueue.ts';
import type { ControlFrame } from './channels/frame.ts';
import { closeAll } from './closeAll.ts';
import type { FileChain } from './fileChain.ts';
import { inOperator } from './operatorFailure.ts';
import type { EdgeOutput } from './output.ts';

/** One operator in its chain. It is at once the output that feeds it. */
export class ChainLink implements Output<unknown> {
  readonly uid: string;
  readonly operator: StreamOperator;
  readonly keyed: KeyedStateBackend | null;
  /** Null: its checkpoints are full. */
  readonly fileChain: FileChain | null;
  readonly maxParallelism: number;
  /** Where its records go: chained operators and edges. */
  readonly output: Output<unknown>;
  readonly edges: readonly EdgeOutput[];

  constructor(options: {
    uid: string;
    operator: StreamOperator;
    keyed: KeyedStateBackend | null;
    fileChain: FileChain | null;
    maxParallelism: number;
    output: Output<unknown>;
    edges: readonly EdgeOutput[];
  }) {
    this.uid = options.uid;
    this.operator = options.operator;
    this.keyed = options.keyed;
    this.fileChain = options.fileChain;
    this.maxParallelism = options.maxParallelism;
    this.output = options.output;
    this.edges = options.edges;
  }

  collect(value: unknown, timestamp: number): void {
    try {
      this.operator.process(value, timestamp, 0);
    } catch (error) {
      throw inOperator(error, this.uid, value, true);
    }
  }

  /** As the head of a chain: the record's key is made current first. */
  receive(value: unknown, timestamp: number, input: number, keyOf: ((value: unknown) => Key) | null): void {
    try {
      if (keyOf !== null && this.keyed !== null) this.keyed.setCurrentKey(keyOf(value));
      this.operator.process(value, timestamp, input);
    } catch (error) {
      throw inOperator(error, this.uid, value, true);
    }
  }

  /** Calls a lifecycle method, with failures named after this operator. */
  run<T>(call: (operator: StreamOperator) => T): T {
    try {
      return call(this.operator);
    } catch (error) {
      throw inOperator(error, this.uid, null, false);
    }
  }

  /** Fires one timer that is due; false when none is. */
  fireEventTimer(watermark: number): boolean {
    return this.#fire('event-time', this.keyed?.eventTimers.popDue(watermark) ?? null);
  }

  fireProcessingTimer(now: number): boolean {
    return this.#fire('processing-time', this.keyed?.processingTimers.popDue(now) ?? null);
  }

  #fire(domain: Timer['domain'], due: DueTimer | null): boolean {
    if (due === null) return false;
    try {
      this.keyed?.setCurrentKey(due.key);
      this.operator.onTimer?.({ domain, time: due.time, namespace: due.namespace });
    } catch (error) {
      throw inOperator(error, this.uid, { timer: due.time, key: due.key }, true);
    }
    return true;
  }
}

/** Several receivers of one operator's records. */
export class Fanout implements Output<unknown> {
  readonly #outputs: readonly Output<unknown>[];

  constructor(outputs: readonly Output<unknown>[]) {
    this.#outputs = outputs;
  }

  collect(value: unknown, timestamp: number): void {
    for (const output of this.#outputs) output.collect(value, timestamp);
  }
}

export interface ChainParts {
  operator(index: number): {
    readonly operator: StreamOperator;
    readonly keyed: KeyedStateBackend | null;
    readonly fileChain: FileChain | null;
  };
  edgesOf(index: number): readonly ChainEdge[];
  context(index: number, outputs: OperatorOutputs): OperatorContext;
}

/** An output edge of one operator; `sideOutput` null: of its own output. */
export interface ChainEdge {
  readonly edge: EdgeOutput;
  readonly sideOutput: string | null;
}

/** What an operator is given to send through. */
export interface OperatorOutputs {
  readonly output: Output<unknown>;
  sideOutput(name: string): Output<unknown>;
  emitWatermark(watermark: number): void;
  emitIdleness(change: Idleness): void;
}

/** A watermark (its time) or a change of idleness on its way down the chain. */
interface Walk {
  readonly change: number | Idleness;
  /** Edges that it leaves by at once: those of whoever sent it. */
  readonly edges: readonly EdgeOutput[];
  /** The links that it visits, in order. */
  readonly places: readonly number[];
}

const NOWHERE: Output<unknown> = { collect() {} };

export class OperatorChain {
  /** In the order of the vertex: every operator after the one that feeds it. Without the head where that is a source. */
  readonly links: readonly ChainLink[];
  /** Where a source's records go; the head itself otherwise. */
  readonly entry: Output<unknown>;
  /** The head, where it is an operator. */
  readonly head: ChainLink | null;
  readonly edges: readonly EdgeOutput[];
  /** Some operator may refuse records: whoever gives it one asks before. */
  readonly selective: boolean;
  readonly #entryEdges: readonly EdgeOutput[];
  readonly #contexts: readonly OperatorContext[];
  /** Per link the one that feeds it; −1: the source, or nobody. */
  readonly #feeders: readonly number[];
  readonly #all: readonly number[];
  /** Links that work beside their input. */
  readonly #driven: readonly ChainLink[];
  /** Walks that are still to be made, oldest first. */
  readonly #walks: Walk[] = [];
  /** How far the present one has come: −1 not begun, else an index into its places. */
  #walkedTo = -1;
  /** Links behind which the present walk does not go on: it was held there. */
  readonly #held = new Set<number>();
  /** Links that have finished, and whether the next one was told of the end. */
  #finished = 0;
  #toldEnd = false;

  constructor(vertex: Vertex, parts: ChainParts) {
    const sourceHead = present(vertex.operators[0], 'the head of a chain').operator.role === 'source';
    const first = sourceHead ? 1 : 0;
    const built = new Map<number, ChainLink>();
    const contexts: OperatorContext[] = [];
    const edgesOf = (index: number) => parts.edgesOf(index).map(({ edge }) => edge);
    const outputOf = (index: number, sideOutput: string | null): Output<unknown> => {
      const children = vertex.operators.flatMap(({ fedBy, fedThrough }, place) =>
        fedBy === index && fedThrough === sideOutput ? [present(built.get(place), 'a chained operator')] : [],
      );
      const edges = parts.edgesOf(index).filter((edge) => edge.sideOutput === sideOutput);
      const outputs = [...children, ...edges.map(({ edge }) => edge)];
      if (outputs.length === 0) return NOWHERE;
      return outputs.length === 1 ? (outputs[0] as Output<unknown>) : new Fanout(outputs);
    };
    // From the ends to the head: an operator is built when its receivers are.
    for (let index = vertex.operators.length - 1; index >= first; index--) {
      const output = outputOf(index, null);
      const { operator } = present(vertex.operators[index], 'an operator');
      const link = new ChainLink({
        uid: operator.uid,
        maxParallelism: operator.maxParallelism,
        ...parts.operator(index),
        output,
        edges: edgesOf(index),
      });
      built.set(index, link);
      contexts.unshift(
        parts.context(index, {
          output,
          sideOutput: (name) => outputOf(index, name),
          emitWatermark: (watermark) => this.#emit(index - first, watermark),
          emitIdleness: (change) => this.#emit(index - first, change),
        }),
      );
    }
    this.links = [...built.entries()].sort(([a], [b]) => a - b).map(([, link]) => link);
    this.edges = vertex.operators.flatMap((_operator, index) => edgesOf(index));
    this.#contexts = contexts;
    this.#feeders = vertex.operators.slice(first).map(({ fedBy }) => (fedBy ?? -1) - (sourceHead ? 1 : 0));
    this.#all = this.links.map((_link, place) => place);
    this.#driven = this.links.filter(({ operator }) => operator.advance !== undefined);
    this.selective = this.links.some(({ operator }) => operator.accepts !== undefined);
    this.head = sourceHead ? null : present(this.links[0], 'the head of a chain');
    this.entry = sourceHead ? outputOf(0, null) : (this.head as ChainLink);
    this.#entryEdges = sourceHead ? edgesOf(0) : [];
  }

  open(): void {
    // Receivers first: an operator may emit while it opens.
    for (let index = this.links.length - 1; index >= 0; index--) {
      (this.links[index] as ChainLink).run((operator) =>
        operator.open?.(this.#contexts[index] as OperatorContext),
      );
    }
  }

  hasRoom(): boolean {
    for (const edge of this.edges) if (!edge.hasRoom()) return false;
    return true;
  }

  /** No operator of the chain has enough for now. */
  accepts(): boolean {
    if (!this.selective) return true;
    for (const { operator } of this.links) if (operator.accepts?.() === false) return false;
    return true;
  }

  /** A watermark came in (of a source: was made). It is walked down the chain by `walk`. */
  watermark(time: number): void {
    this.#walks.push({ change: time, edges: this.#entryEdges, places: this.#all });
  }

  /** The input fell silent, or woke: goes downstream behind the watermarks before it. */
  idleness(change: Idleness): void {
    this.#walks.push({ change, edges: this.#entryEdges, places: this.#all });
  }

  get walking(): boolean {
    return this.#walks.length > 0;
  }

  /**
   * Goes on with the walk: fires up to `budget` timers; stops early when the outputs are full. Answers the timers left
   * of the budget; the walk is over when `walking` is false.
   */
  walk(budget: number): number {
    while (this.#walks.length > 0) {
      const { change, edges, places } = this.#walks[0] as Walk;
      if (this.#walkedTo < 0) {
        for (const edge of edges) edge.control(frameOf(change));
        this.#walkedTo = 0;
      }
      while (this.#walkedTo < places.length) {
        const place = places[this.#walkedTo] as number;
        const link = this.links[place] as ChainLink;
        if (this.#held.has(this.#feeders[place] as number)) this.#held.add(place);
        else {
          if (typeof change === 'number' && link.keyed !== null) {
            link.keyed.currentWatermark = change;
            while (link.fireEventTimer(change)) {
              if (--budget <= 0 || this.overflowing) return budget;
            }
          }
          const answer = link.run((operator) =>
            typeof change === 'number' ? operator.onWatermark?.(change) : operator.onIdleness?.(change),
          );
          if (answer === 'held') this.#held.add(place);
          else for (const edge of link.edges) edge.control(frameOf(change));
        }
        this.#walkedTo++;
      }
      this.#walks.shift();
      this.#walkedTo = -1;
      this.#held.clear();
    }
    return budget;
  }

  /**
   * Operators that work beside their input do a piece of it; answers whether there was any. One that lets a watermark go
   * is the last for now: it has to be walked down before anybody behind it sends something of its own.
   */
  advance(now: number): boolean {
    let advanced = false;
    for (const link of this.#driven) {
      if (this.overflowing || this.walking) break;
      advanced = link.run((operator) => operator.advance?.(now)) === true || advanced;
    }
    return advanced;
  }

  /** When one of them has something to do by itself; null: never. */
  nextAdvance(): number | null {
    let next: number | null = null;
    for (const link of this.#driven) {
      const at = link.run((operator) => operator.wakeAt?.()) ?? null;
      if (at !== null && (next === null || at < next)) next = at;
    }
    return next;
  }

  /** Fires processing-time timers that are due, up to `budget`; answers how many. */
  fireProcessingTimers(now: number, budget: number): number {
    let fired = 0;
    for (const link of this.links) {
      while (fired < budget && !this.overflowing && link.fireProcessingTimer(now)) fired++;
    }
    return fired;
  }

  /** When the next processing-time timer is due; null without one. */
  nextProcessingTime(): number | null {
    let next: number | null = null;
    for (const link of this.links) {
      const time = link.keyed?.processingTimers.nextTime() ?? null;
      if (time !== null && (next === null || time < next)) next = time;
    }
    return next;
  }

  get overflowing(): boolean {
    return this.edges.some((edge) => edge.overflowing);
  }

  endInput(input: number): void {
    this.head?.run((operator) => operator.endInput?.(input));
  }

  /**
   * The stream is over: every operator, head first, sends on what it still holds. False: one of them waits for something
   * of its own; what it still sends has to go through those behind it before they finish.
   */
  finish(): boolean {
    for (; this.#finished < this.links.length; this.#finished++) {
      assert(!this.walking, 'the last watermark comes before the end');
      const link = this.links[this.#finished] as ChainLink;
      if (!this.#toldEnd) {
        this.#toldEnd = true;
        if (link !== this.head) link.run((operator) => operator.endInput?.(0));
      }
      if (link.run((operator) => operator.drained?.()) === false) return false;
      link.run((operator) => operator.finish?.());
      this.#toldEnd = false;
    }
    return true;
  }

  prepareBarrier(checkpointId: number): void {
    for (const link of this.links) link.run((operator) => operator.prepareBarrier?.(checkpointId));
  }

  notifyComplete(checkpointId: number): void {
    for (const link of this.links) link.run((operator) => operator.notifyCheckpointComplete?.(checkpointId));
  }

  notifyAborted(checkpointId: number): void {
    for (const link of this.links) link.run((operator) => operator.notifyCheckpointAborted?.(checkpointId));
  }

  close(): void {
    closeAll(this.links.map((link) => () => link.run((operator) => operator.close?.())));
  }

  /** From an operator, downstream of it. */
  #emit(place: number, change: number | Idleness): void {
    const below = new Set([place]);
    for (const other of this.#all) if (below.has(this.#feeders[other] as number)) below.add(other);
    below.delete(place);
    this.#walks.push({ change, edges: (this.links[place] as ChainLink).edges, places: [...below] });
  }
}

function frameOf(change: number | Idleness): ControlFrame {
  return typeof change === 'number' ? { kind: 'watermark', time: change } : { kind: change };
}
