import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { formatVersionOf, type Manifest } from '../../runtime/checkpoint/manifest.ts';
import { isInnerPath, parseManifest, printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import { manifest } from './manifests.ts';

const parse = (text: string | Uint8Array) =>
  parseManifest(typeof text === 'string' ? Buffer.from(text) : text, 'x/manifest.json');

test.each<[string, Partial<Manifest>]>([
  ['as it is', {}],
  [
    'with a label in any script',
    { kind: 'savepoint', label: 'vor dem Umbau ✓ 東京 "crc32:00000000"', notes: 'a\nb' },
  ],
  ['the first one', { parent: null, operators: [], sources: [] }],
  ...(
    [
      { type: 'tumbling', time: 'event', sizeMs: 3_600_000, offsetMs: -1, latenessMs: 0 },
      { type: 'sliding', time: 'processing', sizeMs: 2, slideMs: 3, offsetMs: 0, latenessMs: 0 },
      { type: 'session', time: 'event', latenessMs: 7 },
      { type: 'global' },
    ] as const
  ).map((windows): [string, Partial<Manifest>] => [
    `with ${windows.type} windows`,
    { operators: manifest().operators.map((operator) => ({ ...operator, windows })) },
  ]),
])('a manifest comes back: %s', (_, changes) => {
  const text = printManifest(manifest(changes));
  expect(parse(text)).toEqual(manifest(changes));
  expect(text.endsWith('"\n}\n')).toBe(true);
});

test('a watermark that is no number is not known afterwards', () => {
  const sources = [{ operator: 's', split: 'a', offset: 1, watermark: Number.POSITIVE_INFINITY }];
  expect(parse(printManifest(manifest({ sources }))).sources[0]!.watermark).toBeNull();
});

test('the print does not depend on the order of properties', () => {
  const reversed = Object.fromEntries(Object.entries(manifest()).reverse()) as unknown as Manifest;
  expect(printManifest(reversed)).toBe(printManifest(manifest()));
});

test('damage of any byte is noticed and names the file', () => {
  const refusal = expect.objectContaining({ name: 'SnapshotDamage', path: 'x/manifest.json' }) as Error;
  const whole = Buffer.from(printManifest(manifest({ label: 'é' })));
  for (let position = 0; position < whole.length; position++) {
    for (const flip of [0x01, 0xff]) {
      const damaged = Buffer.from(whole);
      damaged[position]! ^= flip;
      expect(() => parse(damaged), `byte ${position} ^ ${flip}`).toThrow(refusal);
    }
    expect(() => parse(whole.subarray(0, position))).toThrow(SnapshotDamage);
  }
});

/** A manifest of a stranger: any content, with a checksum that fits. */
function forged(change: (object: Record<string, unknown>) => void): string {
  const object = JSON.parse(printManifest(manifest())) as Record<string, unknown>;
  change(object);
  delete object.checksum;
  const text = `${JSON.stringify({ ...object, checksum: 'crc32:00000000' }, null, 2)}\n`;
  return text.replace(/00000000"\n\}\n$/, `${crc32(text).toString(16).padStart(8, '0')}"\n}\n`);
}

const operator = (change: object) => (object: Record<string, unknown>) => {
  object.operators = [{ ...(object.operators as object[])[0], ...change }];
};
const file = (change: object) =>
  operator({ files: [{ path: 'a', bytes: 1, sha256: 'ab'.repeat(32), subtaskIndex: 0, ...change }] });

/** Files of one subtask with these layers; 0 stands for none. */
const layered = (layers: readonly number[]) => (object: Record<string, unknown>) => {
  object.formatVersion = 2;
  const files = layers.map((layer, i) => ({
    path: `file-${i}`,
    bytes: 1,
    sha256: 'ab'.repeat(32),
    subtaskIndex: 0,
    ...(layer === 0 ? {} : { layer }),
  }));
  operator({ files })(object);
};

test('a manifest with layers has version 2 and comes back; without, it is what version 1 is', () => {
  const read = parse(forged(layered([0, 1, 2])));
  expect(read.operators[0]!.files.map(({ layer }) => layer)).toEqual([undefined, 1, 2]);
  expect(parse(printManifest(read))).toEqual(read);
  expect(formatVersionOf(read.operators)).toBe(2);
  expect(formatVersionOf(parse(forged(layered([0]))).operators)).toBe(1);
  // Version 1 has no layers: what a stranger calls so there is nothing to it.
  expect(parse(forged(file({ layer: 1 }))).operators[0]!.files[0]).not.toHaveProperty('layer');
});

test('the forger of these tests is right when nothing is changed', () => {
  expect(parse(forged(() => {}))).toEqual(manifest());
});

test.each<[string, (object: Record<string, unknown>) => void, string]>([
  [
    'a newer format',
    (object) => {
      object.formatVersion = 3;
      object.sluiceVersion = '9.0.0';
    },
    'has format version 3, written by Sluice 9.0.0; this version of Sluice reads 1 and 2.',
  ],
  ['a layer on nothing', layered([0, 2]), 'layer 2, stands on none'],
  ['a layer twice', layered([0, 1, 1]), 'twice'],
  ['a layer without a bottom', layered([1]), 'stands on none'],
  ['more layers than files can be open', layered([1_024]), 'layer of files[0]'],
  [
    'no job',
    (object) => {
      delete object.job;
    },
    'job of the manifest is not a text',
  ],
  [
    'a kind that there is not',
    (object) => {
      object.kind = 'snapshot';
    },
    'kind of the manifest is not checkpoint or savepoint',
  ],
  [
    'an id below zero',
    (object) => {
      object.checkpointId = -1;
    },
    'checkpointId',
  ],
  [
    'half an id',
    (object) => {
      object.checkpointId = 1.5;
    },
    'checkpointId',
  ],
  [
    'a parent that is a list',
    (object) => {
      object.parent = [];
    },
    "the manifest's parent is no object",
  ],
  [
    'operators that are none',
    (object) => {
      object.operators = {};
    },
    'operators of the manifest is not a list',
  ],
  [
    'an operator twice',
    (object) => {
      object.operators = [(object.operators as object[])[0], (object.operators as object[])[0]];
    },
    'twice',
  ],
  [
    'a state of no type',
    operator({ states: [{ name: 'a', type: 'bag', schemaVersion: 1, keys: 0, bytes: 0 }] }),
    'type of states[0]',
  ],
  ['a file above', file({ path: '../../etc/passwd' }), 'outside of its directory: "../../etc/passwd"'],
  ['an absolute file', file({ path: '/etc/passwd' }), 'outside of its directory'],
  ['a file by a drive', file({ path: 'C:\\x' }), 'outside of its directory'],
  ['a file of nobody', file({ subtaskIndex: 2 }), 'a subtask that it does not have'],
  ['a hash that is none', file({ sha256: 'xyz' }), 'SHA-256'],
  ['a huge parallelism', operator({ parallelism: 1e9 }), 'parallelism'],
  [
    'a prototype',
    (object) => {
      Object.defineProperty(object, '__proto__', { value: { job: 'x' }, enumerable: true });
      delete object.job;
    },
    'job',
  ],
])('a stranger writes %s: refused', (_, change, sentence) => {
  expect(() => parse(forged(change))).toThrow(SnapshotDamage);
  expect(() => parse(forged(change))).toThrow(sentence);
});

test.each([
  ['a', true],
  ['a/b-0.state', true],
  ['東京', true],
  ['..a', true],
  ['', false],
  ['/a', false],
  ['a/', false],
  ['a//b', false],
  ['.', false],
  ['a/../b', false],
  ['a\\b', false],
  ['C:a', false],
  ['a\0', false],
  ['a\n', false],
])('the path %o stays inside: %s', (path, inside) => {
  expect(isInnerPath(path)).toBe(inside);
});
