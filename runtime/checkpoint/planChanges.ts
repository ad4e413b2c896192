/**
 * What changed in the plan between two snapshots, as sentences: in the order of B's operators, then those that are gone. From
 * the manifests alone.
 */
import type { WindowDescription } from '../graph/windowDescription.ts';
import type { Manifest, ManifestOperator } from './manifest.ts';
import { durationText } from './quantityText.ts';
import { stateOfType } from './stateMismatch.ts';
import { statesShown } from './stateRoles.ts';

export function planChanges(a: Manifest, b: Manifest): readonly string[] {
  const changes: string[] = [];
  const known = new Map(a.operators.map((operator) => [operator.uid, operator]));
  const kept = new Set(b.operators.map(({ uid }) => uid));
  const gone = a.operators.filter(({ uid }) => !kept.has(uid));
  for (const after of b.operators) {
    const before = known.get(after.uid);
    if (before !== undefined) {
      changes.push(...operatorChanges(before, after));
      continue;
    }
    const likely = gone.find((operator) => isLike(operator, after));
    changes.push(
      likely === undefined
        ? `${titled(after)} was added.`
        : `${titled(after)} was added and has the states of ${titled(likely)}, which was removed: if it is the same operator, give it its uid back.`,
    );
  }
  for (const before of gone) changes.push(`${titled(before)} was removed.`);
  return changes;
}

/** With the same kind and the same states, of which there are some: perhaps only its uid was changed. */
export function isLike(
  a: Pick<ManifestOperator, 'type'> & { readonly states: readonly { readonly name: string }[] },
  b: Pick<ManifestOperator, 'type'> & { readonly states: readonly { readonly name: string }[] },
): boolean {
  const names = ({ states }: typeof a) => states.map(({ name }) => name).sort();
  return a.type === b.type && a.states.length > 0 && names(a).join('\n') === names(b).join('\n');
}

export const titled = ({ name, uid }: Pick<ManifestOperator, 'name' | 'uid'>): string =>
  name === uid ? uid : `${name} (${uid})`;

function operatorChanges(before: ManifestOperator, after: ManifestOperator): readonly string[] {
  const changes: string[] = [];
  const title = titled(after);
  if (before.name !== after.name) changes.push(`${title} was named ${before.name}.`);
  if (before.type !== after.type) changes.push(`${title} was a ${before.type} and is a ${after.type}.`);
  if (before.parallelism !== after.parallelism)
    changes.push(`${title}: parallelism ${before.parallelism} → ${after.parallelism}.`);
  if (before.maxParallelism !== after.maxParallelism)
    changes.push(`${title}: max parallelism ${before.maxParallelism} → ${after.maxParallelism}.`);
  if (before.windows !== undefined && after.windows !== undefined) {
    const [old, now] = [windowsText(before.windows), windowsText(after.windows)];
    if (old !== now) changes.push(`${title}: windows ${old} → ${now}.`);
  }
  const oldStates = statesShown(before);
  const newStates = statesShown(after);
  for (const state of newStates) {
    const old = oldStates.find(({ name }) => name === state.name);
    if (old === undefined) changes.push(`${title}: the state ${state.name} was added.`);
    else if (old.type !== state.type)
      changes.push(
        `${title}: the state ${state.name} was ${stateOfType(old.type)} and is ${stateOfType(state.type)}.`,
      );
    else if (old.schemaVersion !== state.schemaVersion)
      changes.push(
        `${title}: the state ${state.name} went from schema version ${old.schemaVersion} to ${state.schemaVersion}.`,
      );
  }
  for (const state of oldStates) {
    if (!newStates.some(({ name }) => name === state.name))
      changes.push(`${title}: the state ${state.name} was removed.`);
  }
  return changes;
}

/** `tumbling, 1 h`; equal texts are equal windows. */
function windowsText(windows: WindowDescription): string {
  if (windows.type === 'global') return 'global';
  const parts: string[] = [windows.type];
  if (windows.type !== 'session') {
    parts.push(durationText(windows.sizeMs));
    if (windows.type === 'sliding') parts.push(`every ${durationText(windows.slideMs)}`);
    if (windows.offsetMs !== 0) parts.push(`offset ${durationText(windows.offsetMs)}`);
  }
  if (windows.time === 'processing') parts.push('processing time');
  if (windows.latenessMs > 0) parts.push(`${durationText(windows.latenessMs)} late`);
  return parts.join(', ');
}
