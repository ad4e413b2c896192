import { expect, test } from 'vitest';
import { murmur3 } from '../../runtime/state/murmur3.ts';

/** Published vectors of MurmurHash3 x86-32 (Ian Boyd's list, which others check against). */
test.each([
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['ffffffff', 0, 0x76293b50],
  ['21436587', 0, 0xf55b516b],
  ['21436587', 0x5082edee, 0x2362f9de],
  ['214365', 0, 0x7e4a8634],
  ['2143', 0, 0xa0f7b07a],
  ['21', 0, 0x72661cf4],
  ['00000000', 0, 0x2362f9de],
  ['000000', 0, 0x85f0b427],
  ['0000', 0, 0x30f4c306],
  ['00', 0, 0x514e28b7],
  [Buffer.from('aaaa').toString('hex'), 0x9747b28c, 0x5a97808a],
  [Buffer.from('Hello, world!').toString('hex'), 0x9747b28c, 0x24884cba],
  [Buffer.from('The quick brown fox jumps over the lazy dog').toString('hex'), 0x9747b28c, 0x2fa826cd],
])('murmur3 of %s with seed %i', (bytes, seed, hash) => {
  expect(murmur3(Buffer.from(bytes, 'hex'), seed)).toBe(hash);
});
