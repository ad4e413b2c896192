import { describe, expect, test } from 'vitest';
import { latestSnapshot, nextCheckpointId, startsBranch } from '../../runtime/checkpoint/lineage.ts';
import {
  checkpointDirectoryName,
  checkpointIdOf,
  savepointDirectoryName,
  slugOf,
} from '../../runtime/checkpoint/snapshotPaths.ts';
import { manifest } from './manifests.ts';

const point = (checkpointId: number, kind: 'checkpoint' | 'savepoint' = 'checkpoint') => ({
  manifest: manifest({ checkpointId, kind }),
  directory: `${kind}-${checkpointId}`,
});

describe('latest is the highest valid id', () => {
  test.each([
    [[], null],
    [[point(3), point(12), point(7)], 'checkpoint-12'],
    [[point(3), point(13, 'savepoint'), point(12)], 'savepoint-13'],
    [[point(5, 'savepoint'), point(5)], 'checkpoint-5'],
  ])('%#', (points, directory) => {
    expect(latestSnapshot(points)?.directory ?? null).toBe(directory);
  });
});

test.each([
  [[], null, 1],
  [[3, 7, 5], null, 8],
  [[3, 7], 12, 13],
  [[30], 12, 31],
])('of the ids %o and the restored %o the next is %i', (ids, restored, next) => {
  expect(nextCheckpointId(ids, restored === null ? null : manifest({ checkpointId: restored }))).toBe(next);
});

test('restoring an older point starts a branch, the latest does not', () => {
  expect(startsBranch(point(3).manifest, [point(3), point(4)])).toBe(true);
  expect(startsBranch(point(4).manifest, [point(3), point(4)])).toBe(false);
  expect(
    startsBranch(point(3).manifest, [
      { ...point(4), manifest: manifest({ checkpointId: 4, job: 'another' }) },
    ]),
  ).toBe(false);
});

test.each([
  ['chk-000042', 42],
  ['chk-1000000', 1_000_000],
  ['chk-0000042', null],
  ['chk-42', null],
  ['chk-000042x', null],
  ['shared', null],
  ['chk-9999999999999999', null],
])('%s is the checkpoint %o', (name, id) => {
  expect(checkpointIdOf(name)).toBe(id);
  if (id !== null) expect(checkpointDirectoryName(id)).toBe(name);
});

test('the time in a name is UTC, on every day', () => {
  for (let time = -86_400_000; time < 5e12; time += 86_399_999 * 3) {
    const expected = new Date(time)
      .toISOString()
      .slice(0, 19)
      .replaceAll('-', '')
      .replaceAll(':', '')
      .replace('T', '-');
    expect(savepointDirectoryName(time, null)).toBe(`${expected}-savepoint`);
  }
});

test.each([
  ['Before the upgrade!', 'before-the-upgrade'],
  ['  ', ''],
  ['../../etc', 'etc'],
  ['東京 2', '東京-2'],
  ['CON', 'con'],
  ['x'.repeat(60), 'x'.repeat(48)],
  ['Zürich', 'zürich'],
])('the label %o is the slug %o', (label, slug) => {
  expect(slugOf(label)).toBe(slug);
});
