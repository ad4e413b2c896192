/**
 * Uids for operators whose author gave none: from what the operator is (type, name), what feeds it, and its place among
 * those that are alike there. Lines do not matter, nor does anything elsewhere in the pipeline, so unrelated edits
 * leave a derived uid alone. Whatever is changed upstream changes it: hence the advice to give a uid to state.
 */
import { textHash } from '../base/textHash.ts';
import type { PlannedOperator } from './plan.ts';

/** The uid of each operator, in the order of the plan. */
export function uidsOf(operators: readonly PlannedOperator[]): ReadonlyMap<PlannedOperator, string> {
  const uids = new Map<PlannedOperator, string>();
  const alike = new Map<string, number>();
  const given = new Set(operators.flatMap(({ options }) => (options.uid === undefined ? [] : [options.uid])));
  for (const operator of operators) {
    const { type, options, defaultName, inputs } = operator;
    if (options.uid !== undefined) {
      uids.set(operator, options.uid);
      continue;
    }
    const name = options.name ?? defaultName;
    const upstream = inputs.map((legs) =>
      legs.map((leg) => [
        uids.get(leg.from),
        leg.partitioning,
        ...(leg.sideOutput === null ? [] : [leg.sideOutput]),
      ]),
    );
    const what = JSON.stringify([type, name, upstream]);
    const place = alike.get(what) ?? 0;
    alike.set(what, place + 1);
    const hash = textHash(`${what} ${place}`);
    let uid = `${wordOf(name)}-${hash.slice(0, 8)}`;
    if (given.has(uid)) uid = `${wordOf(name)}-${hash}`;
    uids.set(operator, uid);
  }
  return uids;
}

function wordOf(name: string): string {
  const word = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return word === '' ? 'operator' : word;
}
