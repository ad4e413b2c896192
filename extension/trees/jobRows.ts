/** Jobs with their vertices: what each is doing, as fast as it goes. */
import type { VertexInfo } from '../../runtime/protocol/graph.ts';
import type { SubtaskSample } from '../../runtime/protocol/telemetry.ts';
import { type JobFacts, lastCompleted } from '../job/facts.ts';
import { doingIcons, doingOf, doingText, isOver, type JobView } from '../job/jobView.ts';
import { ageText, countText, rateText, shareText } from '../words/numbers.ts';
import type { Say } from '../words/say.ts';
import { plain, type Row } from './row.ts';

export function jobRows(jobs: readonly JobView[], now: number, say: Say): readonly Row[] {
  return jobs.map((job) => jobRow(job, now, say));
}

function jobRow(job: JobView, now: number, say: Say): Row {
  const doing = doingOf(job);
  const [icon, color] = doingIcons[doing];
  const { facts } = job;
  const uptime =
    facts !== null && job.isLive ? ageText(now + facts.clockAheadMs - facts.job.startedAt) : null;
  const parallelism = facts === null ? null : say('parallelism {0}', facts.job.parallelism);
  return {
    id: job.file,
    label: job.name,
    description: [doingText(doing, say), uptime, parallelism].filter((part) => part !== null).join(' · '),
    tooltip: tooltipOf(job, now, say),
    icon,
    color,
    context: [
      'sluice.job',
      isOver(job) ? 'over' : doing === 'crashed' ? 'crashed' : job.isLive ? 'live' : 'busy',
    ].join('.'),
    subject: { kind: 'job', file: job.file },
    children:
      facts === null || isOver(job)
        ? []
        : facts.graph.vertices.map((vertex) => vertexRow(job, vertex, facts, say)),
    branch: isOver(job) ? null : 'expanded',
  };
}

function tooltipOf(job: JobView, now: number, say: Say): string {
  const { facts, state } = job;
  const lines = [`**${plain(job.name)}** · ${doingText(doingOf(job), say)}`, plain(job.file)];
  const reason =
    state.phase === 'ended' && state.outcome.type === 'failed'
      ? state.outcome.failure.message
      : (facts?.job.reason ?? null);
  if (reason !== null) lines.push(plain(reason));
  if (facts !== null) {
    const last = lastCompleted(facts);
    if (last?.completedAt != null) {
      lines.push(
        say('Last checkpoint: #{0}, {1} ago', last.id, ageText(now + facts.clockAheadMs - last.completedAt)),
      );
    }
    const from = facts.job.restoredFrom;
    if (from !== null) lines.push(say('Restored from {0}', plain(from.label ?? `#${from.checkpointId}`)));
    for (const stall of facts.stalls) lines.push(plain(stall.hops.at(-1)?.text ?? ''));
  }
  return lines.join('\n\n');
}

function vertexRow({ file, isLive }: JobView, vertex: VertexInfo, facts: JobFacts, say: Say): Row {
  // What was measured before the connection was lost is not how it is now.
  const samples = isLive ? samplesOf(vertex, facts) : [];
  const rate = sum(samples, vertex.role === 'source' ? 'recordsOutPerSecond' : 'recordsInPerSecond');
  const busy = max(samples, 'busy');
  const backpressured = max(samples, 'backpressured');
  const isStalled = isLive && facts.stalls.some(({ hops }) => hops.at(-1)?.subtask.vertex === vertex.id);
  const location = vertex.operators.find((operator) => operator.location !== null)?.location ?? null;
  const icons = { source: 'arrow-right', operator: 'circle-outline', sink: 'inbox' } as const;
  return {
    id: `${file}#${vertex.id}`,
    label: vertex.name,
    description: [rateText(rate), busy === null ? null : say('busy {0}', shareText(busy))]
      .filter((part) => part !== null)
      .join(' · '),
    tooltip: [
      `**${plain(vertex.name)}** · ${say('parallelism {0}', vertex.parallelism)}`,
      say(
        '{0} records in, {1} out',
        countText(sum(samples, 'recordsIn')),
        countText(sum(samples, 'recordsOut')),
      ),
      say('busy {0}, backpressured {1}', shareText(busy), shareText(backpressured)),
      ...vertex.operators.map((operator) => plain(`${operator.name} (${operator.uid})`)),
    ].join('\n\n'),
    icon: isStalled ? 'warning' : icons[vertex.role],
    color: isStalled ? 'charts.yellow' : null,
    context: location === null ? 'sluice.vertex' : 'sluice.vertex.source',
    subject: { kind: 'vertex', file, location },
    children: [],
    branch: null,
  };
}

/** Of all its subtasks, or of none: a part of a sum would be a wrong number. */
function samplesOf({ id, parallelism }: VertexInfo, { subtasks }: JobFacts): readonly SubtaskSample[] {
  const samples = Array.from({ length: parallelism }, (_, index) => subtasks.get(`${id}[${index}]`));
  return samples.every((sample) => sample !== undefined) ? samples : [];
}

type Numeric =
  | 'recordsIn'
  | 'recordsOut'
  | 'recordsInPerSecond'
  | 'recordsOutPerSecond'
  | 'busy'
  | 'backpressured';

/** Known only when every subtask's share of it is known. */
function sum(samples: readonly SubtaskSample[], field: Numeric): number | null {
  const values = valuesOf(samples, field);
  return values === null ? null : values.reduce((total, value) => total + value, 0);
}

function max(samples: readonly SubtaskSample[], field: Numeric): number | null {
  const values = valuesOf(samples, field);
  return values === null ? null : Math.max(...values);
}

function valuesOf(samples: readonly SubtaskSample[], field: Numeric): number[] | null {
  const values = samples.map((sample) => sample[field]);
  return values.length > 0 && values.every((value) => value !== null) ? values : null;
}
