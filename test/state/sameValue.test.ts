import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../runtime/state/canonicalJson.ts';
import { sameValue } from '../../runtime/state/sameValue.ts';
import { encodeStateValue } from '../../runtime/state/stateTable.ts';
import { readWholeValue } from '../../runtime/state/valueReader.ts';

const values = fc.anything({
  withBigInt: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: false,
  key: fc.constantFrom('a', 'b', '__proto__', '$bigint'),
  values: [fc.constantFrom(0, -0, Number.NaN, 1, '1', true, null, undefined, 1n, '')],
});
const decoded = (value: unknown) => readWholeValue(encodeStateValue(value).slice());

test('two values are the same exactly when their JSON is', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [left, right] = [decoded(a), decoded(b)];
      expect(sameValue(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
      expect(sameValue(left, decoded(a))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[unknown, unknown]>([
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: 1 }, { b: 1 }],
  [[1], { 0: 1 }],
  [{}, []],
  [new Map([['a', 1]]), { a: 1 }],
])('%o is not %o', (a, b) => {
  expect(sameValue(a, b)).toBe(false);
  expect(sameValue(b, a)).toBe(false);
});
