/**
 * A short, stable name for a text: FNV-1a with 64 bits over its UTF-16 code units, low byte first, as 16 hex digits.
 *
 * For fingerprints and derived names, never for spreading keys and never against somebody who looks for collisions:
 * two different plans fall together by accident once in billions. It is made of 16-bit limbs because the language's
 * 64-bit integers (BigInt) are slow and its numbers are exact to 53 bits only.
 */
export function textHash(text: string): string {
  // 0xcbf29ce484222325, lowest limb first.
  let a = 0x2325;
  let b = 0x8422;
  let c = 0x9ce4;
  let d = 0xcbf2;
  const mix = (byte: number): void => {
    a ^= byte;
    // Times the prime 2^40 + 0x1b3: the limbs move up by 40 = 2 · 16 + 8 bits, plus 0x1b3 times themselves.
    const a2 = a * 0x1b3;
    const b2 = b * 0x1b3;
    const c2 = c * 0x1b3 + ((a << 8) & 0xffff);
    const d2 = d * 0x1b3 + ((b << 8) & 0xffff) + (a >>> 8);
    const b3 = b2 + Math.floor(a2 / 0x10000);
    const c3 = c2 + Math.floor(b3 / 0x10000);
    const d3 = d2 + Math.floor(c3 / 0x10000);
    a = a2 & 0xffff;
    b = b3 & 0xffff;
    c = c3 & 0xffff;
    d = d3 & 0xffff;
  };
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    mix(unit & 0xff);
    mix(unit >>> 8);
  }
  return [d, c, b, a].map((limb) => limb.toString(16).padStart(4, '0')).join('');
}
