/**
 * UTF-8 by hand: `TextEncoder` belongs to browsers and Node, not to ECMAScript.
 *
 * Encoding never fails: a lone surrogate, which has no UTF-8, becomes U+FFFD as in every encoder of the platform. Two
 * different strings can so get the same bytes; who needs them apart asks `isWellFormed` first. Decoding is strict: what
 * an encoder could not have written (overlong forms, surrogates, cut sequences) is MalformedBytes, since it is damage.
 */
import { MalformedBytes } from './malformedBytes.ts';

/** The most bytes that a string of this many UTF-16 units can take. */
export const utf8BytesMax = (length: number): number => length * 3;

/** Writes `text` from `position` on, where there must be room, and answers the position after it. */
export function writeUtf8(target: Uint8Array, position: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit < 0x80) {
      target[position++] = unit;
      continue;
    }
    if (unit < 0x800) {
      target[position++] = 0xc0 | (unit >> 6);
      target[position++] = 0x80 | (unit & 0x3f);
      continue;
    }
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const low = unit <= 0xdbff && i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        const point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        target[position++] = 0xf0 | (point >> 18);
        target[position++] = 0x80 | ((point >> 12) & 0x3f);
        target[position++] = 0x80 | ((point >> 6) & 0x3f);
        target[position++] = 0x80 | (point & 0x3f);
        i++;
        continue;
      }
      unit = 0xfffd;
    }
    target[position++] = 0xe0 | (unit >> 12);
    target[position++] = 0x80 | ((unit >> 6) & 0x3f);
    target[position++] = 0x80 | (unit & 0x3f);
  }
  return position;
}

export function encodeUtf8(text: string): Uint8Array {
  const room = new Uint8Array(utf8BytesMax(text.length));
  return room.slice(0, writeUtf8(room, 0, text));
}

/** The string in bytes start … end-1. Throws MalformedBytes when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  const units: number[] = [];
  for (let i = start; i < end; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      units.push(lead);
      i++;
    } else {
      const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
      const point = codePoint(bytes, i, length, end);
      if (point > 0xffff)
        units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      else units.push(point);
      i += length;
    }
    // Long strings in portions: the arguments of one call live on the stack.
    if (units.length >= 4_096) {
      text += String.fromCharCode.apply(null, units);
      units.length = 0;
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

/** True when every surrogate has its other half, so that UTF-8 keeps the string as it is. */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff || i + 1 === text.length) return false;
    const low = text.charCodeAt(++i);
    if (low < 0xdc00 || low > 0xdfff) return false;
  }
  return true;
}

function codePoint(bytes: Uint8Array, position: number, length: number, end: number): number {
  const lead = bytes[position]!;
  if (lead < 0xc2 || lead > 0xf4) throw new MalformedBytes(`byte ${lead} starts no UTF-8 sequence`);
  if (position + length > end) throw new MalformedBytes('a UTF-8 sequence is cut off');
  let point = lead & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[position + i]!;
    if ((next & 0xc0) !== 0x80) throw new MalformedBytes(`byte ${next} continues no UTF-8 sequence`);
    point = (point << 6) | (next & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    throw new MalformedBytes(`U+${point.toString(16)} is not allowed in UTF-8 of ${length} bytes`);
  }
  return point;
}
