/** `sluice savepoint …`: the shelf of savepoints, read straight from the disk; only `take` and `restore` need a running job. */

import { existsSync } from 'node:fs';
import type { SnapshotPoint } from '../../checkpoint/lineage.ts';
import { SnapshotDamage } from '../../checkpoint/storage.ts';
import { savepointDetails } from '../../server/savepointInfo.ts';
import { checkRestore, consentProblem } from '../checkRestore.ts';
import { snapshotDirectory } from '../dataDirectory.ts';
import { namedSnapshot } from '../namedSnapshot.ts';
import { snapshotsOf } from '../prepareJob.ts';
import {
  deleteSavepoint as deleteFromShelf,
  relabel,
  savepointsOnShelf,
  snapshotIdOf,
  summaryOf,
} from '../savepointShelf.ts';
import { Utility } from '../utility.ts';
import { CliError, exitCodes } from './cliError.ts';
import {
  type CommandContext,
  type CommonOptions,
  commandContext,
  findRunningJob,
  withClient,
} from './commonOptions.ts';
import { bytesText, countText, table, timeText } from './output.ts';
import { planOnly } from './plan.ts';
import { preflightLines } from './preflightText.ts';

export async function takeSavepoint(
  job: string | undefined,
  options: CommonOptions & { readonly label?: string; readonly notes?: string },
): Promise<void> {
  const context = commandContext(options);
  const running = findRunningJob(context, job);
  const { savepoint } = await withClient(running, (client) =>
    client.request('savepoint/take', {
      ...(options.label === undefined ? {} : { label: options.label }),
      ...(options.notes === undefined ? {} : { notes: options.notes }),
    }),
  );
  context.output.tell(
    { type: 'savepoint', ...savepoint },
    `${savepoint.id}: ${bytesText(savepoint.bytes)}, ${countText(savepoint.keys)} keys.`,
  );
}

export async function listSavepoints(options: CommonOptions): Promise<void> {
  const { output, data } = commandContext(options);
  const { snapshots, damaged } = savepointsOnShelf(data);
  const summaries = snapshots.map((snapshot) => summaryOf(data, snapshot));
  if (output.json) {
    for (const summary of summaries) output.tell({ type: 'savepoint', ...summary });
    for (const found of damaged) output.tell({ type: 'damaged-savepoint', ...found });
    return;
  }
  if (summaries.length === 0) output.say(`There are no savepoints in ${data.root}.`);
  else {
    const rows = summaries.map((summary) => [
      summary.id,
      summary.label ?? '',
      summary.job,
      timeText(summary.createdAt),
      countText(summary.keys),
      bytesText(summary.bytes),
      String(summary.parallelism),
    ]);
    for (const line of table(['savepoint', 'label', 'job', 'taken', 'keys', 'size', 'parallelism'], rows))
      output.say(line);
  }
  for (const { message } of damaged) output.warn(`Damaged: ${message}`);
}

export async function showSavepoint(id: string, options: CommonOptions): Promise<void> {
  const context = commandContext(options);
  showSnapshot(context, findSnapshot(context, id));
}

export function showSnapshot({ output, data }: CommandContext, { manifest, directory }: SnapshotPoint): void {
  const details = savepointDetails(manifest, snapshotIdOf(data, directory), directory);
  if (output.json) {
    output.tell({ type: 'savepoint-details', ...details });
    return;
  }
  output.say(`${details.label ?? details.id}: ${details.kind} #${details.checkpointId} of ${details.job}`);
  output.say(
    `  taken ${timeText(details.createdAt)}, parallelism ${details.parallelism}, plan ${details.fingerprint}`,
  );
  output.say(`  ${bytesText(details.bytes)}, ${countText(details.keys)} keys, in ${directory}`);
  if (details.notes !== null) output.say(`  ${details.notes}`);
  const rows = details.operators.flatMap((operator) =>
    operator.states.map((state) => [
      operator.name,
      state.name,
      state.type,
      `v${state.schemaVersion}`,
      countText(state.keys),
      bytesText(state.bytes),
    ]),
  );
  if (rows.length > 0) {
    output.say('');
    for (const line of table(['operator', 'state', 'type', 'schema', 'entries', 'size'], rows))
      output.say(line);
  }
  if (details.sources.length > 0) {
    output.say('');
    const positions = details.sources.map(({ operator, split, offset }) => [
      operator,
      split,
      countText(offset),
    ]);
    for (const line of table(['source', 'split', 'records read'], positions)) output.say(line);
  }
}

export async function preflightSavepoint(
  id: string,
  pipeline: string,
  options: CommonOptions & { readonly parallelism?: number },
): Promise<void> {
  const context = commandContext(options);
  const { output, data, workingDirectory } = context;
  const point = findSnapshot(context, id);
  const parallelism = options.parallelism ?? null;
  const graph = await planOnly(pipeline, parallelism, (text) => output.warn(text));
  const utility = new Utility();
  try {
    const preflight = await checkRestore(utility, {
      graph,
      point,
      id: snapshotIdOf(data, point.directory),
      workingDirectory,
      parallelism,
      points: snapshotsOf(graph.name, data).points,
    });
    if (output.json) output.tell({ type: 'preflight', ...preflight });
    else for (const line of preflightLines(preflight)) output.say(line);
    const problem = consentProblem(preflight, point, { supersede: false, allowNonRestoredState: false });
    if (problem !== null) process.exitCode = problem.exitCode;
  } catch (error) {
    throw damageAsCliError(error);
  } finally {
    await utility.close();
  }
}

export async function restoreSavepoint(
  id: string,
  job: string | undefined,
  options: CommonOptions & {
    readonly parallelism?: number;
    readonly supersede: boolean;
    readonly allowNonRestoredState: boolean;
    readonly claim: boolean;
  },
): Promise<void> {
  const context = commandContext(options);
  const running = findRunningJob(context, job);
  const point = findSnapshot(context, id);
  const { job: restored } = await withClient(running, (client) =>
    client.request('savepoint/restore', {
      savepoint: point.directory,
      ...(options.parallelism === undefined ? {} : { parallelism: options.parallelism }),
      supersede: options.supersede,
      allowNonRestoredState: options.allowNonRestoredState,
      claim: options.claim,
    }),
  );
  const claimed = options.claim ? ' The savepoint is deleted when newer checkpoints have subsumed it.' : '';
  context.output.tell(
    { type: 'restored', job: restored },
    `${restored.name} goes on from ${id}, at parallelism ${restored.parallelism}.${claimed}`,
  );
}

export async function labelSavepoint(
  id: string,
  label: string | undefined,
  options: CommonOptions & { readonly notes?: string },
): Promise<void> {
  const context = commandContext(options);
  const snapshot = findSnapshot(context, id);
  if (snapshot.manifest.kind !== 'savepoint') {
    throw new CliError(
      exitCodes.wrongUsage,
      'A checkpoint belongs to Sluice and has no label; take a savepoint.',
    );
  }
  const changed = await relabel(snapshot, label ?? null, options.notes ?? snapshot.manifest.notes);
  const summary = summaryOf(context.data, changed);
  context.output.tell({ type: 'savepoint', ...summary }, `${summary.id}: ${summary.label ?? 'no label'}.`);
}

export async function deleteSavepoint(id: string, options: CommonOptions): Promise<void> {
  const context = commandContext(options);
  const { output, data, workingDirectory } = context;
  // Also one that cannot be read any more.
  const named = snapshotDirectory(data, id, { workingDirectory, allowed: [data.savepoints] });
  const directory = named !== null && existsSync(named) ? named : labelledDirectory(context, id);
  if (directory === null || !existsSync(directory) || !deleteFromShelf(data, directory))
    throw notFound(id, data.root);
  output.tell({ type: 'deleted', savepoint: id }, `${id} is deleted.`);
}

/** Only a label of one savepoint: what is deleted for good is never guessed. */
function labelledDirectory({ data }: CommandContext, label: string): string | null {
  const labelled = savepointsOnShelf(data).snapshots.filter(({ manifest }) => manifest.label === label);
  const [only, ...others] = labelled;
  if (only === undefined) return null;
  if (others.length === 0) return only.directory;
  const ids = labelled.map(({ directory }) => snapshotIdOf(data, directory)).join(', ');
  throw new CliError(
    exitCodes.wrongUsage,
    `${labelled.length} are called ${label}: name one by its id: ${ids}.`,
  );
}

/** A savepoint or checkpoint by its id, path or label, or `latest`. */
export function findSnapshot({ data, workingDirectory }: CommandContext, name: string): SnapshotPoint {
  try {
    const found = namedSnapshot(name, { data, workingDirectory, allowed: 'anywhere', job: null });
    if (found.type === 'found') return found.snapshot;
    if (found.type === 'ambiguous') throw new CliError(exitCodes.wrongUsage, found.problem);
  } catch (error) {
    throw damageAsCliError(error);
  }
  throw notFound(name, data.root);
}

export function damageAsCliError(error: unknown): unknown {
  return error instanceof SnapshotDamage ? new CliError(exitCodes.notCompatible, error.message) : error;
}

function notFound(id: string, root: string): CliError {
  return new CliError(
    exitCodes.notFound,
    `There is no savepoint ${id}; sluice savepoint list shows those of ${root}.`,
  );
}
