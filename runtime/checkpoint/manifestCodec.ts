/**
 * `manifest.json`: printed so that people can read and `git diff` it (stable order, two spaces, a line end), parsed as what
 * a stranger may have written. Its last property is a CRC-32 over all bytes of the file in which its own eight digits
 * stand as zeros: so every byte is covered, and a manifest that was edited by hand is damaged.
 *
 * Every field is checked, every length bounded. Paths of data files stay in the manifest's directory.
 */
import { crc32 } from '../base/crc32.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.ts';
import type { WindowDescription } from '../graph/windowDescription.ts';
import { maxParallelismMax } from '../state/keyGroups.ts';
import { stateTypes } from './dataFileFormat.ts';
import {
  LAYERED_FORMAT_VERSION,
  MANIFEST_FORMAT_VERSION,
  type Manifest,
  type ManifestFile,
  type ManifestOperator,
  type ManifestPosition,
  type ManifestState,
} from './manifest.ts';
import { SnapshotDamage } from './storage.ts';

/** Every file of a subtask is open while its state is read. */
const layersMax = 1_023;
/** A larger manifest is refused unread. */
export const manifestBytesMax = 64 * 1_024 * 1_024;

export function printManifest(manifest: Manifest): string {
  const text = `${JSON.stringify({ ...inOrder(manifest), checksum: checksumText(NO_DIGITS) }, null, 2)}\n`;
  // From the end: a label may contain whatever looks like a checksum.
  return withDigits(text, crc32(encodeUtf8(text)).toString(16).padStart(8, '0'));
}

/** Throws SnapshotDamage with `path` when the bytes are no manifest, whole and of a version that is known here. */
export function parseManifest(bytes: Uint8Array, path: string): Manifest {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof MalformedBytes) throw new SnapshotDamage(path, error.message);
    throw error;
  }
}

/** A path that stays where it is put: relative, forward slashes, no step upwards, nothing that a platform gives a meaning. */
export function isInnerPath(path: string): boolean {
  return (
    path.length <= 1_024 &&
    path.split('/').every((step) => /^[^\\:\p{Cc}]+$/u.test(step) && step !== '.' && step !== '..')
  );
}

const NO_DIGITS = '00000000';
const checksumText = (digits: string) => `crc32:${digits}`;
const ending = /"checksum": "crc32:([0-9a-f]{8})"\n\}\n$/;

function withDigits(text: string, digits: string): string {
  return text.replace(ending, (match) => match.replace(/[0-9a-f]{8}/, digits));
}

function parse(bytes: Uint8Array): Manifest {
  if (bytes.length > manifestBytesMax) throw new MalformedBytes('is too large to be a manifest.');
  let text: string;
  try {
    text = decodeUtf8(bytes);
  } catch {
    throw new MalformedBytes('is damaged: it is no UTF-8.');
  }
  const digits = ending.exec(text)?.[1];
  if (digits === undefined)
    throw new MalformedBytes('is cut off or no manifest of Sluice: it does not end with a checksum.');
  const expected = crc32(encodeUtf8(withDigits(text, NO_DIGITS)))
    .toString(16)
    .padStart(8, '0');
  const json = parseJson(text);
  if (digits !== expected)
    throw new MalformedBytes('is damaged or was edited: its checksum does not match its content.');
  const fields = new Fields(json, 'the manifest');
  const formatVersion = fields.count('formatVersion');
  if (formatVersion !== MANIFEST_FORMAT_VERSION && formatVersion !== LAYERED_FORMAT_VERSION) {
    throw new MalformedBytes(
      `has format version ${formatVersion}, written by Sluice ${fields.text('sluiceVersion')}; this version of Sluice reads ${MANIFEST_FORMAT_VERSION} and ${LAYERED_FORMAT_VERSION}.`,
    );
  }
  return manifestIn(fields, formatVersion);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MalformedBytes('is damaged: it is no JSON.');
  }
}

function manifestIn(fields: Fields, formatVersion: number): Manifest {
  const manifest: Manifest = {
    formatVersion,
    sluiceVersion: fields.text('sluiceVersion'),
    job: fields.text('job'),
    fingerprint: fields.text('fingerprint'),
    kind: fields.oneOf('kind', ['checkpoint', 'savepoint']),
    checkpointId: fields.count('checkpointId'),
    runId: fields.text('runId'),
    parent: fields.object('parent', (parent) => ({
      runId: parent.text('runId'),
      checkpointId: parent.count('checkpointId'),
    })),
    trigger: fields.oneOf('trigger', ['periodic', 'user', 'stop', 'final', 'restore']),
    stopped: fields.boolean('stopped'),
    drained: fields.boolean('drained'),
    finished: fields.boolean('finished'),
    label: fields.textOrNull('label'),
    notes: fields.textOrNull('notes'),
    triggeredAt: fields.number('triggeredAt'),
    completedAt: fields.number('completedAt'),
    parallelism: fields.count('parallelism', 1, maxParallelismMax),
    maxParallelism: fields.count('maxParallelism', 1, maxParallelismMax),
    operators: fields.list('operators', (operator) => operatorIn(operator, formatVersion)),
    sources: fields.list('sources', positionIn),
  };
  unique(
    manifest.operators.map(({ uid }) => uid),
    'the operator',
  );
  unique(
    manifest.operators.flatMap(({ files }) => files.map(({ path }) => path)),
    'the file',
  );
  return manifest;
}

function operatorIn(fields: Fields, formatVersion: number): ManifestOperator {
  const operator: ManifestOperator = {
    uid: fields.text('uid'),
    name: fields.text('name'),
    type: fields.text('type'),
    parallelism: fields.count('parallelism', 1, maxParallelismMax),
    maxParallelism: fields.count('maxParallelism', 1, maxParallelismMax),
    ...windowsIn(fields),
    states: fields.list('states', stateIn),
    files: fields.list('files', (file) => fileIn(file, formatVersion)),
  };
  unique(
    operator.states.map(({ name }) => name),
    `"${operator.uid}" with the state`,
  );
  unique(
    operator.files.map(({ subtaskIndex, layer = 0 }) =>
      layer === 0 ? String(subtaskIndex) : `${subtaskIndex}, layer ${layer},`,
    ),
    `"${operator.uid}" with a file of subtask`,
  );
  for (const { subtaskIndex, layer = 0 } of operator.files) {
    const isUnder = (file: ManifestFile) =>
      file.subtaskIndex === subtaskIndex && (file.layer ?? 0) === layer - 1;
    if (layer > 0 && !operator.files.some(isUnder))
      throw new MalformedBytes(
        `is damaged: the file of "${operator.uid}", subtask ${subtaskIndex}, layer ${layer}, stands on none.`,
      );
  }
  if (operator.files.some(({ subtaskIndex }) => subtaskIndex >= operator.parallelism)) {
    throw new MalformedBytes(
      `is damaged: a file of "${operator.uid}" belongs to a subtask that it does not have.`,
    );
  }
  return operator;
}

/** For people and comparisons; a restore does not look at it. */
function windowsIn(operator: Fields): Pick<ManifestOperator, 'windows'> {
  if (!operator.has('windows')) return {};
  const windows = operator.object('windows', (fields): WindowDescription => {
    const type = fields.oneOf('type', ['tumbling', 'sliding', 'session', 'global']);
    if (type === 'global') return { type };
    const latenessMs = fields.number('latenessMs');
    const ofTime = { time: fields.oneOf('time', ['event', 'processing']), latenessMs };
    if (type === 'session') return { type, ...ofTime };
    const grid = { sizeMs: fields.number('sizeMs'), offsetMs: fields.number('offsetMs') };
    if (type === 'tumbling') return { type, ...grid, ...ofTime };
    return { type, slideMs: fields.number('slideMs'), ...grid, ...ofTime };
  });
  return windows === null ? {} : { windows };
}

function stateIn(fields: Fields): ManifestState {
  return {
    name: fields.text('name'),
    type: fields.oneOf('type', stateTypes),
    schemaVersion: fields.count('schemaVersion'),
    keys: fields.count('keys'),
    bytes: fields.count('bytes'),
  };
}

function fileIn(fields: Fields, formatVersion: number): ManifestFile {
  const path = fields.text('path');
  if (!isInnerPath(path))
    throw new MalformedBytes(`names a file outside of its directory: ${JSON.stringify(path)}.`);
  const sha256 = fields.text('sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new MalformedBytes(`is damaged: the SHA-256 of ${path} is none.`);
  const file = { path, bytes: fields.count('bytes'), sha256, subtaskIndex: fields.count('subtaskIndex') };
  if (formatVersion === MANIFEST_FORMAT_VERSION || !fields.has('layer')) return file;
  return { ...file, layer: fields.count('layer', 1, layersMax) };
}

function positionIn(fields: Fields): ManifestPosition {
  return {
    operator: fields.text('operator'),
    split: fields.text('split'),
    offset: fields.count('offset'),
    watermark: fields.numberOrNull('watermark'),
  };
}

/** The same properties in the order in which they are printed, and nothing else. */
function inOrder(manifest: Manifest): Manifest {
  const {
    formatVersion,
    sluiceVersion,
    job,
    fingerprint,
    kind,
    checkpointId,
    runId,
    parent,
    trigger,
    stopped,
    drained,
    finished,
  } = manifest;
  const { label, notes, triggeredAt, completedAt, parallelism, maxParallelism } = manifest;
  return {
    formatVersion,
    sluiceVersion,
    job,
    label,
    notes,
    kind,
    trigger,
    checkpointId,
    runId,
    parent: parent === null ? null : { runId: parent.runId, checkpointId: parent.checkpointId },
    triggeredAt,
    completedAt,
    stopped,
    drained,
    finished,
    fingerprint,
    parallelism,
    maxParallelism,
    operators: manifest.operators.map((operator) => ({
      uid: operator.uid,
      name: operator.name,
      type: operator.type,
      parallelism: operator.parallelism,
      maxParallelism: operator.maxParallelism,
      ...(operator.windows === undefined ? {} : { windows: windowsInOrder(operator.windows) }),
      states: operator.states.map(({ name, type, schemaVersion, keys, bytes }) => ({
        name,
        type,
        schemaVersion,
        keys,
        bytes,
      })),
      files: operator.files.map(({ path, bytes, sha256, subtaskIndex, layer = 0 }) => ({
        path,
        bytes,
        sha256,
        subtaskIndex,
        ...(layer > 0 ? { layer } : {}),
      })),
    })),
    // A watermark before the first or after the last one is no number in JSON; it stands as null.
    sources: manifest.sources.map(({ operator, split, offset, watermark }) => ({
      operator,
      split,
      offset,
      watermark,
    })),
  };
}

function windowsInOrder(windows: WindowDescription): WindowDescription {
  if (windows.type === 'global') return { type: windows.type };
  const { time, latenessMs } = windows;
  if (windows.type === 'session') return { type: windows.type, time, latenessMs };
  const { sizeMs, offsetMs } = windows;
  if (windows.type === 'tumbling') return { type: windows.type, time, sizeMs, offsetMs, latenessMs };
  return { type: windows.type, time, sizeMs, slideMs: windows.slideMs, offsetMs, latenessMs };
}

function unique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new MalformedBytes(`is damaged: it lists ${what} ${name} twice.`);
    seen.add(name);
  }
}

/** The properties of one object, each taken with its type or not at all. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new MalformedBytes(`is damaged: ${where} is no object.`);
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#where = where;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  text(name: string): string {
    const value = this.#get(name);
    return typeof value === 'string' ? value : this.#refuse(name, 'a text');
  }

  textOrNull(name: string): string | null {
    return this.#get(name) === null ? null : this.text(name);
  }

  boolean(name: string): boolean {
    const value = this.#get(name);
    return typeof value === 'boolean' ? value : this.#refuse(name, 'true or false');
  }

  number(name: string): number {
    const value = this.#get(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.#refuse(name, 'a number');
  }

  numberOrNull(name: string): number | null {
    return this.#get(name) === null ? null : this.number(name);
  }

  count(name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.#get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
      ? value
      : this.#refuse(name, `a whole number from ${least} to ${most}`);
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    const value = this.#get(name);
    return values.find((candidate) => candidate === value) ?? this.#refuse(name, values.join(' or '));
  }

  object<T>(name: string, read: (fields: Fields) => T): T | null {
    const value = this.#get(name);
    return value === null ? null : read(new Fields(value, `${this.#where}'s ${name}`));
  }

  list<T>(name: string, read: (fields: Fields) => T): readonly T[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) return this.#refuse(name, 'a list');
    return value.map((element, i) => read(new Fields(element, `${name}[${i}]`)));
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  #refuse(name: string, expected: string): never {
    throw new MalformedBytes(`is damaged: ${name} of ${this.#where} is not ${expected}.`);
  }
}
