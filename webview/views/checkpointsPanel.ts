/** The last 60 checkpoints as a strip, a table or a chart, and the chosen one as a Gantt. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CheckpointDetails } from '../../runtime/protocol/checkpoints.ts';
import * as format from '../model/format.ts';
import { axisTicks, type Gantt, type GanttRow, ganttOf } from '../model/gantt.ts';
import { mostBlamed, type StripBar, stripOf } from '../model/strip.ts';
import { isNarrow, type JobContext } from './context.ts';
import { button, iconButton, linkButton } from './controls.ts';
import { css } from './css.ts';
import { historyChart } from './historyChart.ts';
import { type IconName, icon } from './icons.ts';
import { chip, empty, figure, sectionHead, type Tone } from './words.ts';

const slots = 60;

export function checkpointsPanel(context: JobContext): TemplateResult {
  const { job, now, controller, state } = context;
  const { ui } = state;
  const narrow = isNarrow(context);
  const chosen = chosenCheckpoint(context);
  const view = (as: typeof ui.checkpointsAs, label: string, name: IconName) =>
    iconButton({
      label,
      icon: name,
      pressed: ui.checkpointsAs === as,
      onPress: () => controller.ui({ checkpointsAs: as }),
    });
  const tools = html`<span class="tools">
    ${view('timeline', 'Timeline', 'timeline')}${view('table', 'Table', 'table')}${view('chart', 'Chart', 'chart')}
    ${
      ui.pinnedCheckpoint === null
        ? button({
            label: narrow ? 'Newest' : 'Following newest',
            icon: 'follow',
            size: 'small',
            title: 'The newest checkpoint is shown; choose one to pin it',
            onPress: () => chosen !== null && controller.ui({ pinnedCheckpoint: chosen.id }),
          })
        : button({
            label: narrow ? 'Follow' : 'Follow newest',
            icon: 'pin',
            size: 'small',
            title: `Checkpoint ${ui.pinnedCheckpoint} is pinned`,
            onPress: () => controller.ui({ pinnedCheckpoint: null }),
          })
    }
  </span>`;
  const head = narrow
    ? html`<div class="section-head"><span class="grow"></span>${tools}</div>`
    : sectionHead('Checkpoints', countsText(context), tools);
  if (chosen === null) return html`${head}${empty('No checkpoint has been triggered yet.')}`;
  const blame = mostBlamed(job);
  return html`${head}
    ${ui.checkpointsAs === 'timeline' ? strip(context, chosen.id) : ui.checkpointsAs === 'table' ? historyTable(context, chosen.id) : historyChart(job, now)}
    <div class="checkpoint-line">
      <b>#${chosen.id}</b> ${statusChip(chosen, ganttOf(job, chosen, now))}
      <span class="muted s12">${narrow ? '' : 'triggered '}${format.clockWithMs(chosen.triggeredAt)}</span>
      <span class="grow"></span>
      ${narrow ? nothing : phasesLegend(false)}
    </div>
    ${gantt(ganttOf(job, chosen, now), 14)}
    <div class="section-foot">
      ${
        blame === null
          ? html`<span class="grow">${chosen.failure === null ? nothing : html`${icon('failed', 't-fail')} ${chosen.failure.message}`}</span>`
          : html`${icon('warning', 't-wait')}<span class="grow">${blame.name} was the slowest in ${blame.times} of the last ${blame.of} checkpoints.</span>`
      }
      ${linkButton('Checkpoint details', () => controller.show({ kind: 'checkpoint', id: chosen.id }))}
    </div>`;
}

export function chosenCheckpoint({ job, state }: JobContext): CheckpointDetails | null {
  const pinned = state.ui.pinnedCheckpoint;
  return job.checkpoints.find(({ id }) => id === pinned) ?? job.checkpoints[0] ?? null;
}

export function countsText({ job, width }: JobContext): string {
  const { completed, failed, inProgress } = job.counts;
  return [
    `${format.whole(completed)} completed`,
    ...(failed > 0 ? [`${format.whole(failed)} failed`] : []),
    ...(inProgress > 0 && width >= 560 ? [`${inProgress} under way`] : []),
  ].join(', ');
}

export function statusChip(checkpoint: CheckpointDetails, shown?: Gantt): TemplateResult {
  const stuck = shown?.rows.some(({ status }) => status === 'aligning') ?? false;
  const words: Readonly<Record<CheckpointDetails['status'], readonly [Tone, string, IconName]>> = {
    'in-progress': stuck ? ['wait', 'aligning', 'hourglass'] : ['barrier', 'under way', 'clock'],
    completed: ['done', 'completed', 'done'],
    failed: ['fail', 'failed', 'failed'],
  };
  const [tone, text, name] = words[checkpoint.status];
  return html`${chip(tone, text, name)}${checkpoint.kind === 'savepoint' ? chip('barrier', 'savepoint', 'bookmark') : nothing}`;
}

// ——— strip ———

export function strip(context: JobContext, chosen: number, small = false): TemplateResult {
  const { job, now, controller } = context;
  const { bars, lines } = stripOf(job, now);
  const high = small ? 40 : 100;
  const newest = bars.at(-1)?.id ?? 0;
  return html`<div class="strip ${small ? 'small' : ''}">
    ${lines.map(({ ms, height }) => html`<div class="decade" ${css({ bottom: `${16 + height * high}px` })}><span>${ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`}</span></div>`)}
    <div class="ground"></div>
    <ol aria-label="Checkpoints ${bars[0]?.id ?? ''} to ${newest}">
      ${Array.from({ length: slots - bars.length }, () => html`<li class="empty-slot" aria-hidden="true"></li>`)}
      ${bars.map((bar) =>
        stripBar(
          bar,
          bar.id === chosen,
          high,
          bar.id === newest || bar.id % 10 === 0 || bar.id === bars[0]?.id,
          newest,
          () => {
            if (small) controller.show({ kind: 'checkpoint', id: bar.id });
            controller.ui({ pinnedCheckpoint: bar.id === newest ? null : bar.id });
          },
        ),
      )}
    </ol>
  </div>`;
}

function stripBar(
  bar: StripBar,
  isChosen: boolean,
  high: number,
  labelled: boolean,
  newest: number,
  choose: () => void,
): TemplateResult {
  const what = `${bar.kind} ${bar.id}, ${bar.status === 'in-progress' ? 'under way for' : bar.status} ${bar.status === 'failed' ? 'after' : bar.status === 'completed' ? 'in' : ''} ${format.duration(bar.totalMs)}${bar.waitingMs > 0 ? `, ${format.duration(bar.waitingMs)} of it waiting` : ''}`;
  const showLabel = labelled && (bar.id === newest || newest - bar.id >= 3);
  return html`<li>
    <button type="button" class="${bar.kind} ${bar.status === 'in-progress' ? 'running' : bar.status} ${isChosen ? 'selected' : ''}" aria-pressed=${isChosen} aria-label=${what} title=${what} @click=${choose}>
      ${
        bar.status === 'failed'
          ? html`<i class="bar" ${css({ height: `${bar.height * high}px` })}></i><span class="flag" ${css({ bottom: `${19 + bar.height * high}px` })}>${icon('close')}</span>`
          : html`<i class="bar snapshot" ${css({ height: `${bar.snapshotHeight * high}px` })}></i>
            ${bar.waitingMs > 0 ? html`<i class="bar hatch" ${css({ bottom: `${16 + bar.snapshotHeight * high}px`, height: `${Math.max(0, bar.height - bar.snapshotHeight) * high}px` })}></i>` : nothing}
            ${bar.kind === 'savepoint' ? html`<span class="flag" ${css({ bottom: `${19 + bar.height * high}px` })}>${icon('bookmarkFilled')}</span>` : nothing}`
      }
      ${showLabel ? html`<span class="label">${bar.id}</span>` : nothing}
    </button>
  </li>`;
}

// ——— gantt ———

export function gantt(shown: Gantt, rowsMax = 60): TemplateResult {
  const ticks = axisTicks(shown.endMs);
  const at = (ms: number) => `${Math.min(100, (ms / shown.endMs) * 100)}%`;
  const unit =
    shown.endMs >= 1_000
      ? (ms: number) => `${Number((ms / 1_000).toFixed(2))} s`
      : (ms: number) => `${Math.round(ms)} ms`;
  return html`<div class="gantt">
    <div class="gantt-axis" aria-hidden="true">
      ${ticks.filter((ms) => !shown.running || ms < shown.endMs * 0.9).map((ms) => html`<span ${css({ left: at(ms) })}>${unit(ms)}</span>`)}
      ${shown.running ? html`<span class="now" ${css({ left: '100%' })}>${format.duration(shown.endMs)}</span>` : nothing}
    </div>
    <div class="gantt-rows" role="list" aria-label="Subtasks, slowest first">
      <div class="gantt-grid" aria-hidden="true">${ticks.map((ms) => html`<i ${css({ left: at(ms) })}></i>`)}${shown.running ? html`<i class="now" ${css({ left: '100%' })}></i>` : nothing}</div>
      ${shown.rows.slice(0, rowsMax).map((row) => ganttRow(row, at))}
    </div>
    ${shown.rows.length > rowsMax ? html`<p class="muted s11">${format.whole(shown.rows.length - rowsMax)} faster subtasks are not shown.</p>` : nothing}
  </div>`;
}

const rowWords: Readonly<Record<GanttRow['status'], readonly [IconName, string, string]>> = {
  holds: ['warning', 't-wait', 'holds it'],
  aligning: ['hourglass', 't-wait', 'aligning'],
  pending: ['notHere', 'muted', 'not here yet'],
  snapshotting: ['bookmark', 't-barrier', 'snapshot'],
  acknowledged: ['done', 't-done', ''],
  aborted: ['failed', 't-fail', 'aborted'],
};

function ganttRow(row: GanttRow, at: (ms: number) => string): TemplateResult {
  const [name, tone, words] = rowWords[row.status];
  const text = words === '' ? format.duration(row.totalMs) : words;
  return html`<div class="gantt-row" role="listitem" aria-label="${row.name}: ${row.segments.map(({ phase, fromMs, toMs }) => `${phaseNames[phase]} ${format.duration(toMs - fromMs)}`).join(', ')}${row.straggler ? ', straggler' : ''}, ${text}">
    <span class="name" title=${row.name}>${row.name}</span>
    <span class="lane" aria-hidden="true">
      ${row.segments.map(({ phase, fromMs, toMs }) => {
        const isShort = phase === 'held' && toMs - fromMs < 250;
        return html`<i class="phase ${phase} ${isShort ? 'short' : ''}" title="${phaseNames[phase]} ${format.duration(toMs - fromMs)}" ${css({ left: at(fromMs), width: `calc(${at(toMs)} - ${at(fromMs)})` })}>${phase === 'held' && row.note !== null ? html`<span class="note">${row.note}</span>` : nothing}</i>`;
      })}
      ${row.straggler ? html`<i class="outline" ${css({ left: '0', width: `calc(${at(row.segments.at(-1)?.toMs ?? 0)} + 6px)` })}></i>` : nothing}
    </span>
    <span class="end" aria-hidden="true">${icon(name, tone)}<span class=${row.status === 'holds' ? 'b' : ''}>${row.status === 'holds' ? html`<b>${text}</b>` : text}</span></span>
  </div>`;
}

export const phaseNames: Readonly<Record<GanttRow['segments'][number]['phase'], string>> = {
  'start-delay': 'start delay',
  held: 'held',
  alignment: 'alignment',
  sync: 'sync',
  async: 'async',
};

export function phasesLegend(withStraggler: boolean): TemplateResult {
  return html`<span class="phases-legend">
    ${Object.entries(phaseNames).map(([phase, name]) => html`<span title=${phaseHelp[phase as keyof typeof phaseNames]}><i class="phase ${phase}"></i>${name}</span>`)}
    ${withStraggler ? html`<span title="Aborted, or its own time is at least the 95th percentile and 1.5 times the median"><i class="straggler"></i>straggler</span>` : nothing}
  </span>`;
}

const phaseHelp: typeof phaseNames = {
  'start-delay': 'From the trigger until the first barrier has come',
  held: 'A source keeps the barrier before it enters the stream',
  alignment: 'From the first to the last barrier; channels that have delivered it are blocked',
  sync: 'Marks the snapshot; nothing else happens on the subtask meanwhile',
  async: 'Writes the snapshot beside the stream',
};

// ——— table ———

function historyTable(context: JobContext, chosen: number): TemplateResult {
  const { job, controller } = context;
  const narrow = isNarrow(context);
  return html`<div class="scroll history-table" tabindex="0" role="region" aria-label="Checkpoint history">
    <table class="lined">
      <thead>
        <tr>
          <th scope="col" class="n">Id</th><th scope="col">Status</th><th scope="col" class="n">Ack.</th>
          ${narrow ? nothing : html`<th scope="col" class="n">Triggered</th>`}
          <th scope="col" class="n">End to end</th><th scope="col" class="n">Size</th>
          ${narrow ? nothing : html`<th scope="col" class="n">Full size</th><th scope="col" class="n" title="Processed during alignment (persisted)">In-flight</th>`}
        </tr>
      </thead>
      <tbody>
        ${job.checkpoints.map(
          (
            checkpoint,
          ) => html`<tr class="clickable ${checkpoint.id === chosen ? 'selected' : ''}" @click=${() => controller.ui({ pinnedCheckpoint: checkpoint.id })}>
          <td class="n">${linkButton(`#${checkpoint.id}`, () => controller.ui({ pinnedCheckpoint: checkpoint.id }))}</td>
          <td title=${checkpoint.failure?.message ?? nothing}>${statusText(checkpoint)}</td>
          <td class="n">${checkpoint.acknowledged}/${checkpoint.tasks}</td>
          ${narrow ? nothing : html`<td class="n">${format.clock(checkpoint.triggeredAt)}</td>`}
          <td class="n">${figure(format.duration(checkpoint.durationMs), 'It has not ended yet')}</td>
          <td class="n">${figure(format.bytes(checkpoint.checkpointedBytes), 'It has not completed')}</td>
          ${
            narrow
              ? nothing
              : html`<td class="n">${figure(format.bytes(checkpoint.fullBytes), 'It has not completed')}</td>
            <td class="n">${figure(format.bytes(checkpoint.processedInFlightBytes), 'It has not completed')}</td>`
          }
        </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function statusText(checkpoint: CheckpointDetails): TemplateResult {
  const name =
    checkpoint.kind === 'savepoint'
      ? html` <span class="t-barrier" title="Savepoint">${icon('bookmarkFilled')}</span>`
      : nothing;
  switch (checkpoint.status) {
    case 'completed':
      return html`<span>${icon('tick', 't-done')} completed${name}</span>`;
    case 'failed':
      return html`<span class="t-fail">${icon('failed')} failed${name}</span>`;
    case 'in-progress':
      return html`<span>${icon('clock', 't-barrier')} under way${name}</span>`;
  }
}
