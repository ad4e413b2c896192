/** `sluice savepoint export` and `import`: a savepoint as one file. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { SnapshotDamage } from '../../checkpoint/storage.ts';
import { createDataDirectory } from '../dataDirectory.ts';
import { archiveExtension, exportSavepoint, importSavepoint } from '../savepointArchive.ts';
import { snapshotIdOf, summaryOf } from '../savepointShelf.ts';
import { CliError, exitCodes } from './cliError.ts';
import { type CommonOptions, commandContext } from './commonOptions.ts';
import { bytesText, countText } from './output.ts';
import { findSnapshot } from './savepoints.ts';

export async function exportToFile(
  id: string,
  file: string | undefined,
  options: CommonOptions,
): Promise<void> {
  const context = commandContext(options);
  const point = findSnapshot(context, id);
  if (point.manifest.kind !== 'savepoint')
    throw new CliError(
      exitCodes.wrongUsage,
      'A checkpoint belongs to Sluice and may stand on files of others; take a savepoint and export that.',
    );
  const name = file ?? `${basename(snapshotIdOf(context.data, point.directory))}${archiveExtension}`;
  const target = resolve(context.workingDirectory, name);
  if (existsSync(target))
    throw new CliError(exitCodes.wrongUsage, `${name} is there already; name another file.`);
  const bytes = await told('Nothing was exported', () => exportSavepoint(point, target));
  context.output.tell(
    { type: 'exported', savepoint: id, file: target, bytes },
    `${name}: ${bytesText(bytes)}. Add it elsewhere with: sluice savepoint import ${name}`,
  );
}

export async function importFromFile(file: string, options: CommonOptions): Promise<void> {
  const context = commandContext(options);
  const source = resolve(context.workingDirectory, file);
  if (!existsSync(source)) throw new CliError(exitCodes.notFound, `There is no file ${file}.`);
  const data = createDataDirectory(context.data.root);
  const summary = summaryOf(data, await told('Nothing was imported', () => importSavepoint(data, source)));
  context.output.tell(
    { type: 'savepoint', ...summary },
    `${summary.id}: ${bytesText(summary.bytes)}, ${countText(summary.keys)} keys, of ${summary.job}.`,
  );
}

async function told<T>(outcome: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SnapshotDamage)) throw error;
    throw new CliError(exitCodes.notCompatible, `${outcome}: ${error.message}.`);
  }
}
