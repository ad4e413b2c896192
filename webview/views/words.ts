/** Small pieces that every view uses: a number that may not be known, a figure with its unit set back, a chip. */
import { html, nothing, type TemplateResult } from 'lit';
import { unknown } from '../model/format.ts';
import { type IconName, icon } from './icons.ts';

/** "–" carries the reason why nothing is known. */
export function orUnknown(text: string, reason: string): TemplateResult | string {
  return text === unknown
    ? html`<span class="muted" title=${reason}>${unknown}<span class="hidden-text"> ${reason}</span></span>`
    : text;
}

/** "24.1 MiB" with the unit in the secondary colour. */
export function figure(text: string, reason = 'Not known'): TemplateResult | string {
  const match = /^([−+~]?[\d.,]+k?) (\S+)$/.exec(text);
  return match === null ? orUnknown(text, reason) : html`${match[1]} <span class="unit">${match[2]}</span>`;
}

export type Tone = 'wait' | 'done' | 'fail' | 'barrier' | 'water' | 'plain';

export function chip(
  tone: Tone,
  text: string | TemplateResult,
  name?: IconName,
  title?: string,
): TemplateResult {
  return html`<span class="chip ${tone}" title=${title ?? nothing}>${name === undefined ? nothing : icon(name)}${text}</span>`;
}

export function sectionHead(
  title: string,
  aside: TemplateResult | string | typeof nothing,
  tools: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`<div class="section-head"><h2>${title}</h2><span class="aside">${aside}</span><span class="grow"></span>${tools}</div>`;
}

/** One sentence, one action, in the data's place. */
export function empty(sentence: string, action: TemplateResult | typeof nothing = nothing): TemplateResult {
  return html`<div class="empty"><p>${sentence}</p>${action}</div>`;
}
