/** What is missing and what is too much, as sentences, so that a failing property says it without two long lists. */
import { canonicalJson } from '../../runtime/state/canonicalJson.ts';

/** `orderedBy`: what has the same key must come in the same order. Otherwise both are multisets. */
export function differences<T>(
  expected: readonly T[],
  actual: readonly T[],
  orderedBy?: (value: T) => unknown,
): readonly string[] {
  const missing = without(expected, actual).map((json) => `missing: ${json}`);
  const surplus = without(actual, expected).map((json) => `too much: ${json}`);
  if (missing.length + surplus.length > 0 || orderedBy === undefined) return [...missing, ...surplus];
  const wanted = byKey(expected, orderedBy);
  const given = byKey(actual, orderedBy);
  return [...wanted].flatMap(([key, values]) => {
    const came = given.get(key) ?? '';
    return came === values ? [] : [`key ${key}: ${came} instead of ${values}`];
  });
}

/** Elements of `these` that `those` has less often. */
function without(these: readonly unknown[], those: readonly unknown[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const json of those.map(canonicalJson)) counts.set(json, (counts.get(json) ?? 0) + 1);
  return these.map(canonicalJson).filter((json) => {
    const left = counts.get(json) ?? 0;
    counts.set(json, left - 1);
    return left <= 0;
  });
}

function byKey<T>(values: readonly T[], keyOf: (value: T) => unknown): ReadonlyMap<string, string> {
  const grouped = new Map<string, string[]>();
  for (const value of values) {
    const key = canonicalJson(keyOf(value));
    grouped.set(key, [...(grouped.get(key) ?? []), canonicalJson(value)]);
  }
  return new Map([...grouped].map(([key, list]) => [key, list.join(' ')]));
}
