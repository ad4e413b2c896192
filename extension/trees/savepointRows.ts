/** Savepoints, newest first, and whatever looks like one but cannot be read: shown, never hidden. */
import type { DamagedSavepoint, SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import { bytesText, countText, roughAgeText } from '../words/numbers.ts';
import type { Say } from '../words/say.ts';
import { plain, type Row, type SnapshotRef } from './row.ts';

/** What lies on one workspace folder's shelf. */
export interface Shelf {
  readonly folder: string;
  readonly folderName: string;
  readonly savepoints: readonly SavepointSummary[];
  readonly damaged: readonly DamagedSavepoint[];
}

export interface SavepointRowsInput {
  readonly shelves: readonly Shelf[];
  /** The one that was chosen to be compared with another. */
  readonly compareFrom: SnapshotRef | null;
  readonly now: number;
}

export function savepointRows({ shelves, compareFrom, now }: SavepointRowsInput, say: Say): readonly Row[] {
  const filled = shelves.filter(({ savepoints, damaged }) => savepoints.length + damaged.length > 0);
  const jobs = new Set(filled.flatMap(({ savepoints }) => savepoints.map(({ job }) => job)));
  const several = { folders: filled.length > 1, jobs: jobs.size > 1 };
  return shelves.flatMap((shelf) => [
    ...[...shelf.savepoints]
      .sort((a, b) => b.createdAt - a.createdAt)
      .map((savepoint) => savepointRow(shelf, savepoint, several, compareFrom, now, say)),
    ...shelf.damaged.map((damaged) => damagedRow(shelf, damaged, say)),
  ]);
}

export function snapshotRef(folder: string, savepoint: SavepointSummary): SnapshotRef {
  const { id, job, kind, label, checkpointId, path } = savepoint;
  return { folder, id, job, kind, name: label ?? `#${checkpointId}`, path };
}

function savepointRow(
  shelf: Shelf,
  savepoint: SavepointSummary,
  several: { readonly folders: boolean; readonly jobs: boolean },
  compareFrom: SnapshotRef | null,
  now: number,
  say: Say,
): Row {
  const { job, checkpointId, label, notes, createdAt, bytes, keys, parallelism, stopped, drained, path } =
    savepoint;
  const isSelected =
    compareFrom !== null && compareFrom.folder === shelf.folder && compareFrom.id === savepoint.id;
  return {
    id: `${shelf.folder}#${savepoint.id}`,
    label: label ?? `#${checkpointId}`,
    description: [
      isSelected ? say('selected for compare') : null,
      say('{0} ago', roughAgeText(now - createdAt)),
      bytesText(bytes),
      several.jobs ? job : null,
      several.folders ? shelf.folderName : null,
    ]
      .filter((part) => part !== null)
      .join(' · '),
    tooltip: [
      `**${plain(label ?? `#${checkpointId}`)}** · ${plain(job)}`,
      ...(notes === null ? [] : [plain(notes)]),
      say('Checkpoint #{0}, parallelism {1}', checkpointId, parallelism),
      say('{0} keys, {1}', countText(keys), bytesText(bytes)),
      ...(drained
        ? [say('The job was drained and stopped with it.')]
        : stopped
          ? [say('The job was stopped with it.')]
          : []),
      plain(path),
    ].join('\n\n'),
    icon: isSelected ? 'git-compare' : 'bookmark',
    color: 'charts.purple',
    context: isSelected ? 'sluice.savepoint.selected' : 'sluice.savepoint',
    subject: { kind: 'savepoint', snapshot: snapshotRef(shelf.folder, savepoint) },
    children: [],
    branch: null,
  };
}

function damagedRow({ folder }: Shelf, { path, message }: DamagedSavepoint, say: Say): Row {
  return {
    id: `${folder}#${path}`,
    label: path.split(/[\\/]/).at(-1) ?? path,
    description: say('cannot be read'),
    tooltip: `${plain(message)}\n\n${plain(path)}`,
    icon: 'error',
    color: 'charts.red',
    context: 'sluice.damaged',
    subject: { kind: 'damaged', path },
    children: [],
    branch: null,
  };
}
