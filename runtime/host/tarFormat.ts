/**
 * As much of the tar format as one archive of plain files needs (POSIX ustar, with a pax header for a long name), so that any
 * tar opens what we write. An archive is entries: a header of 512 bytes, the content, zeros up to the next 512; two blocks
 * of zeros end it. Only plain files are read: a link or a device has no business in a savepoint.
 */
import { Buffer } from 'node:buffer';

export const blockBytes = 512;
/** Of a pax header: a path, and little else. */
export const paxBytesMax = 8_192;

export type TarHeader =
  | { readonly type: 'file' | 'pax'; readonly name: string; readonly bytes: number }
  | { readonly type: 'end' }
  | { readonly type: 'bad'; readonly problem: string };

/** The header of a plain file, with a pax header before it when its name is too long for one. */
export function tarHeader(name: string, bytes: number, modifiedAt: number): Buffer {
  const encoded = Buffer.from(name);
  if (encoded.length <= nameBytes) return ustar(encoded, bytes, modifiedAt, '0');
  const record = paxRecord('path', name);
  return Buffer.concat([
    ustar(Buffer.from('long-name'), record.length, modifiedAt, 'x'),
    record,
    tarPadding(record.length),
    ustar(encoded.subarray(0, nameBytes), bytes, modifiedAt, '0'),
  ]);
}

export const tarPadding = (bytes: number): Buffer =>
  Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);

export const tarEnd = (): Buffer => Buffer.alloc(2 * blockBytes);

export function readTarHeader(block: Buffer): TarHeader {
  if (block.every((byte) => byte === 0)) return { type: 'end' };
  if (block.toString('latin1', 257, 262) !== 'ustar') return bad('is no tar archive');
  if (octal(block, 148, 8) !== checksum(block)) return bad('has a damaged header');
  const bytes = octal(block, 124, 12);
  if (bytes === null) return bad('has an entry whose length cannot be read');
  const prefix = text(block, 345, 155);
  const own = text(block, 0, nameBytes);
  const name = prefix === '' ? own : `${prefix}/${own}`;
  const type = block.toString('latin1', 156, 157);
  if (type === '0' || type === '\0') return { type: 'file', name, bytes };
  if (type === 'x') return { type: 'pax', name, bytes };
  return bad(`has an entry ${JSON.stringify(name)} that is no plain file`);
}

/** The name in the records of a pax header; null: it says nothing about it. */
export function paxPath(records: Buffer): string | null {
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at);
    const length = Number(records.toString('latin1', at, space));
    if (space < 0 || !Number.isInteger(length) || length <= space - at) return null;
    const [key, value] = splitOnce(records.toString('utf8', space + 1, at + length - 1));
    if (key === 'path') return value;
    at += length;
  }
  return null;
}

const nameBytes = 100;

function ustar(name: Buffer, bytes: number, modifiedAt: number, type: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  name.copy(block, 0);
  block.write('0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  writeSize(block, bytes);
  block.write(
    `${Math.floor(modifiedAt / 1_000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
    'latin1',
  );
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Octal up to 8 GiB, beyond that in binary, as GNU and POSIX readers both take it. */
function writeSize(block: Buffer, bytes: number): void {
  if (bytes < 8 ** 11) {
    block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(bytes), 128);
}

function octal(block: Buffer, at: number, length: number): number | null {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    const value = Number(block.readBigUInt64BE(at + length - 8));
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = text(block, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null;
}

/** Of all bytes, its own eight taken for spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Its length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function splitOnce(record: string): readonly [key: string, value: string] {
  const at = record.indexOf('=');
  return [record.slice(0, at), record.slice(at + 1)];
}

const bad = (problem: string): TarHeader => ({ type: 'bad', problem });
