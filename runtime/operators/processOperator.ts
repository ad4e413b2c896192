/**
 * The operator that can do everything: state, timers, any number of records out, one or two inputs. It adapts the
 * functions that an author wrote to the engine's contract.
 *
 * The context that those functions get is one object for the life of the operator, so that a record costs no
 * allocation; it is valid only during the call, as its documentation in the API says.
 *
 * What `onEnd` sends on is in the output of the checkpoints that follow. So that it is not sent again by whoever restores
 * one of them, the operator remembers in its own state that its input had ended. A record that comes all the same (a drained
 * job that goes on) takes that back.
 */
import { assert, present, unreachable } from '../base/assert.ts';
import type { Key, StateDeclaration } from '../state/declarations.ts';
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import {
  type KeyedStates,
  MIN_WATERMARK,
  NO_TIMESTAMP,
  type OperatorContext,
  type Output,
  type SnapshotContext,
  type StreamOperator,
  type Timer,
  type Timers,
  type Timestamp,
} from './operator.ts';

/** What the functions of an author see. Key, keyed state and timers are there only behind a keyBy. */
export interface ProcessContext {
  /** What the author's `open` answered. */
  readonly opened: unknown;
  readonly key: Key;
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: Timers;
  readonly timestamp: Timestamp;
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
  emit(value: unknown, timestamp?: Timestamp): void;
  emitTo(tag: { readonly name: string }, value: unknown, timestamp?: Timestamp): void;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

export interface ProcessFunctions {
  /** By the name that the author's code uses; the declaration may have another one. */
  readonly states: Readonly<Record<string, StateDeclaration>>;
  /** One function per input. */
  readonly onElement: readonly ((value: unknown, context: ProcessContext) => void)[];
  readonly onTimer: ((timer: Timer, context: ProcessContext) => void) | null;
  /** All inputs have ended. Outside a keyBy only: there is no current key. */
  readonly onEnd: ((context: ProcessContext) => void) | null;
  readonly lifecycle?: AnyLifecycle;
}

interface EndedSubtask {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly ended: boolean;
}

/** Union state: at another parallelism nobody's end is one's own, so that only the end of all counts. */
const endedDeclaration: StateDeclaration<EndedSubtask> = {
  name: 'ended',
  type: 'operator-union',
  schemaVersion: 1,
};

/** The operator's own state, beside what the author declared. */
export const endStatesOf = (functions: ProcessFunctions): readonly StateDeclaration[] =>
  functions.onEnd === null ? [] : [endedDeclaration];

export class ProcessOperator implements StreamOperator {
  readonly #functions: ProcessFunctions;
  readonly #lifecycle: OperatorLifecycle;
  #context!: OpenedContext;
  #subtask = { subtaskIndex: 0, parallelism: 1 };
  #ended = false;

  constructor(functions: ProcessFunctions) {
    this.#functions = functions;
    this.#lifecycle = new OperatorLifecycle(functions.lifecycle);
  }

  open(context: OperatorContext): void {
    this.#lifecycle.open(context);
    this.#context = new OpenedContext(context, this.#functions.states, this.#lifecycle.opened);
    const { subtaskIndex, parallelism } = context;
    this.#subtask = { subtaskIndex, parallelism };
    if (this.#functions.onEnd === null) return;
    const saved = context.restoredOperatorState(endedDeclaration) as readonly EndedSubtask[];
    const own = saved.filter((was) => was.parallelism === parallelism && was.subtaskIndex === subtaskIndex);
    const counting = own.length > 0 ? own : saved;
    this.#ended = counting.length > 0 && counting.every(({ ended }) => ended);
  }

  process(value: unknown, timestamp: Timestamp, input: number): void {
    this.#ended = false;
    this.#context.timestamp = timestamp;
    present(this.#functions.onElement[input], `the function for input ${input}`)(value, this.#context);
  }

  onTimer(timer: Timer): void {
    const { onTimer } = this.#functions;
    if (onTimer === null) return;
    // What an event-time timer emits belongs to its time; the machine's clock says nothing about event time.
    this.#context.timestamp = timer.domain === 'event-time' ? timer.time : NO_TIMESTAMP;
    onTimer(timer, this.#context);
  }

  onWatermark(watermark: Timestamp): undefined {
    this.#context.watermark = watermark;
  }

  snapshot(context: SnapshotContext): void {
    if (this.#functions.onEnd === null) return;
    context.putOperatorState(endedDeclaration, [{ ...this.#subtask, ended: this.#ended }]);
  }

  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.timestamp = NO_TIMESTAMP;
    this.#functions.onEnd?.(this.#context);
  }

  close(): void {
    this.#lifecycle.close();
  }
}

class OpenedContext implements ProcessContext {
  readonly state: Readonly<Record<string, unknown>>;
  readonly opened: unknown;
  timestamp: Timestamp = NO_TIMESTAMP;
  watermark: Timestamp = MIN_WATERMARK;
  readonly #operator: OperatorContext;
  readonly #sideOutputs = new Map<string, Output<unknown>>();

  constructor(
    operator: OperatorContext,
    declarations: Readonly<Record<string, StateDeclaration>>,
    opened: unknown,
  ) {
    this.#operator = operator;
    this.opened = opened;
    const entries = Object.entries(declarations);
    assert(entries.length === 0 || operator.keyed !== null, `${operator.uid} has keyed state but no key`);
    this.state = Object.fromEntries(
      entries.map(([name, declaration]) => [
        name,
        handleOf(present(operator.keyed, 'keyed state'), declaration),
      ]),
    );
  }

  get key(): Key {
    return this.#keyed().currentKey();
  }

  get timers(): Timers {
    return this.#keyed().timers;
  }

  emit(value: unknown, timestamp: Timestamp = this.timestamp): void {
    this.#operator.output.collect(value, timestamp);
  }

  emitTo(tag: { readonly name: string }, value: unknown, timestamp: Timestamp = this.timestamp): void {
    let output = this.#sideOutputs.get(tag.name);
    if (output === undefined) {
      output = this.#operator.sideOutput(tag.name);
      this.#sideOutputs.set(tag.name, output);
    }
    output.collect(value, timestamp);
  }

  currentWatermark(): Timestamp {
    return this.#operator.keyed?.timers.currentWatermark() ?? this.watermark;
  }

  currentProcessingTime(): Timestamp {
    return this.#operator.clock.now();
  }

  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void {
    this.#operator.log(level, text);
  }

  #keyed(): KeyedStates {
    const { keyed } = this.#operator;
    if (keyed === null)
      throw new Error(`Keys, state and timers exist only behind a keyBy; ${this.#operator.uid} has none.`);
    return keyed;
  }
}

function handleOf(keyed: KeyedStates, declaration: StateDeclaration): unknown {
  switch (declaration.type) {
    case 'value':
      return keyed.value(declaration);
    case 'list':
      return keyed.list(declaration);
    case 'map':
      return keyed.map(declaration);
    case 'reducing':
    case 'aggregating':
    case 'timers':
    case 'operator-list':
    case 'operator-union':
    case 'operator-broadcast':
      throw new Error(
        `State ${declaration.name} of type ${declaration.type} cannot be used in a process function.`,
      );
    default:
      return unreachable(declaration.type);
  }
}
