/**
 * Are two values the same, by what they are? Exactly when their canonical JSON is the same text, and several times as fast for
 * what most values are: numbers, texts, arrays and plain objects. Everything else is asked of the JSON.
 */
import { canonicalJson } from './canonicalJson.ts';

export function sameValue(a: unknown, b: unknown): boolean {
  // NaN is itself, and −0 is not 0.
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) return sameElements(a, b);
  if (isPlain(a) && isPlain(b)) return sameProperties(a, b);
  return canonicalJson(a) === canonicalJson(b);
}

const isPlain = (value: object): value is Readonly<Record<string, unknown>> =>
  Object.getPrototypeOf(value) === Object.prototype;

function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameValue(a[i], b[i])) return false;
  return true;
}

function sameProperties(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) if (!Object.hasOwn(b, name) || !sameValue(a[name], b[name])) return false;
  return true;
}
