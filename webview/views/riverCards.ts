/** The vertices as elements over the canvas: what a mouse hits, a keyboard reaches, and a screen reader reads. */
import { html, nothing, type TemplateResult } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Place } from '../layout/riverLayout.ts';
import * as format from '../model/format.ts';
import type { VertexFoot, VertexView } from '../model/river.ts';
import { css } from './css.ts';
import { type IconName, icon, operatorIcon } from './icons.ts';
import type { Detail } from './riverCanvas.ts';
import { orUnknown } from './words.ts';

export interface CardEvents {
  readonly focus: (id: string) => void;
  readonly open: (view: VertexView) => void;
  readonly select: (id: string) => void;
  readonly key: (event: KeyboardEvent, view: VertexView) => void;
}

export interface CardLook {
  readonly detail: Detail;
  readonly compact: boolean;
  readonly focused: string | null;
  readonly selected: string | null;
}

export function cards(
  vertices: readonly { readonly view: VertexView; readonly place: Place }[],
  look: CardLook,
  events: CardEvents,
): TemplateResult {
  return html`${repeat(
    vertices,
    ({ view }) => view.id,
    ({ view, place }) => html`<div
      class=${classMap({ card: look.detail === 'cards' || look.detail === 'names', mark: look.detail === 'marks' || look.detail === 'groups', compact: look.compact || look.detail === 'names', [view.tone]: true, selected: view.id === look.selected })}
      role="group"
      tabindex=${view.id === look.focused ? 0 : -1}
      data-vertex=${view.id}
      aria-label=${spoken(view)}
      aria-current=${view.id === look.selected ? 'true' : nothing}
      title=${tooltip(view)}
      ${css({ left: `${place.x}px`, top: `${place.y}px`, width: `${place.width}px`, height: `${place.height}px` })}
      @focus=${() => events.focus(view.id)}
      @click=${() => events.select(view.id)}
      @dblclick=${() => events.open(view)}
      @keydown=${(event: KeyboardEvent) => events.key(event, view)}
    >
      ${look.detail === 'marks' || look.detail === 'groups' ? nothing : look.compact || look.detail === 'names' ? compact(view) : full(view, events)}
    </div>`,
  )}`;
}

function full(view: VertexView, events: CardEvents): TemplateResult {
  return html`<div class="card-head">
      ${icon(operatorIcon(view.type, view.role, view.isJoin))}
      <span class="card-name" @click=${(event: Event) => {
        event.stopPropagation();
        events.select(view.id);
        if (view.location !== null) events.open(view);
      }}>${view.name}</span>
      <span class="muted s11">×${view.parallelism}</span>
    </div>
    <div class="card-rate">
      <span class="rate">${rateFigure(view.perSecond)}<small>rec/s</small></span>
      ${view.splits === null ? nothing : html`<span class="muted s11">${format.counted(view.splits, 'split')}</span>`}
    </div>
    ${meter(view)}
    <div class="shares">${shares(view)}</div>
    ${view.isJoin && view.arrivals.length > 0 && view.foot.checkpoint !== null ? arrivals(view) : nothing}
    <dl class="facts">
      <dt>Watermark lag</dt>
      <dd>${orUnknown(format.lag(view.lagMs), 'No watermark has come, or the job does not run')}</dd>
      <dt>State</dt>
      <dd class=${view.stateless ? 'muted' : ''}>${view.stateless ? 'none' : orUnknown(format.bytes(view.stateBytes), view.hasKeyedState ? 'Not measured yet' : 'Only state with keys is measured while the job runs')}</dd>
    </dl>
    ${foot(view.foot)}`;
}

function compact(view: VertexView): TemplateResult {
  return html`<div class="card-head">
      ${icon(operatorIcon(view.type, view.role, view.isJoin))}
      <span class="card-name">${view.name}</span>
      <span class="muted s11">×${view.parallelism}</span>
      <span class="grow"></span>
      <b class="num">${orUnknown(format.rate(view.perSecond), 'Not measured yet')}</b>
    </div>
    ${meter(view)} ${foot(view.foot)}`;
}

function rateFigure(perSecond: number | null): TemplateResult | string {
  return perSecond === null ? orUnknown(format.unknown, 'Not measured yet') : format.threeDigits(perSecond);
}

function meter({ busy, backpressured }: VertexView): TemplateResult {
  return html`<div class="meter">
    <i class="busy" ${css({ width: `${(busy ?? 0) * 100}%` })}></i><i class="backpressured" ${css({ width: `${(backpressured ?? 0) * 100}%` })}></i>
  </div>`;
}

function shares({ busy, backpressured, idle }: VertexView): TemplateResult {
  if (busy === null) return html`<span title="No full second has been measured yet">${format.unknown}</span>`;
  const isIdle = Math.round(busy * 100) === 0 && Math.round((backpressured ?? 0) * 100) === 0;
  const second =
    Math.round((backpressured ?? 0) * 100) > 0
      ? `${format.share(backpressured)} backpressured`
      : isIdle || Math.round((idle ?? 0) * 100) === 0
        ? ''
        : `${format.share(idle)} idle`;
  return html`<span>${isIdle ? `${format.share(idle ?? 1)} idle` : `${format.share(busy)} busy`}</span><span>${second}</span>`;
}

function arrivals(view: VertexView): TemplateResult {
  return html`<div class="arrivals">
    <span class="muted">Barrier ${view.foot.checkpoint} on channel</span>
    ${view.arrivals.map(({ name, arrived }) => {
      const count = arrived.filter(Boolean).length;
      const shown = arrived.length <= 6;
      return html`<div>
        <span class="grow">${name}</span>
        ${shown ? arrived.map((here) => (here ? icon('tick', 't-done') : icon(count > 0 ? 'hourglass' : 'notHere', count > 0 ? 't-wait' : 'muted'))) : nothing}
        <span class="muted num">${count} of ${arrived.length}</span>
      </div>`;
    })}
  </div>`;
}

function foot({ kind, checkpoint, ms }: VertexFoot): TemplateResult {
  const { icon: name, tone, text } = footWords(kind, checkpoint);
  const time = kind === 'acknowledged' ? format.after(ms) : ms === null ? '' : format.duration(ms);
  return html`<div class="card-foot">${icon(name, tone)}<span class="grow">${text}</span><span class="num muted">${time}</span></div>`;
}

function footWords(
  kind: VertexFoot['kind'],
  checkpoint: number | null,
): { icon: IconName; tone: string; text: string } {
  switch (kind) {
    case 'acknowledged':
      return { icon: 'done', tone: 't-done', text: `${checkpoint} acknowledged` };
    case 'aligning':
      return { icon: 'hourglass', tone: 't-wait', text: `aligning ${checkpoint}` };
    case 'holds':
      return { icon: 'warning', tone: 't-wait', text: `holds barrier ${checkpoint}` };
    case 'snapshotting':
      return { icon: 'bookmark', tone: 't-barrier', text: `snapshotting ${checkpoint}` };
    case 'not-here':
      return { icon: 'notHere', tone: 'muted', text: `${checkpoint} not here yet` };
    case 'aborted':
      return { icon: 'close', tone: 't-fail', text: `${checkpoint} aborted` };
    case 'none':
      return { icon: 'notHere', tone: 'muted', text: 'no checkpoint yet' };
    case 'finished':
      return { icon: 'tick', tone: 'muted', text: 'finished' };
    case 'failed':
      return { icon: 'failed', tone: 't-fail', text: 'failed' };
    case 'paused':
      return { icon: 'pause', tone: 'muted', text: 'paused by the debugger' };
  }
}

function tooltip({ name, location, hasMetrics }: VertexView): string {
  const where = location === null ? name : `${name}, ${format.fileName(location.file)}:${location.line}`;
  const ways = [
    ...(location === null ? [] : ['double click or Enter opens it']),
    ...(hasMetrics ? ['a click or Space shows its metrics'] : []),
  ];
  return ways.length === 0 ? where : `${where} (${ways.join('; ')})`;
}

function spoken(view: VertexView): string {
  const rate =
    view.perSecond === null ? 'rate not known' : `${format.threeDigits(view.perSecond)} records per second`;
  const load =
    view.busy === null
      ? ''
      : `, ${format.share(view.busy)} busy, ${format.share(view.backpressured)} backpressured, ${format.share(view.idle)} idle`;
  return `${view.name}, parallelism ${view.parallelism}, ${rate}${load}, ${footWords(view.foot.kind, view.foot.checkpoint).text}${view.hasMetrics ? ', has metrics' : ''}`;
}
