/**
 * The frame of a data file, which writer and reader share (docs/savepoint-format.md):
 *
 *   magic (8) | block, CRC-32 (4) | block, CRC-32 | … | footer, CRC-32 (4) | footer's length (4) | end mark (8)
 *
 * The blocks follow each other without gaps, and the footer lists where each begins: so every byte is either under a
 * checksum or compared with what it must be.
 *
 * A file is complete by itself (version 1), or a layer (version 2): it stands on older files of its operator and subtask, says
 * what has changed since, and is complete for some key groups only, which its footer names.
 */
import type { StateType } from '../state/declarations.ts';

/** "SLUICE", 44 for data; the format version follows. */
export const fileMagic = Uint8Array.of(0x53, 0x4c, 0x55, 0x49, 0x43, 0x45, 0x44);
export const fileVersions = { complete: 1, layer: 2 } as const;
export const headBytes = 8;
/** "ENDSLUIC". A layer ends otherwise, so that no single changed byte makes a file one of the other version. */
export const endMark = Uint8Array.of(0x45, 0x4e, 0x44, 0x53, 0x4c, 0x55, 0x49, 0x43);
/** "ENDLAYER" */
export const layerEndMark = Uint8Array.of(0x45, 0x4e, 0x44, 0x4c, 0x41, 0x59, 0x45, 0x52);
export const checksumBytes = 4;
/** Footer's checksum, its length, the end mark. */
export const trailerBytes = 16;

/** The byte that stands for a type is its index here. Only ever appended to. */
export const stateTypes = [
  'value',
  'list',
  'map',
  'reducing',
  'aggregating',
  'timers',
  'operator-list',
  'operator-union',
  'operator-broadcast',
  'in-flight',
] as const satisfies readonly StateType[];
