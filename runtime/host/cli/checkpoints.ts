/** `sluice checkpoint …`: the completed checkpoints that are kept on the disk. */
import { modeText } from '../../checkpoint/checkpointMode.ts';
import type { SnapshotPoint } from '../../checkpoint/lineage.ts';
import { checkpointsOnShelf, jobsOnShelf, summaryOf } from '../savepointShelf.ts';
import { CliError, exitCodes } from './cliError.ts';
import {
  type CommandContext,
  type CommonOptions,
  commandContext,
  findRunningJob,
  withClient,
} from './commonOptions.ts';
import { bytesText, countText, table, timeText } from './output.ts';
import { findSnapshot, showSnapshot } from './savepoints.ts';

export async function listCheckpoints(job: string | undefined, options: CommonOptions): Promise<void> {
  const { output, data } = commandContext(options);
  const jobs = job === undefined ? jobsOnShelf(data) : [job];
  const shelves = jobs.map((name) => checkpointsOnShelf(data, name));
  const summaries = shelves.flatMap(({ snapshots }) =>
    snapshots.map((snapshot) => summaryOf(data, snapshot)),
  );
  const damaged = shelves.flatMap((shelf) => shelf.damaged);
  if (output.json) {
    for (const summary of summaries) output.tell({ type: 'checkpoint', ...summary });
    for (const found of damaged) output.tell({ type: 'damaged-checkpoint', ...found });
    return;
  }
  if (summaries.length === 0) output.say(`There are no checkpoints in ${data.root}.`);
  else {
    const rows = summaries.map((summary) => [
      summary.job,
      String(summary.checkpointId),
      timeText(summary.createdAt),
      countText(summary.keys),
      bytesText(summary.bytes),
      summary.path,
    ]);
    for (const line of table(['job', 'id', 'completed', 'keys', 'size', 'path'], rows)) output.say(line);
  }
  for (const { message } of damaged) output.warn(`Damaged: ${message}`);
}

export async function showCheckpoint(
  id: string,
  job: string | undefined,
  options: CommonOptions,
): Promise<void> {
  const context = commandContext(options);
  showSnapshot(context, /^\d+$/.test(id) ? numbered(context, Number(id), job) : findSnapshot(context, id));
}

/** A running job's checkpoints cross the graph in another way from here on. */
export async function switchCheckpointMode(
  mode: 'aligned' | 'unaligned' | 'at-least-once',
  job: string | undefined,
  options: CommonOptions & { readonly alignedTimeout?: number },
): Promise<void> {
  const context = commandContext(options);
  const running = findRunningJob(context, job);
  const { checkpointConfig } = await withClient(running, (client) =>
    client.request('checkpoint/configure', {
      mode: mode === 'at-least-once' ? mode : 'exactly-once',
      unaligned: mode === 'unaligned',
      alignedTimeoutMs: options.alignedTimeout ?? 0,
    }),
  );
  context.output.tell(
    { type: 'checkpoint-mode', job: running.job, checkpoints: checkpointConfig },
    `The checkpoints of ${running.job} are ${modeText(checkpointConfig)} from now on, until this run ends.`,
  );
}

function numbered({ data }: CommandContext, id: number, job: string | undefined): SnapshotPoint {
  const jobs = job === undefined ? jobsOnShelf(data) : [job];
  const found = jobs.flatMap((name) =>
    checkpointsOnShelf(data, name).snapshots.filter(({ manifest }) => manifest.checkpointId === id),
  );
  const [only, ...others] = found;
  if (only === undefined)
    throw new CliError(
      exitCodes.notFound,
      `There is no checkpoint ${id} in ${data.root}; it may have been subsumed.`,
    );
  if (others.length > 0)
    throw new CliError(exitCodes.wrongUsage, `Several jobs have a checkpoint ${id}; name the job.`);
  return only;
}
