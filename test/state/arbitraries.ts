/** Keys and values that tests draw at random, and how they print bytes. */
import fc from 'fast-check';
import type { Key } from '../../runtime/state/declarations.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Any code point but a lone surrogate. fast-check's own unit for this, 'binary', takes a second to get ready. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));

const scalar = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u0001', 'é', '\uffff', '\ue000', '😀'), maxLength: 6 }),
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constant(null),
);

/** Well-formed keys of every type, with many that are nearly alike. */
export const arbitraryKey: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', '\0', 'é', '\uffff', '😀'), maxLength: 3 }),
      tie('key'),
      { maxKeys: 3 },
    ),
  ),
})).key;
