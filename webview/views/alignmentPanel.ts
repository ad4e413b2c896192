/** Alignment of the checkpoint under way, and the verdict when a barrier is waited for too long. */
import { html, nothing, type TemplateResult } from 'lit';
import { alignmentOf, checkpointToShow, type SubtaskAlignment } from '../model/alignment.ts';
import * as format from '../model/format.ts';
import type { Sender } from '../model/graphIndex.ts';
import { openStall, verdictOf } from '../model/stall.ts';
import { isNarrow, type JobContext, whyNot } from './context.ts';
import { button, linkButton } from './controls.ts';
import { css } from './css.ts';
import { icon } from './icons.ts';
import { empty, orUnknown, sectionHead } from './words.ts';

export function alignmentPanel(context: JobContext): TemplateResult {
  const { job, now, controller } = context;
  const checkpoint = checkpointToShow(job);
  const narrow = isNarrow(context);
  if (checkpoint === null) {
    const interval = job.info.checkpointConfig.intervalMs;
    return html`${narrow ? nothing : sectionHead('Alignment', nothing)}
    ${empty(
      interval === null
        ? 'Periodic checkpoints are off. Take a savepoint to see a barrier cross the stream.'
        : `No checkpoint yet. The first one comes within ${format.duration(interval)}.`,
      button({
        label: 'Trigger a checkpoint',
        size: 'small',
        off: whyNot(context, 'checkpoint/trigger'),
        onPress: () => void controller.triggerCheckpoint(),
      }),
    )}`;
  }
  const alignment = alignmentOf(job, checkpoint, now);
  const stall = openStall(job);
  const timeoutMs = job.info.checkpointConfig.timeoutMs;
  return html`${narrow ? nothing : sectionHead('Alignment', `${checkpoint.kind} ${checkpoint.id}${alignment.running ? '' : `, ${checkpoint.status}`}`, html`<span class="running-clock">${format.duration(alignment.elapsedMs)}</span>`)}
    <div class="alignment-head">
      <div class="row">
        <span class="acks" aria-hidden="true">${acks(checkpoint.acknowledged, checkpoint.tasks)}</span>
        <span class="acked">${checkpoint.acknowledged} of ${checkpoint.tasks} tasks acknowledged</span>
        <span class="grow"></span>
        ${
          alignment.failsInMs === null
            ? html`<span class="muted">${nextIn(context)}</span>`
            : html`<span class="muted">fails in ${(alignment.failsInMs / 1_000).toFixed(1)} s, at ${Math.round(timeoutMs / 1_000)} s</span>`
        }
      </div>
      ${
        alignment.running
          ? html`<div class="timeout ${stall === null ? 'calm' : ''}"><i ${css({ width: `${Math.min(100, (alignment.elapsedMs / timeoutMs) * 100)}%` })}></i></div>`
          : nothing
      }
    </div>
    ${narrow || stall === null ? nothing : verdict(context)}
    <div class="channels scroll" tabindex="0" role="region" aria-label="Channels">
      ${
        alignment.subtasks.length === 0
          ? html`<p class="empty">${alignment.running ? 'No gate is shut: no subtask waits for a channel right now.' : 'No subtask had to align.'}</p>`
          : html`<table class=${namesEdges(alignment.subtasks) ? 'with-edges' : ''}>
            <colgroup><col class="c1" /><col class="c2" /><col /><col class="c4" /></colgroup>
            <thead>
              <tr><th scope="col">Channel</th><th scope="col">Barrier ${checkpoint.id}</th><th scope="col">${alignment.running ? 'Buffered behind it' : 'Waited'}</th><th scope="col" class="n">${alignment.running ? 'Records' : 'Alignment'}</th></tr>
            </thead>
            ${alignment.subtasks.map(subtaskRows)}
            ${
              alignment.shutGates === 0
                ? nothing
                : html`<tfoot><tr><td colspan="3">Buffered in all${narrow ? '' : `, behind ${format.counted(alignment.shutGates, 'shut gate')}`}</td><td class="n"><b>${format.whole(alignment.bufferedRecords)}</b></td></tr></tfoot>`
            }
          </table>`
      }
      ${alignment.bufferedBytes === null || alignment.bufferedBytes === 0 ? nothing : html`<p class="hidden-text">${format.bytes(alignment.bufferedBytes)} in all</p>`}
    </div>
    <div class="section-foot">
      ${
        alignment.running && alignment.notSeen > 0
          ? html`${icon('notHere', 'muted')}<span class="grow">${format.countWord(alignment.notSeen)} ${alignment.subtasks.length > 0 ? 'more ' : ''}${alignment.notSeen === 1 ? 'task has' : 'tasks have'} not seen the barrier yet</span>`
          : html`${icon(checkpoint.status === 'failed' ? 'failed' : 'done', checkpoint.status === 'failed' ? 't-fail' : 't-done')}<span class="grow">${checkpoint.status === 'failed' ? (checkpoint.failure?.message ?? 'Failed') : alignment.running ? 'Every task has seen the barrier' : 'The barrier has reached every sink'}</span>`
      }
      ${
        stall === null
          ? linkButton('Checkpoint details', () => controller.show({ kind: 'checkpoint', id: checkpoint.id }))
          : linkButton('Walk upstream', () => controller.show({ kind: 'stall', id: stall.id }))
      }
    </div>`;
}

export function acks(acknowledged: number, tasks: number): TemplateResult[] {
  const shown = Math.min(tasks, 20);
  const on = Math.round((acknowledged / Math.max(1, tasks)) * shown);
  return Array.from({ length: shown }, (_, index) => html`<i class=${index < on ? 'on' : ''}></i>`);
}

function nextIn({ job, now }: JobContext): string {
  const interval = job.info.checkpointConfig.intervalMs;
  const last = job.checkpoints.find(({ kind }) => kind === 'checkpoint');
  if (interval === null || last === undefined || job.info.status !== 'running') return '';
  const left = last.triggeredAt + interval - now;
  return left > 0 ? `next in ${format.age(left)}` : 'next one is due';
}

function subtaskRows(subtask: SubtaskAlignment): TemplateResult {
  return html`<tbody>
    <tr>
      <td colspan="3"><b>${subtask.name}</b> <span class="muted s11">${subtask.running ? `${subtask.arrived} of ${subtask.channels.length} channels${subtask.firstAfterMs === null ? '' : `, first ${format.after(subtask.firstAfterMs)}`}` : `${format.counted(subtask.channels.length, 'channel')}`}</span></td>
      <td class="n"><b>${orUnknown(format.duration(subtask.alignmentMs), 'Not known')}</b></td>
    </tr>
    ${subtask.channels.map((channel) => {
      if (channel.arrivedAfterMs === null)
        return html`<tr class="sub">${senderCell(channel.from)}<td colspan="2">${icon(subtask.running ? 'hourglass' : 'close', subtask.running ? 't-wait' : 't-fail')} <b>${subtask.running ? 'waited for' : 'never came'}</b>${subtask.running ? html`<span class="wide-only">, not sent yet</span>` : nothing}</td><td class="n">${orUnknown(format.unknown, 'Nothing is buffered behind a channel that is waited for')}</td></tr>`;
      const first = subtask.firstAfterMs ?? channel.arrivedAfterMs;
      const share =
        channel.gateShut && channel.capacityRecords > 0
          ? ((channel.bufferedRecords ?? 0) / channel.capacityRecords) * 100
          : 0;
      const waited =
        subtask.alignmentMs === null ? 0 : subtask.alignmentMs - (channel.arrivedAfterMs - first);
      return html`<tr class="sub">
        ${senderCell(channel.from)}
        <td class="num">${icon('tick', 't-done')} ${format.after(channel.arrivedAfterMs)}</td>
        <td>${
          subtask.running
            ? html`<span class="cell"><span class="meter"><i class="buffered" ${css({ width: `${share}%` })}></i></span>${channel.gateShut ? html`<span class="t-wait" title="Gate shut">${icon('gate')}</span>` : nothing}</span>`
            : html`<span class="muted num">${waited <= 0 ? 'came last' : format.duration(waited)}</span>`
        }</td>
        <td class="n">${subtask.running ? (channel.gateShut ? orUnknown(format.whole(channel.bufferedRecords), 'Not counted') : orUnknown(format.unknown, 'The gate is open')) : ''}</td>
      </tr>`;
    })}
  </tbody>`;
}

/** Some sender has several edges, and needs room for saying which. */
function namesEdges(subtasks: readonly SubtaskAlignment[]): boolean {
  return subtasks.some(({ channels }) => channels.some(({ from }) => from.edge !== null));
}

function senderCell({ name, edge, isSideOutput }: Sender): TemplateResult {
  if (edge === null) return html`<td class="cut" title=${name}>${name}</td>`;
  return html`<td class="cut" title="${name}, ${isSideOutput ? 'side output ' : ''}${edge}">
    ${name} <span class="muted">${isSideOutput ? html`<span aria-hidden="true">↳ </span><span class="hidden-text">side output </span>` : nothing}${edge}</span>
  </td>`;
}

/** Who waits for whom since when and why, and what to do about it. */
export function verdict(context: JobContext): TemplateResult | typeof nothing {
  const { job, now, controller } = context;
  const stall = openStall(job);
  if (stall === null) return nothing;
  const found = verdictOf(job, stall, now);
  const narrow = isNarrow(context);
  const { location } = found;
  return html`<div class="verdict">
    <div class="row">
      ${icon('warning', 't-wait')}
      <p><b>${found.headline}</b> ${withOperator(found.cause, found.operator, location === null ? null : () => controller.openSource(location))}</p>
    </div>
    <div class="actions">
      ${location === null ? nothing : button({ label: `Open ${format.fileName(location.file)}:${location.line}`, icon: 'code', look: 'primary', size: 'small', onPress: () => controller.openSource(location) })}
      ${button({ label: `Abort checkpoint ${stall.checkpoint}`, size: 'small', off: whyNot(context, 'checkpoint/abort'), onPress: () => void controller.abortCheckpoint(stall.checkpoint) })}
      ${narrow ? button({ label: 'Walk upstream', size: 'small', onPress: () => controller.show({ kind: 'stall', id: stall.id }) }) : nothing}
    </div>
    ${found.unaligned === null || narrow ? nothing : html`<p class="why">${found.unaligned}</p>`}
  </div>`;
}

/** The operator's name in a sentence becomes a way to its line. */
export function withOperator(
  text: string,
  operator: string | null,
  open: (() => void) | null,
): TemplateResult | string {
  if (operator === null || open === null || !text.includes(operator)) return text;
  const at = text.indexOf(operator);
  return html`${text.slice(0, at)}${linkButton(html`<span class="mono">${operator}</span>`, open)}${text.slice(at + operator.length)}`;
}
