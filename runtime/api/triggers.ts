/**
 * Triggers: when a window is looked at. A trigger is an object with functions; these here are Flink's, and an author's own
 * are written in the same way.
 */

import type { Timestamp } from '../operators/operator.ts';
import {
  eventTimeTrigger,
  neverTrigger,
  processingTimeTrigger,
  type TriggerResult,
  type TriggerTimers,
} from '../operators/windows/trigger.ts';
import type { TimeWindow } from '../operators/windows/window.ts';
import type { ValueState } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, positiveDurationMs } from './duration.ts';
import { located, PipelineError } from './pipelineError.ts';
import { type DeclaredState, type StateHandles, valueState } from './state.ts';

export type { TriggerResult, TriggerTimers };

/** What a trigger remembers of a window: values, declared with `valueState`. */
export interface TriggerStates {
  readonly [name: string]: DeclaredState<ValueState<unknown>, 'keyed'>;
}

/** Valid only during the call. */
export interface TriggerContext<States extends TriggerStates> {
  readonly window: TimeWindow;
  /** Event time of the record or timer at hand; -Infinity where it has none. */
  readonly timestamp: Timestamp;
  /** Of the window at hand. It goes with the window. */
  readonly state: StateHandles<States>;
  /** Of the window at hand. They go with the window. */
  readonly timers: TriggerTimers;
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
}

/** A session that has become part of another one, with the values that its states had. */
export interface MergedWindow<States extends TriggerStates> extends TimeWindow {
  readonly state: {
    readonly [Name in keyof States]: States[Name] extends DeclaredState<infer Handle>
      ? Handle extends ValueState<unknown>
        ? ReturnType<Handle['get']>
        : never
      : never;
  };
}

/**
 * Asked for every record of a window and every timer that it set; answers what is to be done. `fire` calls the window's
 * function, `purge` drops what the window holds, and the window itself goes when its time is over, whatever a trigger says.
 */
export interface Trigger<T, States extends TriggerStates = Record<never, never>> {
  /** Values per window. */
  readonly state?: States;
  /** False: it never answers `purge` or `fire-and-purge`. Sliding windows share what they hold then. Default true. */
  readonly purges?: boolean;
  onElement(value: T, context: TriggerContext<States>): TriggerResult;
  /** Also for the timer with which the window ends. Default: continue. */
  onEventTime?(time: Timestamp, context: TriggerContext<States>): TriggerResult;
  onProcessingTime?(time: Timestamp, context: TriggerContext<States>): TriggerResult;
  /**
   * Sessions have become one, `context.window`. They are cleared already; what the whole one needs is set anew, from what
   * they had. A trigger without it cannot be used with session windows.
   */
  onMerge?(merged: readonly MergedWindow<States>[], context: TriggerContext<States>): void;
  /** The window is over, or part of another one. Its states and timers go by themselves afterwards. */
  clear?(context: TriggerContext<States>): void;
}

/** Fires when the watermark passes the end of the window, and at once for late records that are allowed. The default. */
export function eventTime(): Trigger<unknown> {
  return eventTimeTrigger.functions as Trigger<unknown>;
}

/** Fires when the machine's clock passes the end of the window. The default of windows of processing time. */
export function processingTime(): Trigger<unknown> {
  return processingTimeTrigger.functions as Trigger<unknown>;
}

/** Never fires. The default of global windows. */
export function never(): Trigger<unknown> {
  return neverTrigger.functions as Trigger<unknown>;
}

interface CountStates extends TriggerStates {
  readonly count: ReturnType<typeof valueState<number>>;
}

/** Fires with every n-th record of a window. Of sessions that become one the counts are added. */
export function count(n: number): Trigger<unknown, CountStates> {
  if (!Number.isInteger(n) || n < 1) {
    const location = callerLocation();
    throw new PipelineError(location, 'count', location, ` takes a whole number from 1 on, not ${n}.`);
  }
  return {
    purges: false,
    state: { count: valueState<number>() },
    onElement(_value, { state }) {
      const seen = (state.count.get() ?? 0) + 1;
      if (seen < n) {
        state.count.set(seen);
        return 'continue';
      }
      state.count.clear();
      return 'fire';
    },
    onMerge(merged, { state }) {
      const seen = merged.reduce((sum, window) => sum + (window.state.count ?? 0), 0);
      if (seen > 0) state.count.set(seen);
    },
  };
}

interface FireTimeStates extends TriggerStates {
  readonly fireTime: ReturnType<typeof valueState<number>>;
}

/**
 * Fires whenever the watermark passes a whole multiple of the interval, as long as the window has records, and at its end;
 * at once for late records that are allowed.
 */
export function continuousEventTime(interval: Duration): Trigger<unknown, FireTimeStates> {
  const what = 'The interval of continuousEventTime';
  const intervalMs = located(callerLocation(), () => positiveDurationMs(interval, what));
  const registerNext = (after: Timestamp, { window, state, timers }: TriggerContext<FireTimeStates>) => {
    const next = Math.min(after + intervalMs, window.end - 1);
    // At the end of all time no further interval begins.
    if (!Number.isFinite(next)) return;
    state.fireTime.set(next);
    timers.registerEventTime(next);
  };
  return {
    purges: false,
    state: { fireTime: valueState<number>() },
    onElement(_value, context) {
      const { window, timestamp, state, timers } = context;
      if (window.end - 1 <= timers.currentWatermark()) return 'fire';
      timers.registerEventTime(window.end - 1);
      if (state.fireTime.get() === undefined) registerNext(multipleBelow(timestamp, intervalMs), context);
      return 'continue';
    },
    onEventTime(time, context) {
      if (time === context.window.end - 1) return 'fire';
      if (time !== context.state.fireTime.get()) return 'continue';
      context.state.fireTime.clear();
      // Behind the last watermark only the end of the window is left.
      if (Number.isFinite(context.timers.currentWatermark())) registerNext(time, context);
      return 'fire';
    },
    onMerge: (merged, { window, state, timers }) => {
      if (window.end - 1 > timers.currentWatermark()) timers.registerEventTime(window.end - 1);
      const next = earliest(merged);
      if (next === undefined) return;
      state.fireTime.set(next);
      timers.registerEventTime(next);
    },
  };
}

/** Fires whenever the machine's clock passes a whole multiple of the interval, as long as the window has records. */
export function continuousProcessingTime(interval: Duration): Trigger<unknown, FireTimeStates> {
  const what = 'The interval of continuousProcessingTime';
  const intervalMs = located(callerLocation(), () => positiveDurationMs(interval, what));
  const registerNext = (context: TriggerContext<FireTimeStates>) => {
    const { window, state, timers } = context;
    const now = context.currentProcessingTime();
    const next = multipleBelow(now, intervalMs) + intervalMs;
    // The end of a window that is one of processing time; windows of event time may lie far back.
    const fireTime = window.end > now ? Math.min(next, window.end) : next;
    state.fireTime.set(fireTime);
    timers.registerProcessingTime(fireTime);
  };
  return {
    purges: false,
    state: { fireTime: valueState<number>() },
    onElement(_value, context) {
      if (context.state.fireTime.get() === undefined) registerNext(context);
      return 'continue';
    },
    onProcessingTime(time, context) {
      if (time !== context.state.fireTime.get()) return 'continue';
      context.state.fireTime.clear();
      if (time !== context.window.end) registerNext(context);
      return 'fire';
    },
    onMerge(merged, { state, timers }) {
      const next = earliest(merged);
      if (next === undefined) return;
      state.fireTime.set(next);
      timers.registerProcessingTime(next);
    },
  };
}

/**
 * Fires with a record that differs from the one that fired last (at first: from the first record) by more than the
 * threshold. Not for session windows.
 */
export function delta<T>(
  threshold: number,
  deltaOf: (last: T, value: T) => number,
): Trigger<T, { readonly last: ReturnType<typeof valueState<T>> }> {
  return {
    purges: false,
    state: { last: valueState<T>() },
    onElement(value, { state }) {
      const last = state.last.get();
      if (last !== undefined && deltaOf(last, value) <= threshold) return 'continue';
      state.last.set(value);
      return last === undefined ? 'continue' : 'fire';
    },
  };
}

/** The same trigger, and what the window holds is dropped whenever it fires. */
export function purging<T, States extends TriggerStates>(trigger: Trigger<T, States>): Trigger<T, States> {
  const purge = (result: TriggerResult): TriggerResult => (result === 'fire' ? 'fire-and-purge' : result);
  const { state, onEventTime, onProcessingTime, onMerge, clear } = trigger;
  return {
    ...(state === undefined ? {} : { state }),
    onElement: (value, context) => purge(trigger.onElement(value, context)),
    ...(onEventTime && { onEventTime: (time, context) => purge(onEventTime.call(trigger, time, context)) }),
    ...(onProcessingTime && {
      onProcessingTime: (time, context) => purge(onProcessingTime.call(trigger, time, context)),
    }),
    ...(onMerge && { onMerge: (merged, context) => onMerge.call(trigger, merged, context) }),
    ...(clear && { clear: (context) => clear.call(trigger, context) }),
  };
}

/** Also for times before 1970. */
function multipleBelow(time: Timestamp, intervalMs: number): Timestamp {
  return Math.floor(time / intervalMs) * intervalMs;
}

function earliest(merged: readonly MergedWindow<FireTimeStates>[]): Timestamp | undefined {
  const times = merged.flatMap(({ state }) => state.fireTime ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}
