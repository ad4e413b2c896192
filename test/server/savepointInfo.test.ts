/** The sizes of a checkpoint: what was written for it, and what it has. */
import { expect, test } from 'vitest';
import { bytesOf, writtenBytesOf } from '../../runtime/server/savepointInfo.ts';
import { manifest } from '../checkpoint/manifests.ts';

const file = (subtaskIndex: number, bytes: number, layer?: number) => ({
  path: `${subtaskIndex}.${layer ?? 0}`,
  bytes,
  sha256: 'ab'.repeat(32),
  subtaskIndex,
  ...(layer === undefined ? {} : { layer }),
});

test.each([
  ['a full one was written as a whole', [file(0, 100), file(1, 10)], 110, 110],
  [
    'of each subtask the newest layer was written',
    [file(0, 100), file(0, 7, 1), file(0, 5, 2), file(1, 10)],
    15,
    122,
  ],
  ['one that has nothing', [], 0, 0],
])('%s', (_, files, written, all) => {
  const [operator] = manifest().operators;
  const made = manifest({ operators: [{ ...operator!, parallelism: 2, files }] });
  expect(writtenBytesOf(made)).toBe(written);
  expect(bytesOf(made)).toBe(all);
});
