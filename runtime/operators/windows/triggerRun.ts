/**
 * A trigger at work in one subtask: hands it the window, its states and its timers, and keeps these for it.
 *
 * States and timers of a window go with it, whatever the trigger's own `clear` does, so that a trigger that forgets one
 * leaves nothing behind. For that the timers that it set are kept in state. All but two: those at the end of the window,
 * which nearly every trigger sets, are simply deleted.
 */
import type { Clock } from '../../base/clock.ts';
import type { MapState, StateDeclaration } from '../../state/declarations.ts';
import { type KeyedStates, NO_TIMESTAMP, type Timer, type Timers, type Timestamp } from '../operator.ts';
import { PerWindowValues, perWindowDeclaration } from './perWindowValues.ts';
import type {
  TriggerContext,
  TriggerFunctions,
  TriggerResult,
  TriggerTimers,
  WindowTrigger,
} from './trigger.ts';
import type { TimeWindow } from './window.ts';

/** The timers that a trigger has set for a window, those at its end left out. */
interface SetTimers {
  readonly eventTime: readonly Timestamp[];
  readonly processingTime: readonly Timestamp[];
}

const setTimersDeclaration: StateDeclaration<SetTimers> = {
  name: 'timers-of-trigger',
  type: 'map',
  schemaVersion: 1,
};

/** What a trigger keeps per window, as the plan lists it. */
export function triggerDeclarations({ states, setsTimers }: WindowTrigger): readonly StateDeclaration[] {
  const own = Object.values(states).map((declaration) => perWindowDeclaration('trigger', declaration));
  return setsTimers ? [...own, setTimersDeclaration as StateDeclaration] : own;
}

export class TriggerRun {
  readonly #functions: TriggerFunctions;
  readonly #context: OpenedTriggerContext;

  constructor(trigger: WindowTrigger, keyed: KeyedStates, clock: Clock) {
    this.#functions = trigger.functions;
    const values = new PerWindowValues(keyed, 'trigger', trigger.states);
    const setTimers = trigger.setsTimers ? keyed.map<Timestamp, SetTimers>(setTimersDeclaration) : null;
    this.#context = new OpenedTriggerContext(values, new WindowTimers(keyed.timers, setTimers), clock);
  }

  onElement(window: TimeWindow, value: unknown, timestamp: Timestamp): TriggerResult {
    return checked(this.#functions.onElement(value as never, this.#context.at(window, timestamp)));
  }

  /** Also for the timer that ends the window, which the trigger need not have set. */
  onTimer(window: TimeWindow, { domain, time }: Timer): TriggerResult {
    const isEventTime = domain === 'event-time';
    const context = this.#context.at(window, isEventTime ? time : NO_TIMESTAMP);
    context.timers.forget(domain, time);
    const result = isEventTime
      ? this.#functions.onEventTime?.(time, context)
      : this.#functions.onProcessingTime?.(time, context);
    return checked(result ?? 'continue');
  }

  /** The merged windows are cleared first, so that what the trigger sets for the whole one cannot go with them. */
  merge(into: TimeWindow, merged: readonly TimeWindow[]): void {
    const before = merged.map((window) => {
      const state = this.#context.at(window, NO_TIMESTAMP).values.values();
      return { start: window.start, end: window.end, state };
    });
    for (const window of merged) this.clear(window);
    this.#functions.onMerge?.(before, this.#context.at(into, NO_TIMESTAMP));
  }

  clear(window: TimeWindow): void {
    const context = this.#context.at(window, NO_TIMESTAMP);
    this.#functions.clear?.(context);
    context.timers.clear();
    context.values.clear();
  }
}

/** One object for the life of the operator. */
class OpenedTriggerContext implements TriggerContext {
  timestamp: Timestamp = NO_TIMESTAMP;
  readonly values: PerWindowValues;
  readonly timers: WindowTimers;
  readonly #clock: Clock;

  constructor(values: PerWindowValues, timers: WindowTimers, clock: Clock) {
    this.values = values;
    this.timers = timers;
    this.#clock = clock;
  }

  at(window: TimeWindow, timestamp: Timestamp): this {
    this.values.window = window;
    this.timers.window = window;
    this.timestamp = timestamp;
    return this;
  }

  get window(): TimeWindow {
    return this.values.window;
  }

  get state(): Readonly<Record<string, unknown>> {
    return this.values.handles;
  }

  readonly currentWatermark = (): Timestamp => this.timers.currentWatermark();

  readonly currentProcessingTime = (): Timestamp => this.#clock.now();
}

class WindowTimers implements TriggerTimers {
  window!: TimeWindow;
  readonly #timers: Timers;
  /** Null: the trigger sets none but those at the end of the window. */
  readonly #set: MapState<Timestamp, SetTimers> | null;

  constructor(timers: Timers, set: MapState<Timestamp, SetTimers> | null) {
    this.#timers = timers;
    this.#set = set;
  }

  currentWatermark(): Timestamp {
    return this.#timers.currentWatermark();
  }

  registerEventTime(time: Timestamp): void {
    const { start, end } = this.window;
    this.#timers.registerEventTime(time, start);
    if (time !== end - 1) this.#remember('event-time', time);
  }

  registerProcessingTime(time: Timestamp): void {
    // The end of a global window: no clock will show it.
    if (time === Number.POSITIVE_INFINITY) return;
    const { start, end } = this.window;
    this.#timers.registerProcessingTime(time, start);
    if (time !== end) this.#remember('processing-time', time);
  }

  deleteEventTime(time: Timestamp): void {
    this.#timers.deleteEventTime(time, this.window.start);
    this.forget('event-time', time);
  }

  deleteProcessingTime(time: Timestamp): void {
    this.#timers.deleteProcessingTime(time, this.window.start);
    this.forget('processing-time', time);
  }

  clear(): void {
    const { start, end } = this.window;
    this.#timers.deleteEventTime(end - 1, start);
    this.#timers.deleteProcessingTime(end, start);
    const set = this.#set?.get(start);
    if (set === undefined) return;
    for (const time of set.eventTime) this.#timers.deleteEventTime(time, start);
    for (const time of set.processingTime) this.#timers.deleteProcessingTime(time, start);
    this.#set?.delete(start);
  }

  #remember(domain: Timer['domain'], time: Timestamp): void {
    if (this.#set === null) {
      throw new Error(
        'A trigger has set a timer and has no function for it: give it onEventTime or onProcessingTime.',
      );
    }
    const { eventTime, processingTime } = this.#set.get(this.window.start) ?? none;
    if ((domain === 'event-time' ? eventTime : processingTime).includes(time)) return;
    this.#set.set(
      this.window.start,
      domain === 'event-time'
        ? { eventTime: [...eventTime, time], processingTime }
        : { eventTime, processingTime: [...processingTime, time] },
    );
  }

  /** A timer that has fired, or was deleted. */
  forget(domain: Timer['domain'], time: Timestamp): void {
    const { start } = this.window;
    const set = this.#set?.get(start);
    if (set === undefined) return;
    const others = (times: readonly Timestamp[]) => times.filter((other) => other !== time);
    const left: SetTimers =
      domain === 'event-time'
        ? { ...set, eventTime: others(set.eventTime) }
        : { ...set, processingTime: others(set.processingTime) };
    if (left.eventTime.length + left.processingTime.length === 0) this.#set?.delete(start);
    else this.#set?.set(start, left);
  }
}

const none: SetTimers = { eventTime: [], processingTime: [] };

function checked(result: TriggerResult): TriggerResult {
  switch (result) {
    case 'continue':
    case 'fire':
    case 'purge':
    case 'fire-and-purge':
      return result;
    default: {
      const answer: unknown = result;
      throw new Error(
        `A trigger answers 'continue', 'fire', 'purge' or 'fire-and-purge', not ${String(answer)}: does each of its functions return one?`,
      );
    }
  }
}
