/** H4, on the disk: what was handed over is remembered, and whatever else lies at the same path is the user's. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { claimedSavepoints, claimSavepoint } from '../../runtime/host/claims.ts';
import { createDataDirectory } from '../../runtime/host/dataDirectory.ts';
import { readSnapshot } from '../../runtime/host/savepointShelf.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-claims-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = fileURLToPath(new URL('../savepoints/v1', import.meta.url));
let data = createDataDirectory(join(root, 'data'));
let directory = '';

beforeEach(async () => {
  data = createDataDirectory(mkdtempSync(join(root, 'd-')));
  mkdirSync(data.job('fixture'), { recursive: true });
  directory = join(data.savepoints, 'mine');
  cpSync(fixture, directory, { recursive: true });
  await claimSavepoint(data, 'fixture', savepoint());
});

function savepoint() {
  const snapshot = readSnapshot(directory);
  if (snapshot === null) throw new Error(`${directory} is no savepoint`);
  return snapshot;
}

const change = (changes: Partial<Manifest>) =>
  writeFileSync(join(directory, 'manifest.json'), printManifest({ ...savepoint().manifest, ...changes }));
const claimed = () => claimedSavepoints(data, 'fixture').map((claim) => claim.directory);

test('H4 a claim is there for whoever comes next, once, and for no other job', async () => {
  await claimSavepoint(data, 'fixture', savepoint());
  expect(claimedSavepoints(data, 'fixture')).toEqual([
    { runId: savepoint().manifest.runId, checkpointId: savepoint().manifest.checkpointId, directory },
  ]);
  expect(claimedSavepoints(data, 'another')).toEqual([]);
});

test('H4 another label does not take it back', () => {
  change({ label: 'another' });
  expect(claimed()).toEqual([directory]);
});

test.each<[name: string, happens: () => void]>([
  ['it is gone', () => rmSync(directory, { recursive: true })],
  ['another savepoint of the run lies there', () => change({ checkpointId: 8 })],
  ['a savepoint of another run lies there', () => change({ runId: 'another' })],
  ['a checkpoint lies there', () => change({ kind: 'checkpoint' })],
  ['its manifest is damaged', () => writeFileSync(join(directory, 'manifest.json'), '{}')],
  [
    'the list of claims is damaged',
    () => writeFileSync(data.claimsFile('fixture'), '[{"directory": 1}, null, '),
  ],
  [
    'the list of claims is something else',
    () => writeFileSync(data.claimsFile('fixture'), '[{"directory": 1}, null]'),
  ],
])('H4 nothing is deleted when %s', (_, happens) => {
  happens();
  expect(claimed()).toEqual([]);
});

test('H4 what is claimed later does not make the others forgotten', async () => {
  const other = join(data.savepoints, 'other');
  cpSync(fixture, other, { recursive: true });
  const snapshot = readSnapshot(other);
  if (snapshot !== null) await claimSavepoint(data, 'fixture', snapshot);
  expect(claimed()).toEqual([directory, other]);
  expect(JSON.parse(readFileSync(data.claimsFile('fixture'), 'utf8'))).toHaveLength(2);
});
