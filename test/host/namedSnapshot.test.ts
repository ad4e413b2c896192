/** Wherever a savepoint is named, that is its id, its path, its label, or "latest". */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { dataDirectory } from '../../runtime/host/dataDirectory.ts';
import { namedSnapshot } from '../../runtime/host/namedSnapshot.ts';
import { manifest } from '../checkpoint/manifests.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-names-'));
const data = dataDirectory(join(root, '.sluice'));

function put(directory: string, changes: Partial<Manifest>): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'manifest.json'), printManifest(manifest({ operators: [], ...changes })));
}

beforeAll(() => {
  const savepoint = (id: string, label: string, checkpointId: number, job = 'flights') =>
    put(join(data.savepoints, id), { kind: 'savepoint', label, checkpointId, job });
  savepoint('1-before', 'Before', 3);
  savepoint('2-before', 'before', 4);
  savepoint('3-twice', 'Twice', 5);
  savepoint('4-twice', 'Twice', 6);
  savepoint('5-after', 'After the Change', 7);
  savepoint('Twice-id', '1-before', 8, 'orders');
  put(join(data.checkpoints('flights'), 'chk-000009'), { checkpointId: 9, job: 'flights' });
  put(join(data.checkpoints('flights'), 'chk-000002'), { checkpointId: 2, job: 'flights' });
  put(join(data.checkpoints('orders'), 'chk-000002'), { checkpointId: 2, job: 'orders' });
  put(join(root, 'copy'), { kind: 'savepoint', label: 'a copy' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[string, string, string | null, string | null]>([
  ['an id goes before a label', '1-before', null, '1-before'],
  ['a path', 'copy', null, 'copy'],
  ['a label as it is written', 'Before', null, '1-before'],
  ['another one that differs in case alone', 'before', null, '2-before'],
  ['in whatever case, where only one has it', 'after the CHANGE', null, '5-after'],
  ['a checkpoint by its name', 'chk-000009', null, 'chk-000009'],
  ['the newest of a job', 'latest', 'flights', 'chk-000009'],
  ['the newest of another', 'latest', 'orders', 'Twice-id'],
  ['nothing', 'nowhere', null, null],
])('%s', (_, name, job, expected) => {
  const found = namedSnapshot(name, { data, workingDirectory: root, allowed: 'anywhere', job });
  expect(found.type === 'found' ? basename(found.snapshot.directory) : null).toBe(expected);
});

test.each([
  ['Twice', '2 are called Twice: name one by its id: 4-twice, 3-twice.'],
  ['TWICE', '2 are called TWICE: name one by its id: 4-twice, 3-twice.'],
  ['BEFORE', '2 are called BEFORE: name one by its id: 2-before, 1-before.'],
  ['latest', '"latest" is not clear, since there are several jobs: flights, orders.'],
])('what %s means is asked, not guessed', (name, problem) => {
  expect(namedSnapshot(name, { data, workingDirectory: root, allowed: 'anywhere', job: null })).toEqual({
    type: 'ambiguous',
    problem,
  });
});

test('a checkpoint that two jobs have is told with both paths', () => {
  const found = namedSnapshot('chk-000002', { data, workingDirectory: root, allowed: 'anywhere', job: null });
  expect(found).toMatchObject({ type: 'ambiguous' });
  expect(found.type === 'ambiguous' && found.problem).toContain(
    join(data.checkpoints('orders'), 'chk-000002'),
  );
});
