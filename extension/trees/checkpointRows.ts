/** The checkpoints of the running jobs, newest first; with one job they stand alone, with several below their job. */
import type { CheckpointSummary } from '../../runtime/protocol/checkpoints.ts';
import type { JobView } from '../job/jobView.ts';
import { ageText, bytesText, durationText } from '../words/numbers.ts';
import type { Say } from '../words/say.ts';
import { plain, type Row } from './row.ts';

const rowsMax = 20;

export function checkpointRows(jobs: readonly JobView[], now: number, say: Say): readonly Row[] {
  const withFacts = jobs.filter((job) => job.facts !== null && job.facts.checkpoints.length > 0);
  if (withFacts.length <= 1) return withFacts.flatMap((job) => rowsOf(job, now, say));
  return withFacts.map((job) => ({
    id: `checkpoints:${job.file}`,
    label: job.name,
    description: '',
    tooltip: plain(job.file),
    icon: 'history',
    color: null,
    context: 'sluice.checkpoints',
    subject: { kind: 'job', file: job.file },
    children: rowsOf(job, now, say),
    branch: 'expanded',
  }));
}

function rowsOf(job: JobView, now: number, say: Say): readonly Row[] {
  const { facts } = job;
  if (facts === null) return [];
  return facts.checkpoints
    .slice(0, rowsMax)
    .map((checkpoint) => checkpointRow(job, checkpoint, now + facts.clockAheadMs, say));
}

function checkpointRow(job: JobView, checkpoint: CheckpointSummary, now: number, say: Say): Row {
  const { id, kind, status, path } = checkpoint;
  const [icon, color] = iconOf(checkpoint);
  const snapshot =
    status === 'completed' && path !== null
      ? {
          folder: job.folder,
          id: path,
          job: job.facts?.job.name ?? job.name,
          kind,
          name: checkpoint.label ?? `#${id}`,
          path,
        }
      : null;
  return {
    id: `${job.file}#${id}`,
    label: checkpoint.label === null ? `#${id}` : `#${id} ${checkpoint.label}`,
    description: describe(checkpoint, now, say),
    tooltip: tooltipOf(checkpoint, say),
    icon,
    color,
    context: ['sluice.checkpoint', status, snapshot === null ? null : 'restorable']
      .filter((part) => part !== null)
      .join('.'),
    subject: { kind: 'checkpoint', file: job.file, checkpoint: id, snapshot },
    children: [],
    branch: null,
  };
}

function describe(
  { status, durationMs, fullBytes, acknowledged, tasks, triggeredAt, failure }: CheckpointSummary,
  now: number,
  say: Say,
): string {
  const age = say('{0} ago', ageText(now - triggeredAt));
  if (status === 'in-progress') return say('{0} of {1} acknowledged', acknowledged, tasks);
  if (status === 'failed') return [failure?.reason ?? say('failed'), age].join(' · ');
  return [durationText(durationMs), bytesText(fullBytes), age].join(' · ');
}

function tooltipOf(
  { id, kind, status, durationMs, checkpointedBytes, fullBytes, unaligned, failure, path }: CheckpointSummary,
  say: Say,
): string {
  const lines = [
    `**#${id}** · ${kind === 'savepoint' ? say('savepoint') : say('checkpoint')}${unaligned ? ` · ${say('unaligned')}` : ''}`,
  ];
  if (status === 'completed') {
    lines.push(
      say(
        '{0} end to end, {1} checkpointed, {2} in full',
        durationText(durationMs),
        bytesText(checkpointedBytes),
        bytesText(fullBytes),
      ),
    );
    lines.push(
      path === null ? say('A newer one has taken its place; it can no longer be restored.') : plain(path),
    );
  }
  if (failure !== null) lines.push(plain(failure.message));
  return lines.join('\n\n');
}

function iconOf({ kind, status }: CheckpointSummary): readonly [string, string | null] {
  if (status === 'in-progress') return ['loading~spin', 'charts.purple'];
  if (status === 'failed') return ['error', 'charts.red'];
  return kind === 'savepoint' ? ['bookmark', 'charts.purple'] : ['pass', 'charts.green'];
}
