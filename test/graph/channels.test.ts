import { expect, test } from 'vitest';
import { connectSubtasks } from '../../runtime/graph/channels.ts';

const check = (
  partitioning: Parameters<typeof connectSubtasks>[0],
  senders: number,
  receivers: number,
  drawn: string,
) =>
  expect(
    connectSubtasks(partitioning, senders, receivers)
      .map(([from, to]) => `${from}${to}`)
      .join(' '),
  ).toBe(drawn);

test('forward connects one to one', () => {
  check('forward', 3, 3, '00 11 22');
  expect(() => connectSubtasks('forward', 1, 2)).toThrow('forward');
});

test('hash, rebalance, broadcast, shuffle, global and custom connect everybody with everybody', () => {
  for (const word of ['hash', 'rebalance', 'broadcast', 'shuffle', 'global', 'custom'] as const) {
    check(word, 2, 3, '00 01 02 10 11 12');
  }
});

test('rescale gives each side a contiguous share of the other', () => {
  check('rescale', 1, 1, '00');
  check('rescale', 2, 4, '00 01 12 13');
  check('rescale', 4, 2, '00 10 21 31');
  check('rescale', 2, 3, '00 01 12');
  check('rescale', 3, 2, '00 11 21');
});

test('rescale leaves nobody out and is as even as it can be', () => {
  for (let senders = 1; senders <= 9; senders++) {
    for (let receivers = 1; receivers <= 9; receivers++) {
      const pairs = connectSubtasks('rescale', senders, receivers);
      const outOf = Array.from({ length: senders }, (_, i) => pairs.filter(([from]) => from === i).length);
      const into = Array.from({ length: receivers }, (_, i) => pairs.filter(([, to]) => to === i).length);
      for (const counts of [outOf, into]) {
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }
      expect(pairs.length).toBe(Math.max(senders, receivers));
    }
  }
});
