/**
 * Two inputs of which one is broadcast, as Flink's CoBroadcastWithKeyedOperator and its sibling without keys: rules on one
 * side, the records that they apply to on the other.
 *
 *   records ──keyBy──▶ subtask 0: rules { … }      Every subtask gets every rule and keeps it in its own copy of the
 *                      subtask 1: rules { … }      broadcast state; since all copies are written by the same records,
 *   rules ──broadcast─▶ both                       in their order, they are the same.
 *
 * So only the broadcast side may write them: a write for a record would be made in one copy and not in the others.
 * And no key is current on the broadcast side: `forEachKey` makes one after the other current.
 */
import { assert, present } from '../base/assert.ts';
import { isOperatorState, type Key, type MapState, type StateDeclaration } from '../state/declarations.ts';
import { readonlyMapState } from '../state/operatorStates.ts';
import { AuthorContext } from './authorContext.ts';
import { type AuthorStates, openAuthorStates } from './authorStates.ts';
import { EndOnce } from './endOnce.ts';
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

export interface BroadcastFunctions {
  /** By the names that the author's functions use. Keyed ones only behind a keyBy. */
  readonly states: Readonly<Record<string, StateDeclaration>>;
  /** The broadcast ones, by the names of `broadcast(…)`. */
  readonly broadcast: Readonly<Record<string, StateDeclaration>>;
  readonly onElement: (value: unknown, context: ElementContext) => void;
  readonly onBroadcast: (value: unknown, context: BroadcastContext) => void;
  readonly onTimer: ((timer: Timer, context: ElementContext) => void) | null;
  /** Both inputs have ended. Outside a keyBy only. */
  readonly onEnd: ((context: ElementContext) => void) | null;
  readonly lifecycle: AnyLifecycle;
}

/** The input that is broadcast; the other one is 0. */
export const BROADCAST_INPUT = 1;

type Handles = Readonly<Record<string, unknown>>;

export class BroadcastProcessOperator implements StreamOperator {
  readonly #functions: BroadcastFunctions;
  readonly #lifecycle: OperatorLifecycle;
  readonly #end: EndOnce | null;
  #states!: AuthorStates;
  #broadcastStates!: AuthorStates;
  #element!: ElementContext;
  #broadcast!: BroadcastContext;

  constructor(functions: BroadcastFunctions) {
    this.#functions = functions;
    this.#lifecycle = new OperatorLifecycle(functions.lifecycle);
    this.#end = functions.onEnd === null ? null : new EndOnce();
  }

  open(context: OperatorContext): void {
    const { states, broadcast } = this.#functions;
    this.#lifecycle.open(context);
    const { opened } = this.#lifecycle;
    this.#states = openAuthorStates(context, states);
    this.#broadcastStates = openAuthorStates(context, broadcast);
    const { handles } = this.#states;
    const maps = this.#broadcastStates.handles;
    this.#element = new ElementContext(context, handles, opened, maps);
    this.#broadcast = new BroadcastContext(context, withoutKeyed(handles, states), opened, maps, states);
    this.#end?.open(context);
  }

  process(value: unknown, timestamp: Timestamp, input: number): void {
    this.#end?.recordCame();
    if (input === BROADCAST_INPUT) {
      this.#broadcast.timestamp = timestamp;
      this.#functions.onBroadcast(value, this.#broadcast);
    } else {
      this.#element.timestamp = timestamp;
      this.#functions.onElement(value, this.#element);
    }
  }

  onTimer(timer: Timer): void {
    const { onTimer } = this.#functions;
    if (onTimer === null) return;
    // What an event-time timer emits belongs to its time; the machine's clock says nothing about event time.
    this.#element.timestamp = timer.domain === 'event-time' ? timer.time : NO_TIMESTAMP;
    onTimer(timer, this.#element);
  }

  onWatermark(watermark: Timestamp): undefined {
    this.#element.watermark = watermark;
    this.#broadcast.watermark = watermark;
  }

  snapshot(context: SnapshotContext): void {
    this.#states.snapshot(context);
    this.#broadcastStates.snapshot(context);
    this.#end?.snapshot(context);
  }

  finish(): void {
    this.#end?.finish(() => {
      this.#element.timestamp = NO_TIMESTAMP;
      this.#functions.onEnd?.(this.#element);
    });
  }

  close(): void {
    this.#lifecycle.close();
  }
}

/** On the side of the records: everything of `process`, and the broadcast state to read. */
export class ElementContext extends ProcessContext {
  readonly broadcast: Handles;

  constructor(operator: OperatorContext, state: Handles, opened: unknown, broadcast: Handles) {
    super(operator, state, opened);
    const maps = Object.entries(broadcast) as readonly (readonly [string, MapState<Key, unknown>])[];
    this.broadcast = Object.fromEntries(maps.map(([name, map]) => [name, readonlyMapState(map)]));
  }
}

/** On the broadcast side: the broadcast state to write, no key, and of the other state what needs none. */
export class BroadcastContext extends AuthorContext {
  readonly broadcast: Handles;
  readonly state: Handles;
  readonly #operator: OperatorContext;
  readonly #declarations: BroadcastFunctions['states'];

  constructor(
    operator: OperatorContext,
    state: Handles,
    opened: unknown,
    broadcast: Handles,
    declarations: BroadcastFunctions['states'],
  ) {
    super(operator, opened);
    this.state = state;
    this.broadcast = broadcast;
    this.#operator = operator;
    this.#declarations = declarations;
  }

  /** Visits each key that has something of the state; it is the current one during its visit. */
  readonly forEachKey = (name: string, visit: (key: Key, handle: unknown) => void): void => {
    const { keyed, uid } = this.#operator;
    assert(keyed !== null, `${uid} has no keys`);
    keyed.forEachKey(present(this.#declarations[name], `the state ${name} of ${uid}`), visit);
  };
}

function withoutKeyed(handles: Handles, declarations: BroadcastFunctions['states']): Handles {
  const isOwn = (name: string) => isOperatorState(present(declarations[name], `the state ${name}`).type);
  return Object.fromEntries(Object.entries(handles).filter(([name]) => isOwn(name)));
}
