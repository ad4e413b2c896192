/**
 * How the state of an operator itself differs, which has no keys. It is paired by what names its elements:
 *
 *   list, union   their first property (a split's name, say), else what they are
 *   broadcast     the keys of the map
 *   in flight     nothing: a batch on its way is the same one or another one
 *
 * What is the same on both sides is paired first, wherever it stands, so that another parallelism makes no difference.
 */
import { canonicalJson } from '../state/canonicalJson.ts';
import type { SavedFrame } from './inFlightComparison.ts';
import type { Compared } from './stateDifferences.ts';

export function elementDifferences(a: readonly unknown[], b: readonly unknown[]): Generator<Compared> {
  return pairedByName(grouped(a, named), grouped(b, named));
}

/** Each element is `[key, value]`; a key is there once a side. */
export function broadcastDifferences(a: readonly unknown[], b: readonly unknown[]): Generator<Compared> {
  const entry = (element: unknown): Named => {
    const [key, value] = element as readonly [unknown, unknown];
    return { name: canonicalJson(key), json: canonicalJson(value) };
  };
  return pairedByName(grouped(a, entry), grouped(b, entry));
}

/** The key is the channel. */
export function* frameDifferences(a: readonly unknown[], b: readonly unknown[]): Generator<Compared> {
  const frame = (element: unknown): Named => {
    const { edge, from, to, frame: carried } = element as SavedFrame;
    return { name: canonicalJson({ edge, from, to }), json: canonicalJson(carried) };
  };
  const [left, right] = [grouped(a, frame), grouped(b, frame)];
  for (const name of namesOf(left, right)) {
    const before = left.get(name) ?? [];
    const after = right.get(name) ?? [];
    for (let same = takeSame(before, after); same > 0; same--) yield 'same';
    for (const json of before) yield difference(name, json, null);
    for (const json of after) yield difference(name, null, json);
  }
}

interface Named {
  readonly name: string;
  readonly json: string;
}

function* pairedByName(left: Map<string, string[]>, right: Map<string, string[]>): Generator<Compared> {
  for (const name of namesOf(left, right)) {
    const before = left.get(name) ?? [];
    const after = right.get(name) ?? [];
    for (let same = takeSame(before, after); same > 0; same--) yield 'same';
    for (let i = 0; i < Math.max(before.length, after.length); i++)
      yield difference(name, before[i] ?? null, after[i] ?? null);
  }
}

function named(element: unknown): Named {
  const isRecord = typeof element === 'object' && element !== null && !Array.isArray(element);
  const first: unknown = isRecord ? Object.values(element)[0] : element;
  return { name: canonicalJson(first), json: canonicalJson(element) };
}

function grouped(elements: readonly unknown[], of: (element: unknown) => Named): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const element of elements) {
    const { name, json } = of(element);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [json]);
    else known.push(json);
  }
  return byName;
}

const namesOf = (left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>) =>
  [...new Set([...left.keys(), ...right.keys()])].sort();

/** Takes out of both what both have; answers how many. */
function takeSame(before: string[], after: string[]): number {
  const counts = new Map<string, number>();
  for (const json of after) counts.set(json, (counts.get(json) ?? 0) + 1);
  const common = new Map<string, number>();
  let taken = 0;
  const keep = before.filter((json) => {
    const left = counts.get(json) ?? 0;
    if (left === 0) return true;
    counts.set(json, left - 1);
    common.set(json, (common.get(json) ?? 0) + 1);
    taken++;
    return false;
  });
  const kept = after.filter((json) => {
    const left = common.get(json) ?? 0;
    if (left > 0) common.set(json, left - 1);
    return left === 0;
  });
  before.splice(0, before.length, ...keep);
  after.splice(0, after.length, ...kept);
  return taken;
}

function difference(name: string, before: string | null, after: string | null): Compared {
  return {
    change: before === null ? 'added' : after === null ? 'removed' : 'changed',
    entry: NO_KEY,
    key: () => name,
    subKey: () => null,
    before: () => before,
    after: () => after,
    touchedBefore: null,
    touchedAfter: null,
    sessionEnd: null,
  };
}

const NO_KEY = { key: new Uint8Array(0), subKey: null };
