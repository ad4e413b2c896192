import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Key } from '../../runtime/state/declarations.ts';
import { encodeKey } from '../../runtime/state/keyEncoding.ts';
import {
  hashKey,
  keyGroupOf,
  keyGroupRange,
  operatorIndexForKeyGroup,
  spread,
} from '../../runtime/state/keyGroups.ts';
import { murmur3 } from '../../runtime/state/murmur3.ts';
import { arbitraryKey, hex } from './arbitraries.ts';

/**
 * key, its bytes, murmur3 of them, its group of 128, of 720, of 32,768. Computed once by a Java program written from the
 * published definitions of MurmurHash3_x86_32 and of Flink's MathUtils.murmurHash. These never change.
 */
const golden: readonly [Key, string, number, number, number, number][] = [
  [null, '01', 0xe45ad1ab, 72, 360, 29256],
  [false, '02', 0x6c27d09f, 55, 567, 29367],
  [true, '03', 0x5e2a8076, 9, 377, 11785],
  ['', '070001', 0x7e66d908, 68, 484, 24644],
  ['a', '07610001', 0x7a93d9f9, 46, 542, 26286],
  ['ab', '0761620001', 0xa9280ad1, 65, 193, 32577],
  ['abc', '076162630001', 0x22c69a4a, 13, 13, 30477],
  ['abcd', '07616263640001', 0x81cbbfbf, 93, 365, 4317],
  ['SFO', '0753464f0001', 0x197fbea0, 15, 319, 9871],
  ['key-123456', '076b65792d3132333435360001', 0x9f77e596, 104, 264, 8552],
  ['zürich', '077ac3bc726963680001', 0x60698e18, 46, 686, 29742],
  ['東京', '07e69db1e4baac0001', 0x733eaa36, 71, 375, 15943],
  ['😀', '07f09f98800001', 0xe4c97734, 28, 12, 27676],
  ['a\0b', '076100ff620001', 0x3f670ade, 82, 530, 25810],
  [0, '048000000000000000', 0xc77e818c, 59, 219, 26043],
  [-0, '048000000000000000', 0xc77e818c, 59, 219, 26043],
  [1, '04bff0000000000000', 0xc28b03fe, 65, 545, 22721],
  [-1, '04400fffffffffffff', 0x0dc21058, 97, 161, 26465],
  [1.5, '04bff8000000000000', 0x2aabe20d, 55, 151, 16183],
  [1e300, '04fe37e43c8800759c', 0x45bac8f4, 14, 334, 13326],
  [Number.NaN, '04fff8000000000000', 0xe8615f39, 56, 504, 11192],
  [Number.POSITIVE_INFINITY, '04fff0000000000000', 0x92520d43, 21, 453, 6293],
  [Number.NEGATIVE_INFINITY, '04000fffffffffffff', 0x79709000, 6, 198, 15238],
  [1_700_000_000_000, '04c278bcfe56800000', 0xd30f9c10, 17, 241, 26001],
  [0n, '0600000000', 0xedc8d664, 25, 665, 23577],
  [1n, '060000000101', 0x4d394b8c, 7, 343, 19335],
  [-1n, '05fffffffefe', 0x5c250bfa, 101, 453, 16101],
  [256n, '06000000020100', 0xb228148f, 52, 276, 17204],
  [18446744073709551616n, '0600000009010000000000000000', 0x70df540f, 7, 647, 27655],
  [-18446744073709551616n, '05fffffff6feffffffffffffffff', 0xa347da07, 28, 92, 12700],
  [['SFO', 7], '080753464f000104c01c00000000000000', 0x640be93e, 74, 170, 26314],
  [[], '0800', 0x3cccb0ff, 89, 329, 3161],
  [{ b: 1, a: ['x'] }, '09076100010807780001000762000104bff000000000000000', 0x11ceb5d8, 88, 456, 13912],
];

test.each(golden)(
  'the key %o has the bytes %s and its groups for good',
  (key, bytes, hash, of128, of720, of32768) => {
    expect(hex(encodeKey(key))).toBe(bytes);
    expect(hashKey(key)).toBe(hash);
    expect([128, 720, 32_768].map((maxParallelism) => keyGroupOf(key, maxParallelism))).toEqual([
      of128,
      of720,
      of32768,
    ]);
  },
);

test.each([
  [0, 593689054],
  [1, 68075478],
  [-1, 1982413648],
  [42, 1134849565],
  [2147483647, 1653689534],
  [-2147483648, 1718298732],
  [123456789, 1088346449],
  // The only code whose spread bits are Java's Integer.MIN_VALUE, which has no absolute value.
  [-2089875627, 0],
])('the hash code %i is spread to %i, as Flink does', (code, expected) => {
  expect(spread(code)).toBe(expected);
  expect(spread(code >>> 0)).toBe(expected);
});

test('hashing a key while it is read equals hashing its bytes', () => {
  fc.assert(
    fc.property(arbitraryKey, (key) => hashKey(key) === murmur3(encodeKey(key))),
    { numRuns: 2_000 },
  );
});

describe('G1: every key group is owned once', () => {
  test.each([
    [2, 128],
    [3, 128],
    [1, 1],
    [7, 128],
    [128, 128],
    [5, 7],
    [20, 720],
    [32_768, 32_768],
  ])('by one of %i subtasks of a max parallelism of %i', (parallelism, maxParallelism) => {
    let next = 0;
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
      expect(first).toBe(next);
      for (let group = first; group <= last; group++) {
        if (operatorIndexForKeyGroup(group, parallelism, maxParallelism) !== subtask)
          expect.fail(`group ${group}`);
      }
      next = last + 1;
    }
    expect(next).toBe(maxParallelism);
  });
});
