/** One checkpoint: its figures, its subtasks as Gantt or table, the statistics over them, and what failed if it did. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CheckpointDetails, SubtaskCheckpoint } from '../../runtime/protocol/checkpoints.ts';
import type { CheckpointConfig } from '../../runtime/protocol/job.ts';
import { checkpointSettings } from '../model/configuration.ts';
import * as format from '../model/format.ts';
import { type Gantt, ganttOf } from '../model/gantt.ts';
import { nameOf } from '../model/graphIndex.ts';
import { median, summarize } from '../model/statistics.ts';
import { gantt, phasesLegend, statusChip, strip } from './checkpointsPanel.ts';
import { isNarrow, type JobContext } from './context.ts';
import { button, iconButton } from './controls.ts';
import { crumbs } from './header.ts';
import { icon } from './icons.ts';
import { empty, figure, sectionHead } from './words.ts';

let shownAs: 'timeline' | 'table' = 'timeline';

export function checkpointPage(context: JobContext, id: number): TemplateResult {
  const { job, now, controller, state } = context;
  const checkpoint = job.checkpoints.find((known) => known.id === id);
  if (checkpoint === undefined)
    return html`${crumbs(context, [], html`<h1>Checkpoint ${id}</h1>`)}${empty(`Checkpoint ${id} is no longer among the last ${job.checkpoints.length}.`, button({ label: 'Back to the overview', onPress: () => controller.show({ kind: 'overview' }) }))}`;
  const shown = ganttOf(job, checkpoint, now);
  const at = job.checkpoints.indexOf(checkpoint);
  const go = (offset: number) => job.checkpoints[at + offset];
  const step = (label: string, offset: number, name: 'left' | 'right') => {
    const other = go(offset);
    return iconButton({
      label,
      icon: name,
      off: other === undefined ? 'there is none' : null,
      onPress: () => other !== undefined && controller.show({ kind: 'checkpoint', id: other.id }),
    });
  };
  const tools = html`${step('Older checkpoint', 1, 'left')}${step('Newer checkpoint', -1, 'right')}
    ${
      state.ui.pinnedCheckpoint === id
        ? button({
            label: 'Follow newest',
            icon: 'follow',
            size: 'small',
            onPress: () => {
              controller.ui({ pinnedCheckpoint: null });
              controller.show({ kind: 'overview' });
            },
          })
        : button({
            label: 'Pin',
            icon: 'pin',
            size: 'small',
            onPress: () => controller.ui({ pinnedCheckpoint: id }),
          })
    }`;
  const config = job.info.checkpointConfig;
  return html`${crumbs(context, [], html`<h1>${checkpoint.kind === 'savepoint' ? 'Savepoint' : 'Checkpoint'} ${id}</h1>${statusChip(checkpoint, shown)}<span class="muted">${checkpoint.unaligned ? 'unaligned' : 'aligned'}, ${config.mode}${checkpoint.label === null ? '' : `, “${checkpoint.label}”`}</span>`, tools)}
    ${figures(context, checkpoint)}
    ${checkpoint.failure === null ? nothing : html`<div class="band fail">${icon('failed', 't-fail')}<span><b>${checkpoint.failure.message}</b> ${reasonText(checkpoint)}</span></div>`}
    <div class="section-head">
      <div class="tabs" role="tablist" aria-label="Subtasks as">
        ${(['timeline', 'table'] as const).map(
          (as) =>
            html`<button type="button" role="tab" aria-selected=${shownAs === as} @click=${() => {
              shownAs = as;
              controller.around.changed();
            }}>${as === 'timeline' ? 'Timeline' : 'Table'}</button>`,
        )}
      </div>
      <span class="aside">slowest first</span><span class="grow"></span>${isNarrow(context) ? nothing : phasesLegend(true)}
    </div>
    ${shownAs === 'timeline' ? gantt(shown) : subtaskTable(context, checkpoint)}
    ${waitSentence(job, checkpoint, shown)}
    <div class="two wide-left">
      <section class="section" aria-label="Over the subtasks">${sectionHead('Over the subtasks', `${checkpoint.acknowledged} of ${checkpoint.tasks}`)}${statistics(checkpoint)}</section>
      <section class="section" aria-label="Files">${files(checkpoint)}</section>
    </div>
    <section class="section" aria-label="Configuration">${sectionHead('Configuration', 'of this job')}${configuration(config)}</section>`;
}

function configuration(config: CheckpointConfig): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Checkpoint settings">
    <table class="lined">
      <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">What it means</th></tr></thead>
      <tbody>${checkpointSettings(config).map(({ name, value, meaning }) => html`<tr><th scope="row">${name}</th><td>${value}</td><td class="muted wrap">${meaning}</td></tr>`)}</tbody>
    </table>
    </div>`;
}

function figures(context: JobContext, checkpoint: CheckpointDetails): TemplateResult {
  const { job, now } = context;
  const running = checkpoint.status === 'in-progress';
  const total = running ? now - checkpoint.triggeredAt : checkpoint.durationMs;
  const usual = median(
    job.checkpoints
      .filter(({ status, kind }) => status === 'completed' && kind === checkpoint.kind)
      .map(({ durationMs }) => durationMs),
  );
  const times =
    usual === null || total === null || usual === 0
      ? ''
      : `${(total / usual).toFixed(1)} × the usual ${format.duration(usual)}`;
  const last = checkpoint.subtasks
    .filter(({ acknowledgedAfterMs }) => acknowledgedAfterMs !== null)
    .sort((a, b) => (b.acknowledgedAfterMs ?? 0) - (a.acknowledgedAfterMs ?? 0))[0];
  const why = 'It has not completed';
  const triggers = {
    periodic: `by the interval${job.info.checkpointConfig.intervalMs === null ? '' : `, ${format.age(job.info.checkpointConfig.intervalMs)}`}`,
    user: 'by hand',
    stop: 'to stop the job',
    restore: 'to restore another point',
    final: 'at the end of the data',
  };
  const one = (key: string, main: TemplateResult | string, under: string | TemplateResult) =>
    html`<dl><dt>${key}</dt><dd class="main">${main}</dd><dd class="under num">${under}</dd></dl>`;
  return html`<div class="figures">
    ${one('End to end', figure(format.duration(total), why), times)}
    ${one('Acknowledged', `${checkpoint.acknowledged} of ${checkpoint.tasks}`, last === undefined ? '' : `last: ${nameOf(job.graph, last.subtask)}`)}
    ${one('Triggered', format.clockWithMs(checkpoint.triggeredAt), triggers[checkpoint.trigger])}
    ${one('Checkpointed size', figure(format.bytes(checkpoint.checkpointedBytes), why), checkpoint.kind === 'savepoint' ? 'self-contained' : job.info.checkpointConfig.incremental === false ? 'all of it, as is set' : 'what changed')}
    ${one('Full size', figure(format.bytes(checkpoint.fullBytes), why), '')}
    ${one('Processed in-flight', figure(format.bytes(checkpoint.processedInFlightBytes), why), html`persisted ${format.bytes(checkpoint.persistedInFlightBytes)}`)}
    <span class="grow"></span>
    ${isNarrow(context) ? nothing : strip(context, checkpoint.id, true)}
  </div>`;
}

function reasonText({ failure }: CheckpointDetails): string {
  if (failure === null) return '';
  switch (failure.reason) {
    case 'CHECKPOINT_EXPIRED':
      return 'It took longer than the timeout allows.';
    case 'USER_ABORTED':
      return 'The job went on; the last completed checkpoint stays the one to recover from.';
    default:
      return failure.reason.toLowerCase().replaceAll('_', ' ');
  }
}

function waitSentence(
  job: JobContext['job'],
  checkpoint: CheckpointDetails,
  shown: Gantt,
): TemplateResult | typeof nothing {
  const total = checkpoint.durationMs;
  if (total === null || total < 50) return nothing;
  const [held] = shown.rows
    .flatMap((row) =>
      row.segments.filter(({ phase }) => phase === 'held').map(({ toMs }) => ({ name: row.name, toMs })),
    )
    .sort((a, b) => b.toMs - a.toMs);
  if (held === undefined || held.toMs < total * 0.25) return nothing;
  const share = format.share(Math.min(1, held.toMs / total));
  const sent =
    checkpoint.status === 'failed'
      ? `it had not sent barrier ${checkpoint.id} after ${format.duration(total)}.`
      : `it sent barrier ${checkpoint.id} after ${format.duration(held.toMs)}. The rest took ${format.duration(total - held.toMs)}.`;
  void job;
  return html`<div class="band">${icon('warning', 't-wait')}<span><b>${share} of the time was waiting for ${held.name}:</b> ${sent}</span></div>`;
}

const measures: readonly (readonly [
  string,
  (report: SubtaskCheckpoint) => number | null,
  (value: number) => string,
])[] = [
  ['End-to-end duration', ({ acknowledgedAfterMs }) => acknowledgedAfterMs, format.duration],
  ['Start delay', ({ startDelayMs }) => startDelayMs, format.duration],
  ['Alignment duration', ({ alignmentMs }) => alignmentMs, format.duration],
  ['Sync duration', ({ syncMs }) => syncMs, format.duration],
  ['Async duration', ({ asyncMs }) => asyncMs, format.duration],
  ['State size', ({ stateBytes }) => stateBytes, format.bytes],
  ['Processed in-flight data', ({ processedInFlightBytes }) => processedInFlightBytes, format.bytes],
  ['Persisted in-flight data', ({ persistedInFlightBytes }) => persistedInFlightBytes, format.bytes],
];

function statistics({ subtasks }: CheckpointDetails): TemplateResult {
  const columns = ['min', 'avg', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;
  const names: Readonly<Record<(typeof columns)[number], string>> = {
    min: 'Min',
    avg: 'Avg',
    p50: 'p50',
    p90: 'p90',
    p95: 'p95',
    p99: 'p99',
    p999: 'p99.9',
    max: 'Max',
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Statistics over the subtasks">
    <table class="lined">
      <thead><tr><th scope="col"><span class="hidden-text">Measure</span></th>${columns.map((column) => html`<th scope="col" class="n">${names[column]}</th>`)}</tr></thead>
      <tbody>
        ${measures.map(([name, value, show]) => {
          const summary = summarize(subtasks.map(value));
          return html`<tr><th scope="row">${name}</th>${columns.map((column) => html`<td class="n">${column === 'max' ? html`<b>${cell(summary?.[column], show)}</b>` : cell(summary?.[column], show)}</td>`)}</tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function cell(value: number | undefined, show: (value: number) => string): TemplateResult | string {
  return figure(value === undefined ? format.unknown : show(value), 'No subtask has reported it');
}

function subtaskTable({ job }: JobContext, { subtasks }: CheckpointDetails): TemplateResult {
  const sorted = subtasks.toSorted(
    (a, b) =>
      (b.acknowledgedAfterMs ?? Number.POSITIVE_INFINITY) -
      (a.acknowledgedAfterMs ?? Number.POSITIVE_INFINITY),
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Subtasks">
    <table class="lined">
      <thead><tr><th scope="col">Subtask</th><th scope="col">Status</th>${measures.map(([name]) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
      <tbody>
        ${sorted.map((report) => html`<tr><th scope="row">${nameOf(job.graph, report.subtask)}</th><td>${report.status}</td>${measures.map(([, value, show]) => html`<td class="n">${cell(value(report) ?? undefined, show)}</td>`)}</tr>`)}
      </tbody>
    </table>
  </div>`;
}

function files(checkpoint: CheckpointDetails): TemplateResult {
  const head = sectionHead('Where it lies', nothing);
  if (checkpoint.path !== null) return html`${head}<p class="empty mono">${checkpoint.path}</p>`;
  const why =
    checkpoint.status === 'completed'
      ? 'Dropped when newer checkpoints subsumed it; the figures stay.'
      : checkpoint.status === 'failed'
        ? 'A failed checkpoint leaves nothing behind.'
        : 'It is being written.';
  return html`${head}<p class="empty">${why}</p>`;
}
