/** The end of every switch over a union: a member that was forgotten is a type error here, and a crash where types lied. */
export function unreachable(value: never): never {
  throw new Error(`This cannot be: ${JSON.stringify(value)}`);
}
