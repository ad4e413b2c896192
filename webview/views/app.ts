/** Which page is shown, and what lies over every page. */
import { html, nothing, type TemplateResult } from 'lit';
import { openStall, verdictOf } from '../model/stall.ts';
import { checkpointPage } from './checkpointPage.ts';
import { comparePage } from './comparePage.ts';
import type { Context, JobContext } from './context.ts';
import { button, iconButton, progressRing } from './controls.ts';
import { dialogs } from './dialogs.ts';
import { eventsPage } from './eventsPage.ts';
import { overview } from './overview.ts';
import type { RiverSurface } from './riverSurface.ts';
import { savepointPage } from './savepointPage.ts';
import { savepointsPanel } from './savepointsPanel.ts';
import { stallPage } from './stallPage.ts';

/** Nothing is shown for the first 300 ms, and a progress line only after a second: most connections are faster. */
export function app(context: Context, surface: RiverSurface, waitingMs: number): TemplateResult {
  const { state } = context;
  const lost = state.connection.kind === 'lost';
  return html`<div class="app ${lost ? 'old' : ''} ${state.ui.view.kind === 'compare' ? 'comparing' : ''}">${page(context, surface, waitingMs)}</div>
    ${dialogs(context)} ${notices(context)}
    <div class="hidden-text" role="status" aria-live="polite">${announcement(context)}</div>`;
}

function page(context: Context, surface: RiverSurface, waitingMs: number): TemplateResult | typeof nothing {
  const { state } = context;
  const { view } = state.ui;
  if (view.kind === 'compare') return comparePage(context);
  if (view.kind === 'savepoint') return savepointPage(context, view.savepoint);
  if (state.job === null) return withoutJob(context, waitingMs);
  const job: JobContext = { ...context, job: state.job };
  switch (view.kind) {
    case 'checkpoint':
      return checkpointPage(job, view.id);
    case 'stall':
      return stallPage(job, view.id);
    case 'events':
      return eventsPage(job);
    case 'overview':
    case 'restore':
      return overview(job, surface);
  }
}

function withoutJob(context: Context, waitingMs: number): TemplateResult | typeof nothing {
  const { state, controller } = context;
  const { connection } = state;
  switch (connection.kind) {
    case 'connecting':
    case 'live':
      if (waitingMs < 300) return nothing;
      return html`<header class="header"><h1>–</h1><span class="muted">Connecting to the runtime</span></header>
        ${waitingMs < 1_000 ? nothing : html`<div class="progress-line" role="progressbar" aria-label="Connecting"><i></i></div>`}`;
    case 'lost':
      return html`<div class="empty page" role="alert"><p>${connection.reason}</p>${button({ label: 'Try again', look: 'primary', onPress: () => controller.around.reconnect() })}</div>`;
    case 'no-job':
      return html`<header class="header"><h1>Savepoints</h1><span class="muted">${connection.reason}</span>
          <div class="actions">${connection.canRun && controller.around.run !== null ? button({ label: 'Run pipeline', icon: 'running', look: 'primary', onPress: controller.around.run }) : nothing}</div></header>
        <section class="section" aria-label="Savepoints">${savepointsPanel(context)}</section>`;
  }
}

function notices({ state, controller }: Context): TemplateResult {
  return html`<div class="notices" aria-live="polite">
    ${state.pending.map(({ text }) => html`<div class="notice">${progressRing(text)}<span class="grow">${text}…</span></div>`)}
    ${state.notices.map(({ id, level, text }) => html`<div class="notice ${level}" role=${level === 'error' ? 'alert' : nothing}><span class="grow">${text}</span>${iconButton({ label: 'Dismiss', icon: 'close', onPress: () => controller.dismiss(id) })}</div>`)}
  </div>`;
}

let announced: { readonly stall: number; readonly text: string } | null = null;

/** A stall is announced once: the sentence of its first moment stays while it is open. */
function announcement({ state, now }: Context): string {
  const stall = state.job === null ? null : openStall(state.job);
  if (stall === null || state.job === null) {
    announced = null;
    return '';
  }
  if (announced?.stall !== stall.id)
    announced = { stall: stall.id, text: `Stalled. ${verdictOf(state.job, stall, now).headline}` };
  return announced.text;
}
