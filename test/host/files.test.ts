/** The machine's files as connectors and snapshots see them. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Outcome, SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import { machineFiles } from '../../runtime/host/files.ts';
import { machineSnapshotFiles } from '../../runtime/host/snapshotFiles.ts';
import { FileError } from '../../runtime/operators/files.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let wakes = 0;
const files = machineFiles({ workingDirectory: root, afterCallback: () => wakes++ });
const bytes = (text: string) => new TextEncoder().encode(text);

test('what is written can be read when it was synced, and the thread is woken', async () => {
  const file = files.create('one.txt');
  file.write(bytes('a'.repeat(100_000)));
  file.write(bytes('b'));
  const before = wakes;
  await new Promise<void>((synced) => file.sync(() => synced()));
  expect(readFileSync(join(root, 'one.txt'), 'utf8')).toBe(`${'a'.repeat(100_000)}b`);
  await new Promise((later) => setImmediate(later));
  expect(wakes).toBe(before + 1);
  file.write(bytes('c'));
  file.close();
  const read = files.openRead('one.txt');
  expect(read.size()).toBe(100_002);
  const target = new Uint8Array(10);
  expect(read.read(target, 99_999)).toBe(3);
  expect(read.read(target, 100_002)).toBe(0);
  read.close();
});

test('a link never replaces', () => {
  writeFileSync(join(root, 'from'), 'new');
  writeFileSync(join(root, 'to'), 'old');
  expect(files.link('from', 'to')).toBe('exists');
  expect(readFileSync(join(root, 'to'), 'utf8')).toBe('old');
  expect(files.link('from', 'to2')).toBe('linked');
});

test('a missing directory is empty, a missing file is gone already', () => {
  expect(files.list('nowhere')).toEqual([]);
  expect(() => files.remove('nowhere')).not.toThrow();
  expect(files.exists('nowhere')).toBe(false);
});

test.each([
  ['a missing file', () => files.openRead('data/none.txt'), 'not-found', 'data/none.txt does not exist'],
  ['a file that is there', () => files.create('to'), 'exists', 'to is there already'],
])('%s is told by the name that the author wrote', (_, action, code, message) => {
  expect(action).toThrow(expect.objectContaining({ name: 'FileError', code, message }));
  expect(action).toThrow(FileError);
});

const snapshots = machineSnapshotFiles({ afterCallback: () => {} });
type Finished = Outcome<{ readonly bytes: number; readonly sha256: string }>;

test('a data file is reported with its size and hash when it is durable', async () => {
  const path = join(root, 'data.state');
  const file = snapshots.create(path);
  const chunks = Array.from({ length: 50 }, (_, index) => bytes(`${index} `.repeat(5_000)));
  for (const chunk of chunks) file.append(chunk);
  expect(file.backlogBytes).toBeGreaterThan(0);
  const result = await new Promise<Finished>((done) => file.finish(done));
  const content = readFileSync(path);
  expect(content.equals(Buffer.concat(chunks))).toBe(true);
  expect(result).toEqual({
    ok: true,
    value: { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
  });
  expect(file.backlogBytes).toBe(0);
});

test('an aborted data file leaves nothing, also in the middle of a write', async () => {
  const path = join(root, 'aborted.state');
  const file = snapshots.create(path);
  file.append(new Uint8Array(1_000_000));
  file.abort();
  await expect.poll(() => files.exists('aborted.state')).toBe(false);
});

test('a data file that cannot be made is a failure that is told at the end', async () => {
  const file = snapshots.create(join(root, 'nowhere/at-all.state'));
  file.append(bytes('x'));
  const result = await new Promise<Finished>((done) => file.finish(done));
  expect(result).toMatchObject({ ok: false, message: expect.stringContaining('nowhere/at-all.state') });
});

test('reading beyond the end is damage that names the file', () => {
  const path = join(root, 'short.state');
  writeFileSync(path, 'abc');
  const file = snapshots.open(path);
  expect(file.size()).toBe(3);
  expect([...file.read(1, 2)]).toEqual([98, 99]);
  expect(() => file.read(1, 3)).toThrow(SnapshotDamage);
  expect(() => file.read(1, 3)).toThrow(`${path} ends 1 bytes too early`);
  file.close();
  expect(() => snapshots.open(join(root, 'none.state'))).toThrow('none.state is missing');
});

test('data files get second names, all of them or none, and the last name that goes takes the bytes', () => {
  const [old, next] = [join(root, 'chk-1'), join(root, '.attempt-2')];
  mkdirSync(old);
  mkdirSync(next);
  writeFileSync(join(old, 'a'), 'kept');
  writeFileSync(join(old, 'b'), 'too');
  const named = (name: string) => ({ from: join(old, name), to: join(next, name) });
  const refused = snapshots.linkAll([named('a'), named('gone')]);
  expect(refused).toMatchObject({ ok: false, message: expect.stringContaining('gone does not exist') });
  expect(files.list(next)).toEqual([]);
  const linked = snapshots.linkAll([named('a'), named('b')]);
  expect(statSync(join(next, 'a')).nlink).toBe(2);
  rmSync(old, { recursive: true });
  expect(readFileSync(join(next, 'a'), 'utf8')).toBe('kept');
  if (linked.ok) linked.value.undo();
  expect(files.list(next)).toEqual([]);
});
