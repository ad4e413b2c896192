/**
 * Bytes that no writer of ours has written. Whoever knows the file says which one it is: `SnapshotDamage` is made of it.
 */
export class MalformedBytes extends Error {
  override name = 'MalformedBytes';
}
