/**
 * Before a restore touches anything: what would become of everything that is in the snapshot, and of every operator of
 * the plan. Works from the manifest and the plan alone; what only a disk or a running job knows comes in as facts.
 *
 *   saved \ plan      declared alike       newer schema           not declared      another type, older schema
 *   with entries      as is, or rescaled   migrated (if it can)   dropped           impossible
 *   empty, missing    new and empty        new and empty          (nothing)         new and empty
 *
 * Keyed state of another max parallelism is impossible as a whole: key groups cannot be divided anew. What was in flight when
 * a barrier overtook it belongs to the edges of the plan that took it: for any other plan it is impossible.
 */
import { unreachable } from '../base/assert.ts';
import type { GraphOperator, JobGraph } from '../graph/jobGraph.ts';
import { isOperatorState, type StateDescription, type StateType } from '../state/declarations.ts';
import type { Manifest, ManifestOperator, ManifestState } from './manifest.ts';
import { isLike, titled } from './planChanges.ts';
import { bytesText, counted } from './quantityText.ts';
import { stateMismatch } from './stateMismatch.ts';
import { withoutTimes } from './timesOfStates.ts';

export type PreflightVerdict = 'as-is' | 'rescaled' | 'migrated' | 'new-and-empty' | 'dropped' | 'impossible';

export interface PreflightItem {
  readonly uid: string;
  readonly name: string;
  /** Null: the verdict is about the operator as a whole. */
  readonly state: string | null;
  readonly verdict: PreflightVerdict;
  /** A sentence. */
  readonly text: string;
  readonly keys: number | null;
  readonly bytes: number | null;
}

export interface SupersededPart {
  readonly operator: string;
  readonly path: string;
  readonly bytes: number;
  readonly committedAt: number | null;
}

export interface PreflightFacts {
  /** Parts that sinks committed after the snapshot, as the sink directories show. */
  readonly supersededParts: readonly SupersededPart[];
  /** Where the job last was, by its newest snapshot or its running sources; null when nobody knows. */
  readonly lastPositions: Manifest['sources'] | null;
}

export interface PreflightReport {
  readonly items: readonly PreflightItem[];
  readonly supersededParts: readonly SupersededPart[];
  /** What each source reads again: from the saved offset to the last known one. */
  readonly replay: readonly {
    readonly operator: string;
    readonly split: string;
    readonly from: number;
    readonly to: number | null;
  }[];
  readonly needs: readonly ('supersede' | 'allow-non-restored-state')[];
  readonly possible: boolean;
}

/** `graph` at the parallelism that the job would get. */
export function preflight(manifest: Manifest, graph: JobGraph, facts: PreflightFacts): PreflightReport {
  const savedOperators = manifest.operators.map((saved) => ({
    ...saved,
    states: withoutTimes(saved.states),
  }));
  const planned = graph.operators.flatMap((operator) => {
    const saved = savedOperators.find(({ uid }) => uid === operator.uid) ?? null;
    const isSamePlan = manifest.fingerprint === graph.fingerprint;
    return saved === null ? [newOperator(operator)] : knownOperator(operator, saved, isSamePlan);
  });
  const uids = new Set(graph.operators.map(({ uid }) => uid));
  const orphans = savedOperators.filter(({ uid }) => !uids.has(uid));
  const fresh = graph.operators.filter(({ uid }) => !savedOperators.some((saved) => saved.uid === uid));
  const likely = (saved: ManifestOperator) =>
    fresh.find((operator) => isLike({ ...saved, states: declaredIn(saved) }, operator)) ?? null;
  const items = [
    ...planned,
    ...orphans.flatMap((saved) =>
      saved.states
        .filter(hasEntries)
        .map((state) =>
          isInFlight(state)
            ? inFlightItem(saved, saved.parallelism, state, false)
            : droppedItem(saved, state, likely(saved)),
        ),
    ),
  ];
  const needs: PreflightReport['needs'][number][] = [];
  if (facts.supersededParts.length > 0) needs.push('supersede');
  if (items.some(({ verdict }) => verdict === 'dropped')) needs.push('allow-non-restored-state');
  return {
    items,
    supersededParts: facts.supersededParts,
    replay: replayOf(manifest, uids, facts.lastPositions),
    needs,
    possible: items.every(({ verdict }) => verdict !== 'impossible'),
  };
}

function newOperator(operator: GraphOperator): PreflightItem {
  const { uid, name } = operator;
  const stateless = operator.states.length === 0 && !operator.keyed;
  const [verdict, text] = stateless
    ? (['as-is', 'Has no state.'] as const)
    : (['new-and-empty', 'Is not in the savepoint and starts empty.'] as const);
  return { uid, name, state: null, verdict, text, keys: null, bytes: null };
}

function knownOperator(
  operator: GraphOperator,
  saved: ManifestOperator,
  isSamePlan: boolean,
): readonly PreflightItem[] {
  const { uid, name } = operator;
  const impossible = keyGroupProblem(operator, saved);
  if (impossible !== null) {
    const keyed = saved.states.filter((state) => !isOperatorState(state.type));
    return [
      {
        uid,
        name,
        state: null,
        verdict: 'impossible',
        text: impossible,
        keys: sum(keyed, 'keys'),
        bytes: sum(keyed, 'bytes'),
      },
    ];
  }
  const declared = [...operator.states];
  // Timers need no declaration; every keyed operator takes them.
  if (operator.keyed) declared.push(...saved.states.filter(({ type }) => type === 'timers'));
  const items = [
    ...declared.flatMap((state) => stateItem(operator, saved, state)),
    ...saved.states
      .filter((state) => isInFlight(state) && hasEntries(state))
      .map((state) => inFlightItem(saved, operator.parallelism, state, isSamePlan)),
  ];
  const names = new Set(declared.map((state) => state.name));
  const dropped = saved.states
    .filter((state) => !names.has(state.name) && !isInFlight(state) && hasEntries(state))
    .map((state) => droppedItem(saved, state, null));
  if (items.length > 0 || dropped.length > 0) return [...items, ...dropped];
  return [{ uid, name, state: null, verdict: 'as-is', text: 'Has no state.', keys: null, bytes: null }];
}

function keyGroupProblem(operator: GraphOperator, saved: ManifestOperator): string | null {
  if (operator.maxParallelism === saved.maxParallelism) return null;
  if (!saved.states.some((state) => !isOperatorState(state.type) && hasEntries(state))) return null;
  return `Was saved with max parallelism ${saved.maxParallelism}, and the plan has ${operator.maxParallelism}: key groups cannot be divided anew.`;
}

function stateItem(
  operator: GraphOperator,
  saved: ManifestOperator,
  declared: StateDescription,
): readonly PreflightItem[] {
  const { uid, name } = operator;
  const state = saved.states.find((candidate) => candidate.name === declared.name) ?? null;
  const known = { uid, name, state: declared.name };
  if (state === null || !hasEntries(state)) {
    // Every keyed operator has timers; empty ones are nothing to tell.
    if (declared.type === 'timers') return [];
    const text =
      state === null
        ? 'Is not in the savepoint and starts empty.'
        : 'Is empty in the savepoint and starts empty.';
    return [{ ...known, verdict: 'new-and-empty', text, keys: 0, bytes: 0 }];
  }
  const { keys, bytes } = state;
  const problem = stateMismatch(declared, state);
  if (problem !== null)
    return [
      { ...known, verdict: 'impossible', text: sentence(`${problem}: ${amount(state, saved)}`), keys, bytes },
    ];
  const rescaled =
    saved.parallelism === operator.parallelism ? null : `${saved.parallelism} → ${operator.parallelism}`;
  if (declared.schemaVersion > state.schemaVersion) {
    const versions = `Migrated ${stepsText(state.schemaVersion, declared.schemaVersion)}`;
    return [
      {
        ...known,
        verdict: 'migrated',
        text: `${versions}${rescaled === null ? '' : `, rescaled ${rescaled}`}: ${amount(state, saved)}.`,
        keys,
        bytes,
      },
    ];
  }
  if (rescaled !== null)
    return [
      { ...known, verdict: 'rescaled', text: `Rescaled ${rescaled}: ${amount(state, saved)}.`, keys, bytes },
    ];
  return [{ ...known, verdict: 'as-is', text: `As is: ${amount(state, saved)}.`, keys, bytes }];
}

/** v1 → v2 → v3: each step is a migration of the author's. */
function stepsText(from: number, to: number): string {
  const steps = Array.from({ length: to - from + 1 }, (_, i) => `v${from + i}`);
  if (steps.length > 5) steps.splice(2, steps.length - 4, '…');
  return steps.join(' → ');
}

function inFlightItem(
  saved: ManifestOperator,
  parallelism: number,
  state: ManifestState,
  isSamePlan: boolean,
): PreflightItem {
  const { uid, name } = saved;
  const { keys, bytes } = state;
  const known = { uid, name, state: state.name, keys, bytes };
  if (!isSamePlan) {
    const text = `Has ${amount(state, saved)}, which only the plan that it was taken with can take: take a savepoint before the code is changed, or go on from the newest one.`;
    return { ...known, verdict: 'impossible', text };
  }
  return saved.parallelism === parallelism
    ? { ...known, verdict: 'as-is', text: `As is: ${amount(state, saved)}.` }
    : {
        ...known,
        verdict: 'rescaled',
        text: `Rescaled ${saved.parallelism} → ${parallelism}: ${amount(state, saved)}.`,
      };
}

const isInFlight = ({ type }: ManifestState): boolean => type === 'in-flight';

/** `likely`: an operator of the plan that may be the same one under another uid. */
function droppedItem(
  saved: ManifestOperator,
  state: ManifestState,
  likely: GraphOperator | null,
): PreflightItem {
  const { uid, name } = saved;
  const left = `${amount(state, saved)} would be left behind; the savepoint itself keeps them.`;
  const hint =
    likely === null
      ? ''
      : ` ${titled(likely)} is new and has the same states: if it is the same operator, give it the uid ${uid}.`;
  const text = `No operator takes the state ${state.name} of ${uid}: ${left}${hint}`;
  return { uid, name, state: state.name, verdict: 'dropped', text, keys: state.keys, bytes: state.bytes };
}

/** A plan lists no timers. */
const declaredIn = ({ states }: ManifestOperator): readonly ManifestState[] =>
  states.filter((state) => state.type !== 'timers' && !isInFlight(state));

function replayOf(
  manifest: Manifest,
  uids: ReadonlySet<string>,
  last: Manifest['sources'] | null,
): PreflightReport['replay'] {
  return manifest.sources
    .filter(({ operator }) => uids.has(operator))
    .map(({ operator, split, offset }) => {
      const now =
        last?.find((position) => position.operator === operator && position.split === split)?.offset ?? null;
      // A branch that had come less far says nothing about what is read again.
      return { operator, split, from: offset, to: now !== null && now >= offset ? now : null };
    });
}

const hasEntries = ({ keys }: ManifestState): boolean => keys > 0;

function amount({ type, keys, bytes }: ManifestState, { files }: ManifestOperator): string {
  return `${countText(type, keys, files.length)}, ${bytesText(bytes)}`;
}

function countText(type: StateType, keys: number, fileCount: number): string {
  switch (type) {
    case 'value':
    case 'list':
    case 'reducing':
    case 'aggregating':
      return counted(keys, 'key');
    case 'map':
      return entries(keys);
    case 'timers':
      return counted(keys, 'timer');
    case 'operator-list':
    case 'operator-union':
      return counted(keys, 'element');
    case 'operator-broadcast':
      // Every subtask had put all of them.
      return fileCount > 1 ? `${entries(keys)} in ${fileCount} copies` : entries(keys);
    case 'in-flight':
      return `${counted(keys, 'batch').replace(/batchs$/, 'batches')} of records in flight`;
    default:
      return unreachable(type);
  }
}

const entries = (count: number): string => counted(count, 'entry').replace(/entrys$/, 'entries');

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function sum(states: readonly ManifestState[], what: 'keys' | 'bytes'): number {
  return states.reduce((total, state) => total + state[what], 0);
}
