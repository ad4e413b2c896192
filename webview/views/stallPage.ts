/** A stall, walked upstream: from the checkpoint that cannot complete to the subtask that keeps its barrier. */
import { html, nothing, type TemplateResult } from 'lit';
import type { StallHop } from '../../runtime/protocol/checkpoints.ts';
import { alignmentOf } from '../model/alignment.ts';
import * as format from '../model/format.ts';
import { ganttOf } from '../model/gantt.ts';
import { nameOf } from '../model/graphIndex.ts';
import { locationOf, verdictOf } from '../model/stall.ts';
import { acks, withOperator } from './alignmentPanel.ts';
import { gantt, phasesLegend } from './checkpointsPanel.ts';
import { isNarrow, type JobContext, whyNot } from './context.ts';
import { button, linkButton } from './controls.ts';
import { css } from './css.ts';
import { crumbs } from './header.ts';
import { icon } from './icons.ts';
import { chip, empty, sectionHead } from './words.ts';

const causes: Readonly<Record<StallHop['cause'], string>> = {
  aligning: 'Waits for a channel.',
  'busy-in-user-code': 'Blocked in user code.',
  starved: 'Starved: its inputs are empty.',
  backpressured: 'Backpressured by what comes after it.',
  'slow-source': 'The source delivers slowly.',
  'idle-split': 'A split is idle.',
  debugger: 'Paused by the debugger.',
  'behind-records': 'The barrier stands behind records.',
};

export function stallPage(context: JobContext, id: number): TemplateResult {
  const { job, now, controller } = context;
  const stall = job.stalls.find((known) => known.id === id);
  if (stall === undefined)
    return html`${crumbs(context, [], html`<h1>Stall</h1>`)}${empty('This stall is over and no longer kept.', button({ label: 'Back to the overview', onPress: () => controller.show({ kind: 'overview' }) }))}`;
  const found = verdictOf(job, stall, now);
  const checkpoint = job.checkpoints.find((known) => known.id === stall.checkpoint);
  const open = stall.closedAt === null;
  const { location } = found;
  const alignment = checkpoint === undefined ? null : alignmentOf(job, checkpoint, now);
  const failsIn =
    open && alignment?.failsInMs != null
      ? html`<span class="muted num">fails in ${(alignment.failsInMs / 1_000).toFixed(1)} s</span>`
      : nothing;
  const openSource = location === null ? null : () => controller.openSource(location);
  return html`${crumbs(
    context,
    [
      {
        label: `Checkpoint ${stall.checkpoint}`,
        open: () => controller.show({ kind: 'checkpoint', id: stall.checkpoint }),
      },
    ],
    html`<h1>Stall</h1>${open ? chip('wait', 'open', 'hourglass') : chip('done', 'over', 'done')}<b class="num">${format.duration(found.waitedMs)}</b><span class="muted num">since ${format.clockWithMs(stall.since)}</span>`,
    html`${failsIn}${button({ label: 'Copy as text', size: 'small', icon: 'copy', onPress: () => controller.around.copy(asText(context, stall.id)) })}`,
  )}
    <p class="lead">${icon('warning', 't-wait')}<span>${sentence(found.cause, found.causeName, found.operator, openSource)}</span></p>
    <div class="two">
      <section class="section" aria-label="Walk upstream to the cause">
        ${sectionHead('Walk upstream to the cause', nothing)}
        <ol class="walk">
          <li data-step="1"><div class="row"><b class="grow">Checkpoint ${stall.checkpoint}</b>${checkpoint === undefined ? nothing : html`<span class="acks" aria-hidden="true">${acks(checkpoint.acknowledged, checkpoint.tasks)}</span>`}</div>
            <p class="what">${checkpoint === undefined ? '' : `${checkpoint.acknowledged} of ${checkpoint.tasks} tasks acknowledged.${alignment !== null && alignment.notSeen > 0 ? ` ${format.countWord(alignment.notSeen)} have not seen the barrier.` : ''}`}</p></li>
          ${stall.hops.map((hop, index) => step(context, hop, index, stall.hops.length, found.waitedMs, found.heldMs, alignment))}
        </ol>
      </section>
      <section class="section" aria-label="Barrier">
        <div class="section-head"><h2>Barrier ${stall.checkpoint}${open ? ' so far' : ''}</h2><span class="grow"></span>${isNarrow(context) ? nothing : phasesLegend(false)}</div>
        ${checkpoint === undefined ? nothing : gantt(ganttOf(job, checkpoint, now))}
        ${sectionHead('What you can do', nothing)}
        <div class="choices">
          ${location === null ? nothing : html`${button({ label: `Open ${format.fileName(location.file)}:${location.line}`, icon: 'code', look: 'primary', onPress: () => controller.openSource(location) })}<span>The line that ${found.operator ?? found.causeName} ${open ? 'is at' : 'was at'}. The job goes on while you edit.</span>`}
          ${
            open
              ? html`${button({ label: `Abort checkpoint ${stall.checkpoint}`, icon: 'close', off: whyNot(context, 'checkpoint/abort'), onPress: () => void controller.abortCheckpoint(stall.checkpoint) })}<span>The gates open${alignment !== null && alignment.bufferedRecords > 0 ? `, ${format.whole(alignment.bufferedRecords)} records go on` : ''}. ${recoverFrom(context)}</span>`
              : nothing
          }
          ${
            open && !job.info.checkpointConfig.unaligned
              ? html`${button({ label: 'Switch to unaligned', icon: 'gate', off: whyNot(context, 'checkpoint/configure'), onPress: () => void controller.switchMode(true) })}<span>From the next checkpoint on barriers overtake what waits before them, until this run ends. Checkpoint ${stall.checkpoint} is given up. Exactly-once still holds.</span>`
              : nothing
          }
          ${button({ label: `Checkpoint ${stall.checkpoint}`, icon: 'timeline', onPress: () => controller.show({ kind: 'checkpoint', id: stall.checkpoint }) })}<span>Every subtask of it, slowest first.${found.unaligned === null ? '' : ` ${found.unaligned}`}</span>
        </div>
      </section>
    </div>`;
}

/** The cause's sentence, with the name it begins with set in bold. */
function sentence(
  text: string,
  name: string,
  operator: string | null,
  open: (() => void) | null,
): TemplateResult {
  return text.startsWith(`${name} `)
    ? html`<b>${name}</b>${withOperator(text.slice(name.length), operator, open)}`
    : html`${withOperator(text, operator, open)}`;
}

function recoverFrom({ job }: JobContext): string {
  const last = job.checkpoints.find(({ status }) => status === 'completed');
  return last === undefined
    ? 'No checkpoint has completed yet.'
    : `#${last.id} stays the one to recover from.`;
}

function step(
  context: JobContext,
  hop: StallHop,
  index: number,
  count: number,
  waitedMs: number,
  heldMs: number,
  alignment: ReturnType<typeof alignmentOf> | null,
): TemplateResult {
  const { job, controller } = context;
  const isCause = index === count - 1;
  const location = locationOf(job, hop);
  const capacity =
    alignment?.subtasks
      .flatMap(({ channels }) => channels)
      .filter(({ gateShut }) => gateShut)
      .reduce((sum, { capacityRecords }) => sum + capacityRecords, 0) ?? 0;
  const buffered = alignment?.bufferedRecords ?? 0;
  return html`<li class=${isCause ? 'cause' : ''} data-step=${isCause ? '!' : String(index + 2)}>
    <div class="row"><b>${nameOf(job.graph, hop.subtask)}</b>${isCause ? chip('wait', 'cause') : nothing}<span class="grow"></span><span class="num">${format.duration(isCause ? heldMs : waitedMs)}</span></div>
    <p class="what">${isCause ? `${causes[hop.cause]} ` : ''}${hop.text}</p>
    ${
      hop.cause === 'aligning' && buffered > 0
        ? html`<div class="row s12"><span class="t-wait">${icon('gate')}</span><span class="meter grow"><i class="buffered" ${css({ width: `${capacity === 0 ? 0 : Math.min(100, (buffered / capacity) * 100)}%` })}></i></span><span class="num">${format.whole(buffered)} buffered${alignment?.bufferedBytes == null ? '' : `, ${format.bytes(alignment.bufferedBytes)}`}</span></div>`
        : nothing
    }
    ${isCause && location !== null ? html`<p class="what">Source ${linkButton(`${format.fileName(location.file)}:${location.line}:${location.column}`, () => controller.openSource(location))}${hop.operator === null ? '' : ` in ${hop.operator}`}</p>` : nothing}
  </li>`;
}

function asText({ job, now }: JobContext, id: number): string {
  const stall = job.stalls.find((known) => known.id === id);
  if (stall === undefined) return '';
  const found = verdictOf(job, stall, now);
  return [
    `${job.info.name}, checkpoint ${stall.checkpoint}, stall since ${format.clockWithMs(stall.since)}`,
    found.headline,
    ...stall.hops.map((hop, index) => `${index + 1}. ${nameOf(job.graph, hop.subtask)}: ${hop.text}`),
  ].join('\n');
}
