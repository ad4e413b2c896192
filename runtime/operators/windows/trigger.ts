/**
 * When a window fires: Flink's trigger. It is asked for every record of a window and for every timer that it set, and
 * answers what is to be done. The assigner says when a window is over and its state goes; a trigger only says when it is
 * looked at.
 *
 * Here types of states are left out; `api/triggers.ts` has the contract as an author sees it.
 */
import type { StateDeclaration } from '../../state/declarations.ts';
import type { Timestamp } from '../operator.ts';
import type { TimeWindow } from './window.ts';

/** `fire`: the window function is called. `purge`: what the window holds is dropped; the window itself stays. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fire-and-purge';

/** Timers of the window at hand, which go with it. A timer that is set twice is one. */
export interface TriggerTimers {
  currentWatermark(): Timestamp;
  registerEventTime(time: Timestamp): void;
  deleteEventTime(time: Timestamp): void;
  registerProcessingTime(time: Timestamp): void;
  deleteProcessingTime(time: Timestamp): void;
}

/** Valid only during the call. */
export interface TriggerContext {
  readonly window: TimeWindow;
  /** Event time of the record or timer at hand; -Infinity where it has none. */
  readonly timestamp: Timestamp;
  /** Of the window at hand. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: TriggerTimers;
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
}

/** A window that has become part of another one, with the values that its states had. */
export interface MergedWindow extends TimeWindow {
  readonly state: Readonly<Record<string, unknown>>;
}

/** The functions of a trigger. */
export interface TriggerFunctions {
  onElement(value: never, context: TriggerContext): TriggerResult;
  onEventTime?(time: Timestamp, context: TriggerContext): TriggerResult;
  onProcessingTime?(time: Timestamp, context: TriggerContext): TriggerResult;
  onMerge?(merged: readonly MergedWindow[], context: TriggerContext): void;
  clear?(context: TriggerContext): void;
}

export interface WindowTrigger {
  readonly functions: TriggerFunctions;
  /** Values per window, by the names that the functions use. */
  readonly states: Readonly<Record<string, StateDeclaration>>;
  /** It may answer `purge` or `fire-and-purge`. */
  readonly purges: boolean;
  /** It sets timers beside the one at the end of its window. */
  readonly setsTimers: boolean;
}

const plain = (functions: TriggerFunctions): WindowTrigger => ({
  functions,
  states: {},
  purges: false,
  setsTimers: false,
});

/** Fires when the watermark passes the end of the window, and again for each late record that is allowed. */
export const eventTimeTrigger: WindowTrigger = plain({
  onElement: (_value, { window, timers }) => {
    if (window.end - 1 <= timers.currentWatermark()) return 'fire';
    timers.registerEventTime(window.end - 1);
    return 'continue';
  },
  onEventTime: (time, { window }) => (time === window.end - 1 ? 'fire' : 'continue'),
  onMerge: (_merged, { window, timers }) => {
    // Where the watermark is past the end already, the record that made them one fires the window.
    if (window.end - 1 > timers.currentWatermark()) timers.registerEventTime(window.end - 1);
  },
});

/** Fires when the machine's clock passes the end of the window. */
export const processingTimeTrigger: WindowTrigger = plain({
  onElement: (_value, { window, timers }) => {
    timers.registerProcessingTime(window.end);
    return 'continue';
  },
  onProcessingTime: (time, { window }) => (time === window.end ? 'fire' : 'continue'),
  onMerge: (_merged, { window, timers }) => timers.registerProcessingTime(window.end),
});

/** Of global windows, unless the author says otherwise. */
export const neverTrigger: WindowTrigger = plain({ onElement: () => 'continue', onMerge: () => undefined });
