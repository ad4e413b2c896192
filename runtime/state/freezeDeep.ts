/**
 * Freezes a value through and through. A value that was put on disk is no longer the state; whoever kept a reference to it
 * and changes it in place is told so by a TypeError of the language, instead of losing the change. Maps, sets, dates and
 * binary data cannot be frozen. The value has no circles: it could be encoded.
 */
export function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return;
  Object.freeze(value);
  for (const part of Array.isArray(value) ? value : Object.values(value))
    if (typeof part === 'object') freezeDeep(part);
}

/** There is nothing in it that cannot be frozen. */
export function canFreeze(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (!isPlain(value)) return false;
  return (Array.isArray(value) ? value : Object.values(value)).every(canFreeze);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
