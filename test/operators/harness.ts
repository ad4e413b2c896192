/**
 * One operator without an engine: records, watermarks and the machine's clock go in by hand, what it emits comes out as
 * an array. Keyed state and timers are plain maps here; they share no code with runtime/state.
 */
import { ManualClock } from '../../runtime/base/clock.ts';
import { OperatorMetrics } from '../../runtime/engine/operatorMetrics.ts';
import type {
  Idleness,
  KeyedStates,
  OperatorContext,
  StreamOperator,
  Timer,
  Timers,
  Timestamp,
} from '../../runtime/operators/operator.ts';
import type {
  AggregatingState,
  Key,
  ListState,
  MapState,
  ReducingState,
  StateDeclaration,
  ValueState,
} from '../../runtime/state/declarations.ts';
import { MemoryFiles } from '../connectors/memoryFiles.ts';

export interface Emitted {
  readonly value: unknown;
  readonly timestamp: Timestamp;
}

export class OperatorHarness {
  readonly emitted: Emitted[] = [];
  readonly sideEmitted: (Emitted & { readonly name: string })[] = [];
  /** Watermarks and idleness that the operator sent on by itself. */
  readonly forwarded: (Timestamp | Idleness)[] = [];
  readonly metrics = new OperatorMetrics();
  readonly logged: string[] = [];
  readonly clock = new ManualClock();
  readonly files = new MemoryFiles();
  readonly #operator: StreamOperator;
  readonly #keyOf: readonly ((value: never) => Key)[];
  readonly #state: PlainKeyedStates | null;

  /** `keyOf`: a function per input behind a keyBy; none: not keyed. */
  constructor(operator: StreamOperator, ...keyOf: readonly ((value: never) => Key)[]) {
    this.#operator = operator;
    this.#keyOf = keyOf;
    this.#state = keyOf.length > 0 ? new PlainKeyedStates() : null;
    operator.open?.({
      uid: 'operator',
      name: 'operator',
      subtaskIndex: 0,
      parallelism: 1,
      maxParallelism: 128,
      runId: 'run1',
      attempt: 1,
      clock: this.clock,
      inputMs: () => this.clock.monotonicMs(),
      files: this.files,
      output: { collect: (value, timestamp) => this.emitted.push({ value, timestamp }) },
      sideOutput: (name) => ({
        collect: (value, timestamp) => this.sideEmitted.push({ name, value, timestamp }),
      }),
      emitWatermark: (watermark) => this.forwarded.push(watermark),
      emitIdleness: (change) => this.forwarded.push(change),
      wake: () => {},
      newAbort: () => new AbortController(),
      metrics: this.metrics,
      keyed: this.#state,
      restoredOperatorState: () => [],
      restored: false,
      supersede: false,
      log: (level, text) => this.logged.push(`${level}: ${text}`),
    } satisfies OperatorContext);
  }

  get values(): readonly unknown[] {
    return this.emitted.map(({ value }) => value);
  }

  record(value: unknown, timestamp: Timestamp = Number.NEGATIVE_INFINITY, input = 0): this {
    const keyOf = this.#keyOf[input] as ((value: unknown) => Key) | undefined;
    if (this.#state !== null && keyOf !== undefined) this.#state.key = keyOf(value);
    this.#operator.process(value, timestamp, input);
    return this;
  }

  /** Fires what is due in the order of its time, then says it to the operator. */
  watermark(time: Timestamp): this {
    const state = this.#state;
    if (state !== null) {
      state.watermark = time;
      for (let due = state.nextDue('event-time', time); due !== null; due = state.nextDue('event-time', time))
        this.#fire(due);
    }
    this.#operator.onWatermark?.(time);
    return this;
  }

  processingTime(time: Timestamp): this {
    const state = this.#state;
    if (state === null) return this;
    for (
      let due = state.nextDue('processing-time', time);
      due !== null;
      due = state.nextDue('processing-time', time)
    )
      this.#fire(due);
    return this;
  }

  end(): this {
    this.#operator.endInput?.(0);
    this.#operator.finish?.();
    this.#operator.close?.();
    return this;
  }

  /** Entries of all states of all keys, to see that nothing is left. */
  stateEntries(): number {
    return this.#state?.entryCount() ?? 0;
  }

  #fire(due: RegisteredTimer): void {
    if (this.#state !== null) this.#state.key = due.key;
    this.#operator.onTimer?.(due.timer);
  }
}

interface RegisteredTimer {
  readonly key: Key;
  readonly timer: Timer;
}

class PlainKeyedStates implements KeyedStates {
  key: Key = null;
  watermark: Timestamp = Number.NEGATIVE_INFINITY;
  readonly #values = new Map<string, unknown>();
  readonly #timers = new Map<string, RegisteredTimer>();

  readonly timers: Timers = {
    currentWatermark: () => this.watermark,
    registerEventTime: (time, namespace = null) => this.#register('event-time', time, namespace),
    deleteEventTime: (time, namespace = null) =>
      this.#timers.delete(this.#timerId('event-time', time, namespace)),
    registerProcessingTime: (time, namespace = null) => this.#register('processing-time', time, namespace),
    deleteProcessingTime: (time, namespace = null) =>
      this.#timers.delete(this.#timerId('processing-time', time, namespace)),
  };

  currentKey(): Key {
    return this.key;
  }

  value<T>(declaration: StateDeclaration<T>): ValueState<T> {
    const id = () => this.#id(declaration);
    return {
      get: () => (this.#values.has(id()) ? (this.#values.get(id()) as T) : declaration.initial?.()),
      set: (value) => this.#values.set(id(), value),
      clear: () => this.#values.delete(id()),
    };
  }

  list<T>(declaration: StateDeclaration<T>): ListState<T> {
    const get = () => (this.#values.get(this.#id(declaration)) ?? []) as readonly T[];
    return {
      get,
      add: (value) => this.#values.set(this.#id(declaration), [...get(), value]),
      update: (values) => this.#values.set(this.#id(declaration), [...values]),
      clear: () => this.#values.delete(this.#id(declaration)),
    };
  }

  map<K extends Key, V>(declaration: StateDeclaration<V>): MapState<K, V> {
    const map = (): Map<K, V> => {
      const id = this.#id(declaration);
      if (!this.#values.has(id)) this.#values.set(id, new Map());
      return this.#values.get(id) as Map<K, V>;
    };
    return {
      get: (key) => map().get(key),
      has: (key) => map().has(key),
      set: (key, value) => map().set(key, value),
      delete: (key) => map().delete(key),
      entries: () => map().entries(),
      isEmpty: () => map().size === 0,
      clear: () => map().clear(),
    };
  }

  reducing<T>(declaration: StateDeclaration<T>): ReducingState<T> {
    return this.#folding(declaration) as ReducingState<T>;
  }

  aggregating<In, Out>(declaration: StateDeclaration): AggregatingState<In, Out> {
    return this.#folding(declaration) as AggregatingState<In, Out>;
  }

  forEachKey(declaration: StateDeclaration, visit: (key: Key, handle: unknown) => void): void {
    const handle = {
      value: this.value(declaration),
      list: this.list(declaration),
      map: this.map(declaration),
    };
    for (const id of [...this.#values.keys()]) {
      const [name, key] = JSON.parse(id) as [string, Key];
      if (name !== declaration.name) continue;
      this.key = key;
      visit(key, handle[declaration.type as keyof typeof handle] ?? this.#folding(declaration));
    }
    this.key = null;
  }

  #folding(declaration: StateDeclaration): AggregatingState<unknown, unknown> {
    const { add, result } = declaration.fold!;
    const accumulators = this.value(declaration);
    return {
      get: () => (accumulators.get() === undefined ? undefined : result(accumulators.get())),
      add: (value) => accumulators.set(add(accumulators.get(), value)),
      clear: () => accumulators.clear(),
    };
  }

  nextDue(domain: Timer['domain'], until: Timestamp): RegisteredTimer | null {
    const due = [...this.#timers].filter(([, { timer }]) => timer.domain === domain && timer.time <= until);
    const [id, first] = due.sort(([, a], [, b]) => a.timer.time - b.timer.time)[0] ?? [];
    if (id === undefined || first === undefined) return null;
    this.#timers.delete(id);
    return first;
  }

  entryCount(): number {
    const states = [...this.#values.values()].map((value) => (value instanceof Map ? value.size : 1));
    return states.reduce((sum, count) => sum + count, this.#timers.size);
  }

  #register(domain: Timer['domain'], time: Timestamp, namespace: Key): void {
    this.#timers.set(this.#timerId(domain, time, namespace), {
      key: this.key,
      timer: { domain, time, namespace },
    });
  }

  #timerId(domain: string, time: Timestamp, namespace: Key): string {
    return JSON.stringify([domain, this.key, time, namespace]);
  }

  #id(declaration: { readonly name: string }): string {
    return JSON.stringify([declaration.name, this.key]);
  }
}
