/**
 * The operator that can do everything: state, timers, any number of records out, one or two inputs. It adapts the
 * functions that an author wrote to the engine's contract.
 */
import { present } from '../base/assert.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { type AuthorStates, openAuthorStates } from './authorStates.ts';
import { EndOnce, endedDeclaration } from './endOnce.ts';
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import {
  NO_TIMESTAMP,
  type OperatorContext,
  type SnapshotContext,
  type StreamOperator,
  type Timer,
  type Timestamp,
} from './operator.ts';
import { ProcessContext } from './processContext.ts';

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

/** The operator's own state, beside what the author declared. */
export const endStatesOf = ({ onEnd }: { readonly onEnd: unknown }): readonly StateDeclaration[] =>
  onEnd === null ? [] : [endedDeclaration];

export class ProcessOperator implements StreamOperator {
  readonly #functions: ProcessFunctions;
  readonly #lifecycle: OperatorLifecycle;
  readonly #end: EndOnce | null;
  #states!: AuthorStates;
  #context!: ProcessContext;

  constructor(functions: ProcessFunctions) {
    this.#functions = functions;
    this.#lifecycle = new OperatorLifecycle(functions.lifecycle);
    this.#end = functions.onEnd === null ? null : new EndOnce();
  }

  open(context: OperatorContext): void {
    this.#lifecycle.open(context);
    this.#states = openAuthorStates(context, this.#functions.states);
    this.#context = new ProcessContext(context, this.#states.handles, this.#lifecycle.opened);
    this.#end?.open(context);
  }

  process(value: unknown, timestamp: Timestamp, input: number): void {
    this.#end?.recordCame();
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
    this.#states.snapshot(context);
    this.#end?.snapshot(context);
  }

  finish(): void {
    this.#end?.finish(() => {
      this.#context.timestamp = NO_TIMESTAMP;
      this.#functions.onEnd?.(this.#context);
    });
  }

  close(): void {
    this.#lifecycle.close();
  }
}
