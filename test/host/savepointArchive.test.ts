/** A savepoint as one file: what is exported comes back byte for byte, and what was made to do harm is refused in a sentence. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { createDataDirectory } from '../../runtime/host/dataDirectory.ts';
import { exportSavepoint, importSavepoint } from '../../runtime/host/savepointArchive.ts';
import { readSnapshot } from '../../runtime/host/savepointShelf.ts';
import { paxPath, readTarHeader, tarEnd, tarHeader, tarPadding } from '../../runtime/host/tarFormat.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-archive-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = fileURLToPath(new URL('../savepoints/v1', import.meta.url));
let data = createDataDirectory(join(root, 'data'));
let file = '';

beforeEach(async () => {
  const own = mkdtempSync(join(root, 'w-'));
  data = createDataDirectory(join(own, '.sluice'));
  file = join(own, 'fixture.sluice.tar.gz');
  await exportSavepoint(savepointIn(fixture), file);
});

function savepointIn(directory: string) {
  const snapshot = readSnapshot(directory);
  if (snapshot === null) throw new Error(`${directory} is no savepoint`);
  return snapshot;
}

const left = () => readdirSync(data.savepoints);

async function refusal(): Promise<string> {
  const sentence = await importSavepoint(data, file).then(
    ({ directory }) => `imported as ${directory}`,
    (error: Error) => error.message,
  );
  expect(left(), sentence).toEqual([]);
  return sentence.replace(file, 'FILE');
}

/** The archive with these entries. */
function archive(entries: readonly (readonly [name: string, content: Uint8Array])[]): void {
  const parts = entries.flatMap(([name, content]) => [
    tarHeader(name, content.length, 0),
    content,
    tarPadding(content.length),
  ]);
  writeFileSync(file, gzipSync(Buffer.concat([...parts, tarEnd()])));
}

const entry = (name: string, content: Uint8Array | string = readFileSync(join(fixture, name))) =>
  [`savepoint/${name}`, Buffer.from(content)] as const;
const whole = () =>
  readdirSync(fixture)
    .map((name) => entry(name))
    .sort(manifestFirst);
const manifestFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  Number(b.endsWith('manifest.json')) - Number(a.endsWith('manifest.json'));

test('what is exported comes back byte for byte, as a savepoint of its own, as often as one likes', async () => {
  const first = await importSavepoint(data, file);
  const second = await importSavepoint(data, file);
  expect(left()).toHaveLength(2);
  expect(second.directory).not.toBe(first.directory);
  for (const name of readdirSync(fixture))
    expect(readFileSync(join(first.directory, name)).equals(readFileSync(join(fixture, name))), name).toBe(
      true,
    );
  expect(first.manifest).toEqual(savepointIn(fixture).manifest);
});

test('any tar opens it, and what tar has packed is imported', async () => {
  const listed = spawnSync('tar', ['-tzf', file], { encoding: 'utf8' });
  expect(listed.stdout.split('\n')[0]).toBe('savepoint/manifest.json');
  const names = readdirSync(fixture).sort(
    (a, b) => Number(b === 'manifest.json') - Number(a === 'manifest.json'),
  );
  spawnSync('tar', ['-czf', file, '--format=ustar', ...names.map((name) => `v1/${name}`)], {
    cwd: join(fixture, '..'),
  });
  expect((await importSavepoint(data, file)).manifest.label).toBe('Fixture ✓');
});

test('a damaged savepoint is not handed on, and nothing is left of the attempt', async () => {
  const directory = join(root, 'damaged');
  cpSync(fixture, directory, { recursive: true });
  const state = join(directory, 'operator-0.state');
  const bytes = readFileSync(state);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(state, bytes);
  const target = join(root, 'never.tar.gz');
  await expect(exportSavepoint(savepointIn(directory), target)).rejects.toThrow(
    /operator-0\.state is damaged/,
  );
  expect(readdirSync(root).filter((name) => name.startsWith('never'))).toEqual([]);
});

test('a file is never replaced', async () => {
  const before = readFileSync(file);
  await expect(exportSavepoint(savepointIn(fixture), file)).rejects.toThrow(/is there already/);
  expect(readFileSync(file).equals(before)).toBe(true);
});

describe('an import refuses, in a sentence that names the file, and leaves nothing', () => {
  test.each<[name: string, entries: () => readonly (readonly [string, Uint8Array])[], sentence: RegExp]>([
    [
      'an entry that leads outside',
      () => [...whole(), ['savepoint/../../evil', Buffer.from('x')]],
      /FILE holds "\.\.\/\.\.\/evil", which its manifest does not name/,
    ],
    [
      'an absolute entry',
      () => [...whole(), ['/etc/evil', Buffer.from('x')]],
      /FILE holds "\/etc\/evil", which its manifest does not name/,
    ],
    ['an entry that nobody named', () => [...whole(), entry('more', 'x')], /FILE holds "more"/],
    ['an entry twice', () => [...whole(), entry('operator-0.state')], /FILE holds "operator-0\.state"/],
    ['a data file that is missing', () => whole().slice(0, -1), /FILE lacks operator-1\.state/],
    [
      'a data file that is longer than it should be',
      () => [entry('manifest.json'), entry('operator-0.state', 'x'.repeat(1e6))],
      /FILE has 1000000 bytes of operator-0\.state instead of/,
    ],
    [
      'a data file of which one byte was changed, packed anew',
      () => {
        const changed = Buffer.from(readFileSync(join(fixture, 'operator-1.state')));
        changed[77] = (changed[77] ?? 0) ^ 1;
        return [...whole().slice(0, -1), entry('operator-1.state', changed)];
      },
      /FILE is damaged: the SHA-256 of operator-1\.state is another one/,
    ],
    ['no manifest', () => whole().slice(1), /FILE is no savepoint: it does not begin with a manifest/],
    [
      'a manifest that was edited',
      () => [
        entry(
          'manifest.json',
          readFileSync(join(fixture, 'manifest.json'), 'utf8').replace(
            '"parallelism": 2',
            '"parallelism": 3',
          ),
        ),
      ],
      /manifest\.json in FILE/,
    ],
    [
      'a checkpoint',
      () => [entry('manifest.json', printManifest({ ...savepointIn(fixture).manifest, kind: 'checkpoint' }))],
      /FILE holds a checkpoint/,
    ],
    ['nothing', () => [], /FILE is no savepoint/],
    [
      'a few bytes that claim to be very many',
      () => {
        const { manifest } = savepointIn(fixture);
        const operators = manifest.operators.map((operator) => ({
          ...operator,
          files: operator.files.map((known) => ({ ...known, bytes: 1e12 })),
        }));
        return [entry('manifest.json', printManifest({ ...manifest, operators }))];
      },
      /FILE claims to be [\d.]+ TiB, more than 200 times its own size|FILE claims to be [\d,.]+ GiB, more than 200 times/,
    ],
  ])('%s', async (_, entries, sentence) => {
    archive(entries());
    expect(await refusal()).toMatch(sentence);
    expect(existsSync(join(root, 'evil'))).toBe(false);
  });

  test('a link', async () => {
    archive(whole());
    const tar = gunzipSync(readFileSync(file));
    const header = tarHeader('savepoint/operator-0.state', 0, 0);
    header.write('2', 156);
    header.write('/etc/passwd', 157);
    let sum = 8 * 0x20;
    for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const first = 512 + Math.ceil(readFileSync(join(fixture, 'manifest.json')).length / 512) * 512;
    writeFileSync(file, gzipSync(Buffer.concat([tar.subarray(0, first), header, tarEnd()])));
    expect(await refusal()).toMatch(/FILE has an entry "savepoint\/operator-0\.state" that is no plain file/);
  });

  test('zeros without end behind the archive are not unpacked', async () => {
    const tar = gunzipSync(readFileSync(file));
    writeFileSync(file, gzipSync(Buffer.concat([tar, Buffer.alloc(64 * 1_024 ** 2)])));
    expect((await importSavepoint(data, file)).manifest.job).toBe('fixture');
  });

  test('what is no archive', async () => {
    writeFileSync(file, 'just text');
    expect(await refusal()).toMatch(/FILE is damaged or no gzip file/);
    writeFileSync(file, gzipSync(Buffer.alloc(2_000, 'x')));
    expect(await refusal()).toMatch(/FILE is no tar archive/);
    rmSync(file);
    expect(await refusal()).toMatch(/FILE is not there/);
  });

  test('an archive that was cut off anywhere', async () => {
    const { length } = readFileSync(file);
    for (let cut = 1; cut < 60; cut++) {
      truncateSync(file, Math.floor((length * (60 - cut)) / 60));
      // Behind the last entry there is nothing that could be missed.
      expect(await refusal()).toMatch(/FILE (ends too early|is damaged|cannot be read)/);
    }
  });

  test('an archive of which one byte was changed: refused, or the byte meant nothing', async () => {
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 150)) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      writeFileSync(file, changed);
      const result = await importSavepoint(data, file).catch((error: Error) => error.message);
      if (typeof result === 'string') continue;
      for (const name of readdirSync(fixture))
        expect(
          readFileSync(join(result.directory, name)).equals(readFileSync(join(fixture, name))),
          `${at}`,
        ).toBe(true);
      rmSync(result.directory, { recursive: true });
    }
  });
});

test('names that are too long for a header are told in one before it', () => {
  const name = `savepoint/${'ä'.repeat(80)}.state`;
  const header = tarHeader(name, 12, 0);
  const [pax, plain] = [readTarHeader(header.subarray(0, 512)), readTarHeader(header.subarray(1_024))];
  expect(pax.type).toBe('pax');
  expect(plain).toMatchObject({ type: 'file', bytes: 12 });
  expect(paxPath(header.subarray(512, 512 + (pax.type === 'pax' ? pax.bytes : 0)))).toBe(name);
});
