/**
 * From what an author asked of windows to the operator that does it, and the states that it keeps. Three ways:
 *
 * - Tumbling and sliding windows that fire at their end: `AlignedWindowOperator`, one entry per pane.
 * - Sliding windows whose trigger never purges: `WindowOperator` with panes.
 * - Everything else: `WindowOperator`, each window for itself.
 *
 * State of the tumbling windows has the same name and shape in the first and the last way, so that a trigger can be added
 * to a pipeline without losing it.
 */
import type { StateDeclaration } from '../../state/declarations.ts';
import type { KeyedStates, StreamOperator, Timestamp } from '../operator.ts';
import { AlignedWindowOperator } from './alignedWindowOperator.ts';
import type { SlidingWindows, TumblingWindows, WindowAssigner } from './assigners.ts';
import { EvictingWindows, elementsDeclaration } from './evictingWindows.ts';
import type { Evictor } from './evictor.ts';
import { type ArrivedRecord, FoldedPanes, ListedPanes, type Panes, paneGrid } from './panes.ts';
import { perWindowDeclaration } from './perWindowValues.ts';
import { sessionsDeclaration } from './sessions.ts';
import { eventTimeTrigger, neverTrigger, processingTimeTrigger, type WindowTrigger } from './trigger.ts';
import { triggerDeclarations } from './triggerRun.ts';
import { FoldedWindows, SharedPanes } from './windowContents.ts';
import type { WindowFunction } from './windowFunction.ts';
import { WindowOperator } from './windowOperator.ts';

export interface WindowSpecification<T, Content> {
  readonly assigner: WindowAssigner<T>;
  /** Null: that of the assigner. */
  readonly trigger: WindowTrigger | null;
  readonly evictor: Evictor<T> | null;
  readonly latenessMs: number;
  /** The name of the side output for late records. */
  readonly lateTo: string | null;
  readonly function: WindowFunction<T, Content>;
}

export interface WindowPlan {
  readonly states: readonly StateDeclaration[];
  readonly create: () => StreamOperator;
  /** The author's fold must say how two pieces of a window become one. */
  readonly merges: 'panes' | 'sessions' | null;
}

const windowsDeclaration: StateDeclaration = { name: 'windows', type: 'map', schemaVersion: 1 };
const panesDeclaration: StateDeclaration = { name: 'panes', type: 'map', schemaVersion: 1 };
const arrivalsDeclaration: StateDeclaration<number> = { name: 'arrivals', type: 'value', schemaVersion: 1 };

export function windowPlan<T, Content>(specification: WindowSpecification<T, Content>): WindowPlan {
  const { assigner, evictor, function: author } = specification;
  const usual = usualTrigger(assigner);
  const trigger = specification.trigger ?? usual;
  const isAligned = assigner.type === 'tumbling' || assigner.type === 'sliding';
  const hasWindowState = Object.keys(author.windowStates).length > 0;
  if (isAligned && evictor === null && trigger === usual && !hasWindowState)
    return alignedPlan(specification, assigner);

  const sharesPanes = assigner.type === 'sliding' && evictor === null && !trigger.purges;
  const contentStates =
    evictor !== null
      ? [elementsDeclaration]
      : sharesPanes
        ? paneStates(assigner, author)
        : [windowsDeclaration];
  const sessionStates = assigner.type === 'session' ? [sessionsDeclaration as StateDeclaration] : [];
  return {
    states: [...contentStates, ...sessionStates, ...triggerDeclarations(trigger), ...authorStates(author)],
    create: () =>
      new WindowOperator({
        ...specification,
        trigger,
        openContents: ({ clock }, keyed, opened) => {
          if (evictor !== null)
            return new EvictingWindows({ keyed, evictor, function: author, opened, clock });
          if (sharesPanes)
            return new SharedPanes(openPanes(assigner, author, keyed, opened), paneGrid(assigner));
          const kept = keyed.map<Timestamp, Content>(windowsDeclaration as StateDeclaration<Content>);
          return new FoldedWindows(kept, author.fold, opened);
        },
      }),
    merges: sharesPanes ? 'panes' : assigner.type === 'session' && evictor === null ? 'sessions' : null,
  };
}

function alignedPlan<T, Content>(
  { latenessMs, lateTo, function: author }: WindowSpecification<T, Content>,
  windows: TumblingWindows | SlidingWindows,
): WindowPlan {
  return {
    states: [...paneStates(windows, author), ...authorStates(author)],
    create: () =>
      new AlignedWindowOperator({
        windows,
        latenessMs,
        lateTo,
        function: author,
        openPanes: (keyed, opened) => openPanes(windows, author, keyed, opened),
      }),
    merges: windows.type === 'sliding' ? 'panes' : null,
  };
}

function authorStates({
  states,
  windowStates,
}: Pick<WindowFunction<never, never>, 'states' | 'windowStates'>): readonly StateDeclaration[] {
  const ofWindows = Object.values(windowStates).map((state) => perWindowDeclaration('window', state));
  return [...Object.values(states), ...ofWindows];
}

function usualTrigger<T>(assigner: WindowAssigner<T>): WindowTrigger {
  if (assigner.type === 'global') return neverTrigger;
  return assigner.time === 'event' ? eventTimeTrigger : processingTimeTrigger;
}

/** Of tumbling windows the pane is the window. */
const paneDeclaration = (windows: TumblingWindows | SlidingWindows): StateDeclaration =>
  windows.type === 'tumbling' ? windowsDeclaration : panesDeclaration;

/** A list that is put together from panes needs to know the order of its records. */
const keepsArrivals = (
  windows: TumblingWindows | SlidingWindows,
  { isList }: Pick<WindowFunction<never, never>, 'isList'>,
): boolean => isList && windows.type === 'sliding';

function paneStates(
  windows: TumblingWindows | SlidingWindows,
  author: Pick<WindowFunction<never, never>, 'isList'>,
): readonly StateDeclaration[] {
  const panes = paneDeclaration(windows);
  return keepsArrivals(windows, author) ? [panes, arrivalsDeclaration as StateDeclaration] : [panes];
}

function openPanes<T, Content>(
  windows: TumblingWindows | SlidingWindows,
  { fold, isList }: WindowFunction<T, Content>,
  keyed: KeyedStates,
  opened: never,
): Panes<T, Content> {
  const declaration = paneDeclaration(windows);
  if (keepsArrivals(windows, { isList })) {
    const kept = keyed.map<Timestamp, ArrivedRecord<T>[]>(
      declaration as StateDeclaration<ArrivedRecord<T>[]>,
    );
    // What a list function keeps is the list of the records.
    return new ListedPanes(kept, keyed.value(arrivalsDeclaration)) as Panes<T, unknown> as Panes<T, Content>;
  }
  return new FoldedPanes({
    kept: keyed.map<Timestamp, Content>(declaration as StateDeclaration<Content>),
    fold,
    opened,
    paneMs: paneGrid(windows).paneMs,
  });
}
