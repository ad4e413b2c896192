/** The first page: river, alignment, checkpoints, savepoints; side by side in a window, folded in a column. */
import { html, nothing, type TemplateResult } from 'lit';
import { alignmentOf, checkpointToShow } from '../model/alignment.ts';
import * as format from '../model/format.ts';
import { type RiverView, riverOf } from '../model/river.ts';
import { openStall } from '../model/stall.ts';
import { acks, alignmentPanel, verdict } from './alignmentPanel.ts';
import { checkpointsPanel, countsText } from './checkpointsPanel.ts';
import { type Context, isNarrow, type JobContext } from './context.ts';
import { iconButton, searchField } from './controls.ts';
import { css } from './css.ts';
import { bands, header } from './header.ts';
import { icon } from './icons.ts';
import type { RiverSurface } from './riverSurface.ts';
import { savepointsPanel } from './savepointsPanel.ts';
import { vertexMetrics } from './vertexMetrics.ts';
import { orUnknown } from './words.ts';

export function overview(context: JobContext, surface: RiverSurface): TemplateResult {
  const { job, now, state, width } = context;
  const view = riverOf(job, now);
  const lost = state.connection.kind === 'lost';
  surface.update(job.graph, view, state.ui.selectedVertex, state.search, lost);
  return html`${header(context)} ${bands(context)}
    <div class="picture">${width < 560 ? column(context, view, surface) : wide(context, view, surface)}</div>`;
}

function wide(context: JobContext, view: RiverView, surface: RiverSurface): TemplateResult {
  return html`${river(context, view, surface)}${vertexMetrics(context)}
    <div class="panels">
      <section class="section alignment-panel" aria-label="Alignment">${alignmentPanel(context)}</section>
      <section class="section checkpoints-panel" aria-label="Checkpoints">${checkpointsPanel(context)}</section>
      <section class="section savepoints-panel" aria-label="Savepoints">${savepointsPanel(context)}</section>
    </div>`;
}

/** Below 560 px: the verdict first, then sections that fold. */
function column(context: JobContext, view: RiverView, surface: RiverSurface): TemplateResult {
  const { job, now, state } = context;
  const checkpoint = checkpointToShow(job);
  const alignment = checkpoint === null ? null : alignmentOf(job, checkpoint, now);
  return html`${openStall(job) === null ? nothing : verdict(context)}
    ${folding(context, 'river', 'River', nothing, () => river(context, view, surface))}${vertexMetrics(context)}
    ${folding(context, 'alignment', 'Alignment', alignment === null ? nothing : html`<span class="aside num">${alignment.checkpoint.id}</span><span class="grow"></span><span class="num">${alignment.checkpoint.acknowledged} of ${alignment.checkpoint.tasks}</span>${alignment.checkpoint.tasks <= 12 ? html`<span class="acks" aria-hidden="true">${acks(alignment.checkpoint.acknowledged, alignment.checkpoint.tasks)}</span>` : nothing}<b class="num">${format.duration(alignment.elapsedMs)}</b>`, () => alignmentPanel(context))}
    ${folding(context, 'checkpoints', 'Checkpoints', html`<span class="aside num">${countsText(context)}</span>`, () => checkpointsPanel(context))}
    ${folding(context, 'savepoints', 'Savepoints', html`<span class="aside num">${state.savepoints.length}</span>`, () => savepointsPanel(context))}`;
}

function folding(
  context: Context,
  id: string,
  title: string,
  aside: TemplateResult | typeof nothing,
  body: () => TemplateResult,
): TemplateResult {
  const folded = context.state.ui.folded.includes(id);
  return html`<section class="section" aria-label=${title}>
    <button type="button" class="fold" aria-expanded=${!folded} @click=${() => context.controller.toggleFolded(id)}>${icon(folded ? 'right' : 'down')}<h2>${title}</h2>${aside}</button>
    ${folded ? nothing : body()}
  </section>`;
}

function river(context: JobContext, view: RiverView, surface: RiverSurface): TemplateResult {
  const { state, controller, job, now } = context;
  const narrow = isNarrow(context);
  const sampleAge = now - job.sampledAt;
  return html`<section class="river" aria-label=${narrow ? 'Dataflow' : 'River'}>
    <div class="river-bar">
      ${narrow ? nothing : html`<span class="age">${state.connection.kind === 'lost' ? `as of ${format.clock(job.sampledAt)}` : sampleAge < 1_500 ? 'live' : `sampled ${format.age(sampleAge)} ago`}</span>`}
      ${
        job.graph.vertices.length > 8 && !narrow
          ? searchField('Find operator', state.search, (text) => controller.search(text), '/')
          : nothing
      }
      ${narrow ? nothing : html`${iconButton({ label: 'Zoom out', icon: 'minus', onPress: () => surface.zoomBy(1 / 1.25) })}${iconButton({ label: 'Zoom in', icon: 'plus', onPress: () => surface.zoomBy(1.25) })}${iconButton({ label: 'Fit to the panel', icon: 'fit', onPress: () => surface.fit() })}`}
    </div>
    ${surface.element}
    <div class="river-under">${eventTime(view)}${narrow ? nothing : legend(job.graph.vertices.length > 60)}</div>
    ${riverTable(view)}
  </section>`;
}

/** Watermarks of the sources against now, and how far they are apart. */
function eventTime({ eventTime: sources }: RiverView): TemplateResult | typeof nothing {
  const known = sources.filter(({ behindMs }) => behindMs !== null);
  if (known.length < 2 || sources.length > 6) return nothing;
  const behind = known.map((source) => source.behindMs as number);
  const most = Math.max(...behind);
  const least = Math.min(...behind);
  const late = known.find((source) => source.behindMs === most);
  const ahead = known.find((source) => source.behindMs === least);
  const isApart = most - least >= 1_000;
  const scale = Math.max(most * 1.4, 10_000);
  return html`<div class="event-time">
    <p class="event-head">Event time</p>
    <span class="muted n">${isApart ? `${ahead?.name} is ${format.age(most - least)} ahead of ${late?.name}` : 'sources are level'}</span>
    ${sources.map(
      ({ name, watermark, behindMs }) => html`<span>${name}</span>
      <span class="muted num">${orUnknown(format.clock(watermark), 'No watermark has come yet')}</span>
      <span class="lag-track" aria-hidden="true"><i class=${isApart && behindMs === most ? 'late' : ''} ${css({ width: `${behindMs === null ? 0 : Math.max(2, 100 - (behindMs / scale) * 100)}%` })}></i></span>
      <span class="n">${behindMs === null ? '' : html`${isApart && behindMs === most ? html`<b>${format.lag(behindMs)} behind now</b>` : `${format.lag(behindMs)} behind now`}`}</span>`,
    )}
  </div>`;
}

function legend(large: boolean): TemplateResult {
  if (large)
    return html`<div class="legend" aria-hidden="true">
      <span><svg width="13" height="8"><rect width="13" height="8" fill="var(--muted)"/></svg>acknowledged</span>
      <span><svg width="13" height="8"><rect x=".5" y=".5" width="12" height="7" fill="none" stroke="var(--muted)"/></svg>not yet</span>
      <span><svg width="13" height="8"><rect width="13" height="8" fill="var(--bp)"/></svg>backpressured, taller is more</span>
      <span><svg width="12" height="14"><path d="M6 0v14" stroke="var(--barrier)" stroke-width="3"/></svg>barrier</span>
      <span>names from 35 %, cards from 70 %</span>
    </div>`;
  return html`<div class="legend" aria-hidden="true">
    <span><svg width="22" height="14"><path d="M0 7h22" stroke="var(--water-soft)" stroke-width="7"/><path d="M0 2.5h22M0 11.5h22" stroke="var(--bank)"/></svg>water: now, banks: last minute</span>
    <span><svg width="22" height="14"><path d="M0 3.5h22M0 10.5h22" stroke="var(--bank)" stroke-dasharray="4 4"/></svg>dry</span>
    <span><svg width="12" height="14"><path d="M6 0v14" stroke="var(--barrier)" stroke-width="3"/></svg>barrier</span>
    <span><svg width="18" height="14"><path d="M3 1h12M3 13h12" stroke="var(--wait)" stroke-width="2.5"/><path d="M7 1v12M11 1v12" stroke="var(--wait)" stroke-width="1.5"/></svg>gate shut</span>
  </div>`;
}

/** The streams in words, for whoever cannot see the canvas. */
function riverTable({ edges, vertices }: RiverView): TemplateResult | typeof nothing {
  if (edges.length > 60) return nothing;
  const names = new Map(vertices.map(({ id, name }) => [id, name]));
  return html`<ul class="hidden-text" aria-label="Streams">
    ${edges.map((edge) => html`<li>${names.get(edge.from)} to ${names.get(edge.to)}, ${edge.sideOutput === null ? '' : `side output ${edge.sideOutput}, `}${edge.label}: ${edge.perSecond === null ? 'rate not known' : format.rate(edge.perSecond)}${edge.gate === null ? '' : `, gate shut, ${format.whole(edge.gate.bufferedRecords)} buffered`}${edge.waitedForMs === null ? '' : `, waited for`}${edge.heldMs === null ? '' : `, barrier held at the source`}</li>`)}
  </ul>`;
}
