/**
 * The operators of one subtask, chained: a record passes through them by direct calls and never waits inside.
 *
 * What can take long is resumable: a watermark may fire a hundred thousand timers, so it walks down the chain in
 * bounded slices, operator by operator, and only then goes on downstream. While a walk is under way the task takes no
 * input, so that nothing overtakes the watermark.
 */
import { assert, present } from '../base/assert.ts';
import type { Vertex } from '../graph/executionGraph.ts';
import type { OperatorContext, Output, StreamOperator, Timer } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { DueTimer } from '../state/timerQueue.ts';
import { closeAll } from './closeAll.ts';
import { inOperator } from './operatorFailure.ts';
import type { EdgeOutput } from './output.ts';

/** One operator in its chain. It is at once the output that feeds it. */
export class ChainLink implements Output<unknown> {
  readonly uid: string;
  readonly operator: StreamOperator;
  readonly keyed: KeyedStateBackend | null;
  readonly maxParallelism: number;
  /** Where its records go: chained operators and edges. */
  readonly output: Output<unknown>;
  readonly edges: readonly EdgeOutput[];

  constructor(options: {
    uid: string;
    operator: StreamOperator;
    keyed: KeyedStateBackend | null;
    maxParallelism: number;
    output: Output<unknown>;
    edges: readonly EdgeOutput[];
  }) {
    this.uid = options.uid;
    this.operator = options.operator;
    this.keyed = options.keyed;
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
  operator(index: number): { readonly operator: StreamOperator; readonly keyed: KeyedStateBackend | null };
  edgesOf(index: number): readonly EdgeOutput[];
  context(index: number, output: Output<unknown>): OperatorContext;
}

export class OperatorChain {
  /** In the order of the vertex: every operator after the one that feeds it. Without the head where that is a source. */
  readonly links: readonly ChainLink[];
  /** Where a source's records go; the head itself otherwise. */
  readonly entry: Output<unknown>;
  /** The head, where it is an operator. */
  readonly head: ChainLink | null;
  readonly edges: readonly EdgeOutput[];
  readonly #entryEdges: readonly EdgeOutput[];
  readonly #contexts: readonly OperatorContext[];
  /** Walks that are still to be made, oldest first, and the link that the present one has come to; −1: not begun. */
  readonly #walks: (number | 'idle' | 'active')[] = [];
  #walkedTo = -1;

  constructor(vertex: Vertex, parts: ChainParts) {
    const sourceHead = present(vertex.operators[0], 'the head of a chain').operator.role === 'source';
    const built = new Map<number, ChainLink>();
    const contexts: OperatorContext[] = [];
    const edges: EdgeOutput[] = [];
    const outputOf = (index: number): Output<unknown> => {
      const children = vertex.operators.flatMap((chained, place) =>
        chained.fedBy === index ? [present(built.get(place), 'a chained operator')] : [],
      );
      const outputs = [...children, ...parts.edgesOf(index)];
      return outputs.length === 1 ? (outputs[0] as Output<unknown>) : new Fanout(outputs);
    };
    // From the ends to the head: an operator is built when its receivers are.
    for (let index = vertex.operators.length - 1; index >= (sourceHead ? 1 : 0); index--) {
      const output = outputOf(index);
      const { operator } = present(vertex.operators[index], 'an operator');
      const link = new ChainLink({
        uid: operator.uid,
        maxParallelism: operator.maxParallelism,
        ...parts.operator(index),
        output,
        edges: parts.edgesOf(index),
      });
      built.set(index, link);
      contexts.unshift(parts.context(index, output));
    }
    this.links = [...built.entries()].sort(([a], [b]) => a - b).map(([, link]) => link);
    for (let index = 0; index < vertex.operators.length; index++) edges.push(...parts.edgesOf(index));
    this.edges = edges;
    this.#contexts = contexts;
    this.head = sourceHead ? null : present(this.links[0], 'the head of a chain');
    this.entry = sourceHead ? outputOf(0) : (this.head as ChainLink);
    this.#entryEdges = sourceHead ? parts.edgesOf(0) : [];
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

  /** A watermark came in (of a source: was made). It is walked down the chain by `walk`. */
  watermark(time: number): void {
    this.#walks.push(time);
  }

  /** The input fell silent, or woke: goes downstream behind the watermarks before it. */
  idleness(change: 'idle' | 'active'): void {
    this.#walks.push(change);
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
      const watermark = this.#walks[0] as number | 'idle' | 'active';
      if (typeof watermark === 'string') {
        for (const edge of this.edges) edge.control({ kind: watermark });
        this.#walks.shift();
        continue;
      }
      if (this.#walkedTo < 0) {
        for (const edge of this.#entryEdges) edge.control({ kind: 'watermark', time: watermark });
        this.#walkedTo = 0;
      }
      while (this.#walkedTo < this.links.length) {
        const link = this.links[this.#walkedTo] as ChainLink;
        if (link.keyed !== null) {
          link.keyed.currentWatermark = watermark;
          while (link.fireEventTimer(watermark)) {
            if (--budget <= 0 || this.overflowing) return budget;
          }
        }
        link.run((operator) => operator.onWatermark?.(watermark));
        for (const edge of link.edges) edge.control({ kind: 'watermark', time: watermark });
        this.#walkedTo++;
      }
      this.#walks.shift();
      this.#walkedTo = -1;
    }
    return budget;
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

  /** The stream is over: every operator, head first, sends on what it still holds. */
  finish(): void {
    assert(!this.walking, 'the last watermark comes before the end');
    for (const link of this.links) {
      if (link !== this.head) link.run((operator) => operator.endInput?.(0));
      link.run((operator) => operator.finish?.());
    }
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
}
