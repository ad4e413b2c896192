/** What the blocks of a snapshot hold, as plain data, with what must be true of every block checked on the way. */
import { expect } from 'vitest';
import { compareBytes } from '../../runtime/base/compareBytes.ts';
import { decodeKey } from '../../runtime/state/keyEncoding.ts';
import { keyGroupOf } from '../../runtime/state/keyGroups.ts';
import type { SnapshotCursor } from '../../runtime/state/snapshotCursor.ts';
import { entriesOf, type StateBlock } from '../../runtime/state/stateBlock.ts';
import { readWholeValue } from '../../runtime/state/valueReader.ts';

/** JSON of anything that tests use as key or value. */
export const json = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : Number.isNaN(part) ? 'NaN' : part,
  );

/** Where an entry stands: its state, key and sub key. */
export const place = (state: string, key: unknown, subKey: unknown = null): string =>
  `${state} ${json(key)} ${json(subKey)}`;

/** Place → JSON of the value; of a timer 'undefined'. Also checks the order, the key groups and the counts. */
export function contentOf(blocks: readonly StateBlock[], maxParallelism: number): Map<string, string> {
  const content = new Map<string, string>();
  let previous: { block: StateBlock; key: Uint8Array; subKey: Uint8Array } | null = null;
  for (const block of blocks) {
    let entries = 0;
    for (const { key, subKey, value } of entriesOf(block.bytes, block.state.type)) {
      expect(keyGroupOf(decodeKey(key), maxParallelism)).toBe(block.keyGroup);
      const sub = subKey ?? new Uint8Array(0);
      if (
        previous !== null &&
        previous.block.state === block.state &&
        previous.block.keyGroup === block.keyGroup
      ) {
        expect(compareBytes(previous.key, key) || compareBytes(previous.subKey, sub)).toBeLessThan(0);
      }
      previous = { block, key, subKey: sub };
      content.set(
        place(block.state.name, decodeKey(key), subKey === null ? null : decodeKey(subKey)),
        block.state.type === 'timers' ? 'undefined' : json(readWholeValue(value)),
      );
      entries++;
    }
    expect(entries).toBe(block.entries);
  }
  return content;
}

/** Writes one slice; answers whether there was one. */
export function writeSlice(cursor: SnapshotCursor, blocks: StateBlock[]): boolean {
  const slice = cursor.next();
  if (slice === null) return false;
  if (slice.block !== null) blocks.push(slice.block);
  return true;
}
