/**
 * Windows as an author wrote them, checked and turned into an operator. What cannot be is told with the operator and its
 * line: it is known only when it is said what is made of the windows.
 */
import { unreachable } from '../base/assert.ts';
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { WindowDescription } from '../graph/windowDescription.ts';
import type { StreamOperator } from '../operators/operator.ts';
import type { WindowAssigner } from '../operators/windows/assigners.ts';
import {
  eventTimeTrigger,
  neverTrigger,
  processingTimeTrigger,
  type TriggerFunctions,
  type WindowTrigger,
} from '../operators/windows/trigger.ts';
import type { WindowFunction } from '../operators/windows/windowFunction.ts';
import { windowPlan } from '../operators/windows/windowPlan.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { declareWindowStates } from './declareWindowStates.ts';
import { durationMs } from './duration.ts';
import type { Evictor } from './evictors.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { located, PipelineError } from './pipelineError.ts';
import type { Trigger, TriggerStates } from './triggers.ts';
import type { WrittenWindows } from './writtenWindows.ts';

interface PlannedWindows {
  readonly operator: {
    readonly type: string;
    readonly states: readonly StateDeclaration[];
    readonly create: () => StreamOperator;
    readonly windows: WindowDescription;
  };
  readonly options: OperatorOptions;
}

type Refuse = (problem: string) => never;

/** Throws PipelineError. */
export function plannedWindows<Content>(
  { assigner, options: written, isOfAll }: WrittenWindows,
  author: WindowFunction<never, Content>,
  options: OperatorOptions,
  location: SourceLocation | null,
): PlannedWindows {
  const type = isOfAll ? 'windowAll' : 'window';
  const name = `"${options.name ?? options.uid ?? type}"`;
  const refuse: Refuse = (problem) => {
    throw new PipelineError(location, `Operator ${name}`, location, problem);
  };
  const { evictor = null, lateTo } = written;
  const trigger = written.trigger === undefined ? null : windowTrigger(written.trigger, options, location);
  const latenessMs = located(location, () =>
    durationMs(written.allowedLateness ?? 0, `The allowed lateness of operator ${name}`),
  );
  const isEventTime = assigner.type !== 'global' && assigner.time === 'event';
  if (!isEventTime && (latenessMs > 0 || lateTo !== undefined)) {
    const kind =
      assigner.type === 'global' ? 'a global window, which never ends' : 'windows of processing time';
    refuse(` has ${kind}, so no record is late: leave \`allowedLateness\` and \`lateTo\` out.`);
  }
  checkEvictor(evictor, refuse);
  if (assigner.type === 'session') checkSessions(trigger, author, refuse);
  const { states, create, merges } = windowPlan<never, Content>({
    assigner,
    trigger,
    evictor,
    latenessMs,
    lateTo: lateTo?.name ?? null,
    function: author,
  });
  if (author.fold.merge === null) checkMerge(merges, refuse);
  checkNames(states, refuse);
  const windows = describeWindows(assigner, latenessMs);
  return {
    operator: { type, states, create, windows },
    options: isOfAll ? asOne(options, refuse) : options,
  };
}

function describeWindows(assigner: WindowAssigner<never>, latenessMs: number): WindowDescription {
  switch (assigner.type) {
    case 'tumbling': {
      const { type, sizeMs, offsetMs, time } = assigner;
      return { type, sizeMs, offsetMs, time, latenessMs };
    }
    case 'sliding': {
      const { type, sizeMs, slideMs, offsetMs, time } = assigner;
      return { type, sizeMs, slideMs, offsetMs, time, latenessMs };
    }
    case 'session':
      return { type: 'session', time: assigner.time, latenessMs };
    case 'global':
      return { type: 'global' };
    default:
      return unreachable(assigner);
  }
}

function windowTrigger(
  trigger: Trigger<never, TriggerStates>,
  options: OperatorOptions,
  location: SourceLocation | null,
): WindowTrigger {
  const builtIn = [eventTimeTrigger, processingTimeTrigger, neverTrigger].find(
    ({ functions }) => functions === (trigger as object),
  );
  if (builtIn !== undefined) return builtIn;
  const functions = trigger as object as TriggerFunctions;
  return {
    functions,
    states: declareWindowStates(trigger.state ?? {}, options, location),
    purges: trigger.purges !== false,
    setsTimers: functions.onEventTime !== undefined || functions.onProcessingTime !== undefined,
  };
}

function checkEvictor(evictor: Evictor<never> | null, refuse: Refuse): void {
  if (evictor === null || evictor.evictBefore !== undefined || evictor.evictAfter !== undefined) return;
  refuse(' has an evictor that does nothing: give it evictBefore or evictAfter.');
}

function checkSessions(
  trigger: WindowTrigger | null,
  { windowStates }: Pick<WindowFunction<never, never>, 'windowStates'>,
  refuse: Refuse,
): void {
  if (trigger !== null && trigger.functions.onMerge === undefined)
    refuse(
      ' has session windows, which merge, and a trigger without onMerge: add it, or use another trigger.',
    );
  if (Object.keys(windowStates).length > 0)
    refuse(' has session windows, which merge, and `windowState`, which does not: use `state`, or `merge`.');
}

/** For a function that cannot. */
function checkMerge(merges: 'panes' | 'sessions' | null, refuse: Refuse): void {
  if (merges === null) return;
  refuse(
    merges === 'panes'
      ? ' aggregates sliding windows, which are put together from pieces that they share: give its function `merge(left, right)`.'
      : ' aggregates session windows, which merge when a record joins them: give its function `merge(left, right)`.',
  );
}

/** What an author calls a state may be what the windows call theirs. */
function checkNames(states: readonly StateDeclaration[], refuse: Refuse): void {
  const seen = new Set<string>();
  for (const { name } of states) {
    if (seen.has(name))
      refuse(` has two states named "${name}", one of them that of its windows: give yours another name.`);
    seen.add(name);
  }
}

/** All records come to one subtask, as in Flink. */
function asOne(options: OperatorOptions, refuse: Refuse): OperatorOptions {
  for (const setting of ['parallelism', 'maxParallelism'] as const) {
    const asked = options[setting];
    if (asked !== undefined && asked !== 1) {
      const what = setting === 'parallelism' ? 'parallelism' : 'max parallelism';
      refuse(
        ` has windows of the whole stream, which one subtask computes, and asks for the ${what} ${asked}: leave it out, or put keyBy before.`,
      );
    }
  }
  return { ...options, parallelism: 1, maxParallelism: 1 };
}
