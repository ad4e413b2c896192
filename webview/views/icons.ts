/** Icons on a 16 px grid, drawn with lines in the colour of the text around them. Each is decoration: the word beside it speaks. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

const shapes = {
  running: svg`<path class="f" d="M5 3.5v9l7.5-4.5z"/>`,
  warning: svg`<path d="M8 2.2 14.3 13.3H1.7z"/><path d="M8 6.3v3.4M8 11.4v.1"/>`,
  bookmark: svg`<path d="M4 2.5h8v11L8 10.5l-4 3z"/>`,
  bookmarkFilled: svg`<path class="f" d="M3.5 2h9v12.5L8 11l-4.5 3.5z"/>`,
  stop: svg`<rect x="4" y="4" width="8" height="8" rx="1"/>`,
  down: svg`<path d="m4.5 6.5 3.5 3.5 3.500-3.5"/>`,
  right: svg`<path d="m6.5 4.500 3.5 3.5-3.5 3.5"/>`,
  left: svg`<path d="m9.5 4.5-3.5 3.5 3.5 3.5"/>`,
  more: svg`<circle cx="3.5" cy="8" r="1" class="f"/><circle cx="8" cy="8" r="1" class="f"/><circle cx="12.5" cy="8" r="1" class="f"/>`,
  source: svg`<circle cx="8" cy="8" r="2.2" class="f"/><path d="M4.6 4.6a4.8 4.8 0 0 0 0 6.8M11.4 4.6a4.800 4.8 0 0 1 0 6.8"/>`,
  done: svg`<circle cx="8" cy="8" r="5.8"/><path d="m5.400 8.200 1.900 1.900 3.400-3.800"/>`,
  map: svg`<path d="M5.5 3C3.8 3 4.8 7 3 8c1.8 1 .8 5 2.5 5M10.5 3c1.7 0 .7 4 2.5 5-1.8 1-.8 5-2.5 5"/>`,
  join: svg`<path d="M2.5 4h3c2 0 2.5 4 4.5 4h3.5M2.5 12h3c2 0 2.5-4 4.5-4M11.5 5.8 13.7 8l-2.2 2.2"/>`,
  tick: svg`<path d="m3 8.5 3.3 3.3L13 5"/>`,
  hourglass: svg`<path d="M4 2.5h8M4 13.5h8M5 2.5c0 3.2 3 4 3 5.5s-3 2.3-3 5.5M11 2.5c0 3.200-3 4-3 5.5s3 2.3 3 5.5"/>`,
  window: svg`<rect x="2.5" y="3.5" width="11" height="9" rx="1"/><path d="M6.200 3.5v9M9.8 3.5v9"/>`,
  notHere: svg`<circle cx="8" cy="8" r="4" stroke-dasharray="2 2"/>`,
  sink: svg`<path d="M8 2.5v7M5.2 6.8 8 9.6l2.8-2.8M2.5 9.5v3c0 .6.4 1 1 1h9c.6 0 1-.4 1-1v-3"/>`,
  search: svg`<circle cx="7" cy="7" r="3.8"/><path d="m10 10 3.5 3.5"/>`,
  minus: svg`<path d="M3.5 8h9"/>`,
  plus: svg`<path d="M8 3.5v9M3.5 8h9"/>`,
  fit: svg`<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>`,
  code: svg`<path d="m5.5 4.500-3 3.5 3 3.5M10.5 4.5l3 3.5-3 3.5"/>`,
  gate: svg`<path d="M3 2v12M13 2v12" stroke-width="1.8"/><path d="M3 5.2h10M3 8h10M3 10.8h10"/>`,
  timeline: svg`<path d="M2.5 4h6M5 8h7M7.5 12h6" stroke-width="2"/>`,
  table: svg`<rect x="2.5" y="3" width="11" height="10" rx="1"/><path d="M2.5 6.3h11M2.5 9.6h11M6.5 6.3V13"/>`,
  chart: svg`<path d="M2.5 2.5v11h11M5 10.500l2.500-3 2 2 3.500-5"/>`,
  pin: svg`<path d="M6 2.5h4M6.5 2.5v4L4.5 9h7l-2-2.5v-4M8 9v4.5"/>`,
  follow: svg`<circle cx="8" cy="8" r="2"/><circle cx="8" cy="8" r="5.5"/>`,
  restore: svg`<path d="M3 8a5 5 0 1 0 1.6-3.7M3 2.8v2.7h2.700M8 5.5V8l1.8 1.3"/>`,
  compare: svg`<path d="M5 3v8M5 3 2.8 5.200M5 3l2.200 2.200M11 13V5M11 13l-2.200-2.200M11 13l2.2-2.2"/>`,
  close: svg`<path d="m4 4 8 8M12 4l-8 8"/>`,
  clock: svg`<circle cx="8" cy="8" r="5.8"/><path d="M8 4.5V8l2.4 1.6"/>`,
  forbidden: svg`<circle cx="8" cy="8" r="5.8"/><path d="m4 4 8 8"/>`,
  trash: svg`<path d="M3 4.5h10M6.5 4.500v-2h3v2M4.5 4.5l.6 9h5.8l.6-9"/>`,
  migrate: svg`<path d="M2.5 5.5h9M9 3l2.5 2.5L9 8M13.5 10.5h-9M7 8l-2.5 2.5L7 13"/>`,
  rescale: svg`<path d="M2.5 13.5 6.5 9.5M13.5 2.5l-4 4M10 2.5h3.5V6M6 13.5H2.5V10"/>`,
  info: svg`<circle cx="8" cy="8" r="5.8"/><path d="M8 7.3v3.5M8 5.1v.1"/>`,
  failed: svg`<circle cx="8" cy="8" r="5.8"/><path d="m5.8 5.8 4.4 4.400M10.2 5.8l-4.4 4.4"/>`,
  edit: svg`<path d="M3 13l.6-2.8L10.800 3l2.200 2.2-7.200 7.200z"/>`,
  copy: svg`<rect x="5.500" y="5.5" width="8" height="8" rx="1"/><path d="M10.5 5.500v-3h-8v8h3"/>`,
  pause: svg`<path d="M5.500 3.500v9M10.500 3.500v9" stroke-width="2"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof shapes;

export function icon(name: IconName, tone = ''): TemplateResult {
  return html`<svg class="icon ${tone}" viewBox="0 0 16 16" aria-hidden="true">${shapes[name]}</svg>`;
}

/** They have two inputs; what joins in any other way says so in its name. */
const joining: ReadonlySet<string> = new Set([
  'connect',
  'union',
  'coProcess',
  'coGroup',
  'broadcastProcess',
]);

/** For a vertex: by what its first operator is. */
export function operatorIcon(type: string, role: 'source' | 'operator' | 'sink', isJoin: boolean): IconName {
  if (role === 'source') return 'source';
  if (role === 'sink') return 'sink';
  if (isJoin || joining.has(type) || /join/i.test(type)) return 'join';
  return /window/i.test(type) ? 'window' : 'map';
}
