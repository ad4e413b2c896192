/** Names of snapshots in requests lead nowhere but below the data directory and the workspace. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  dataDirectory,
  directoryNameOf,
  isInside,
  snapshotDirectory,
} from '../../runtime/host/dataDirectory.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-data-'));
const workspace = join(root, 'workspace');
const data = dataDirectory(join(workspace, '.sluice'));

beforeAll(() => {
  mkdirSync(join(data.savepoints, 'one'), { recursive: true });
  mkdirSync(join(root, 'outside'));
  symlinkSync(join(root, 'outside'), join(workspace, 'link'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['an id', 'one', join(data.savepoints, 'one')],
  ['a path', '.sluice/savepoints/one', join(data.savepoints, 'one')],
  ['a path to the manifest', '.sluice/savepoints/one/manifest.json', join(data.savepoints, 'one')],
  ['an absolute path', join(data.savepoints, 'one'), join(data.savepoints, 'one')],
  ['one that is not there', 'two', join(data.savepoints, 'two')],
  ['a way out', '../outside', null],
  ['a way out through the shelf', '.sluice/savepoints/../../../outside', null],
  ['an absolute path outside', '/etc', null],
  ['a link that leads outside', 'link/x', null],
  ['the parent', '..', null],
  ['a zero byte', 'one\0', null],
])('%s', (_, id, expected) => {
  expect(snapshotDirectory(data, id, { workingDirectory: workspace, allowed: [data.root, workspace] })).toBe(
    expected,
  );
});

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a', '/a/..b', true],
  ['/a/b', '/a', false],
])('is %s around %s: %s', (outer, inner, expected) => {
  expect(isInside(outer, inner)).toBe(expected);
});

test.each([
  ['flight-delays', 'flight-delays'],
  ['..', '%2e.'],
  ['a/b', 'a%2fb'],
  ['a b', 'a%20b'],
  ['über', '%fcber'],
])('the directory of the job %s is %s', (job, expected) => {
  expect(directoryNameOf(job)).toBe(expected);
});
