/** Who this is and how it is: status, uptime, mode, last checkpoint; and the two things that are done most. */
import { html, nothing, type TemplateResult } from 'lit';
import type { JobInfo } from '../../runtime/protocol/job.ts';
import * as format from '../model/format.ts';
import { openStall } from '../model/stall.ts';
import { type Context, isNarrow, type JobContext, whyNot } from './context.ts';
import { button, iconButton } from './controls.ts';
import { icon } from './icons.ts';
import { chip, type Tone } from './words.ts';

let menuOpen = false;

export function header(context: JobContext): TemplateResult {
  const { job, now } = context;
  const { info } = job;
  const stall = openStall(job);
  const narrow = isNarrow(context);
  const last = job.checkpoints.find(({ status }) => status === 'completed');
  const ends = ['finished', 'canceled', 'failed', 'suspended'].includes(info.status);
  const uptime = format.age((ends ? info.statusSince : now) - info.startedAt);
  const { checkpointConfig: config } = info;
  return html`<header class="header">
    <h1>${info.name}</h1>
    ${statusChip(info)}
    ${stall === null ? nothing : chip('wait', `${narrow ? '' : 'Stalled '}${((now - stall.since) / 1_000).toFixed(1)} s`, 'warning', 'A barrier is waited for')}
    <div class="facts-line num">
      <span><span class="key">${ends ? 'Ran for' : 'Uptime'}</span>${uptime}</span>
      <span><span class="key">Parallelism</span>${narrow ? '×' : ''}${info.parallelism}</span>
      <span class=${config.mode === 'at-least-once' ? 't-wait' : ''} title=${config.mode === 'at-least-once' ? 'Nothing is blocked; duplicates after a failure are possible' : nothing}
        ><span class="key">Mode</span>${config.mode}${narrow ? '' : `, ${config.mode === 'at-least-once' ? 'duplicates possible' : modeWord(config)}`}</span>
      ${narrow ? nothing : html`<span><span class="key">Every</span>${config.intervalMs === null ? 'off' : every(config.intervalMs)}</span>`}
      <span><span class="key">Last checkpoint</span>${narrow ? html`<span class="muted">last</span> ` : nothing}${last === undefined ? html`<span title="None has completed yet">${format.unknown}</span>` : `#${last.id}, ${format.age(now - (last.completedAt ?? now))} ago`}</span>
    </div>
    ${actions(context)}
  </header>`;
}

function modeWord({ unaligned, alignedTimeoutMs }: JobInfo['checkpointConfig']): string {
  if (!unaligned) return 'aligned';
  return alignedTimeoutMs === 0 ? 'unaligned' : `unaligned after ${every(alignedTimeoutMs)}`;
}

function every(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : ms % 1_000 === 0 && ms < 60_000 ? `${ms / 1_000} s` : format.duration(ms);
}

function statusChip(info: JobInfo): TemplateResult {
  const words: Readonly<Record<JobInfo['status'], readonly [Tone, string, Parameters<typeof icon>[0]]>> = {
    created: ['plain', 'Starting', 'clock'],
    running: ['done', 'Running', 'running'],
    failing: ['fail', 'Failing', 'failed'],
    restarting: ['fail', 'Restarting', 'failed'],
    stopping: ['plain', 'Stopping', 'stop'],
    cancelling: ['plain', 'Cancelling', 'stop'],
    finished: ['plain', 'Finished', 'tick'],
    canceled: ['plain', 'Canceled', 'stop'],
    failed: ['fail', 'Failed', 'failed'],
    suspended: ['plain', 'Suspended', 'pause'],
  };
  const [tone, text, name] = words[info.status];
  return chip(tone, text, name);
}

function actions(context: JobContext): TemplateResult {
  const { controller, state } = context;
  const noSavepoint = whyNot(context, 'savepoint/take');
  const noStop = whyNot(context, 'job/stop');
  const taking = state.pending.some(({ kind }) => kind === 'take-savepoint');
  const narrow = isNarrow(context);
  const take = () => controller.dialog({ kind: 'take-savepoint' });
  const stop = () => controller.dialog({ kind: 'stop', drain: false });
  return html`<div class="actions">
    ${
      narrow
        ? html`${iconButton({ label: 'Take savepoint', icon: 'bookmark', off: noSavepoint ?? (taking ? 'one is being taken' : null), onPress: take })}
          ${iconButton({ label: 'Stop with savepoint', icon: 'stop', off: noStop, onPress: stop })}`
        : html`${button({ label: taking ? 'Taking savepoint…' : 'Take savepoint', icon: 'bookmark', off: taking ? 'One is being taken.' : noSavepoint, onPress: take })}
          ${button({ label: 'Stop with savepoint', icon: 'stop', off: noStop, onPress: stop })}`
    }
    ${iconButton({ label: 'More actions', icon: 'more', pressed: menuOpen, onPress: () => toggleMenu(context) })}
    ${menuOpen ? menu(context) : nothing}
  </div>`;
}

function toggleMenu(context: Context): void {
  menuOpen = !menuOpen;
  context.controller.around.changed();
}

function menu(context: JobContext): TemplateResult {
  const { controller } = context;
  const entry = (label: string, off: string | null, act: () => void) =>
    html`<button type="button" role="menuitem" aria-disabled=${off === null ? nothing : 'true'} @click=${() => {
      if (off !== null) return;
      menuOpen = false;
      act();
      controller.around.changed();
    }}><span>${label}${off === null ? nothing : html`<span class="why">${off}</span>`}</span></button>`;
  const close = (event: KeyboardEvent) => {
    if (event.key === 'Escape') toggleMenu(context);
  };
  return html`<div class="menu" role="menu" aria-label="More actions" @keydown=${close}>
    ${entry('Drain and stop with savepoint…', whyNot(context, 'job/stop'), () => controller.dialog({ kind: 'stop', drain: true }))}
    ${entry('Trigger a checkpoint', whyNot(context, 'checkpoint/trigger'), () => void controller.triggerCheckpoint())}
    ${context.job.info.checkpointConfig.unaligned ? entry('Switch to aligned checkpoints', whyNot(context, 'checkpoint/configure'), () => void controller.switchMode(false)) : entry('Switch to unaligned checkpoints', whyNot(context, 'checkpoint/configure'), () => void controller.switchMode(true))}
    ${entry('Cancel without savepoint…', whyNot(context, 'job/cancel'), () => controller.dialog({ kind: 'cancel' }))}
    ${entry('Exceptions and log', null, () => controller.show({ kind: 'events' }))}
    ${controller.around.showLog === null ? nothing : entry('Show the runtime’s output', null, controller.around.showLog)}
  </div>`;
}

/** A sub page: where it belongs, what it is, and what can be done with it. */
export function crumbs(
  context: Context,
  path: readonly { readonly label: string; readonly open: () => void }[],
  title: string | TemplateResult,
  tools: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const jobName = context.state.job?.info.name ?? 'Savepoints';
  const first = { label: jobName, open: () => context.controller.show({ kind: 'overview' }) };
  return html`<header class="header">
    <nav class="crumbs" aria-label="Where you are">
      ${[first, ...path].map(({ label, open }) => html`<button type="button" class="link" @click=${open}>${label}</button><span class="slash" aria-hidden="true">/</span>`)}
      ${title}
    </nav>
    <div class="actions">${tools}</div>
  </header>`;
}

/** Lost connections, failures, restores: what must be known before anything else is read. */
export function bands(context: Context): TemplateResult {
  const { state, controller, now } = context;
  const info = state.job?.info;
  const lost = state.connection.kind === 'lost' ? state.connection : null;
  const exception = state.job?.exceptions[0];
  const isBroken = info !== undefined && ['failed', 'failing', 'restarting'].includes(info.status);
  return html`${
    lost !== null && state.job !== null
      ? html`<div class="band wait" role="status">
          ${icon('warning', 't-wait')}<span><b>Disconnected.</b> As of ${format.clock(lost.since + state.clockOffsetMs)}. ${lost.reason}</span><span class="grow"></span>
          ${button({ label: 'Try again', size: 'small', onPress: () => controller.around.reconnect() })}
        </div>`
      : nothing
  }
    ${
      isBroken && info !== undefined
        ? html`<div class="band fail" role="alert">
          ${icon('failed', 't-fail')}
          <span><b>${info.status === 'restarting' && info.restartAt !== null ? `Restarting in ${format.duration(Math.max(0, info.restartAt - now))}.` : info.status === 'restarting' ? 'Restarting.' : 'Failed.'}</b> ${info.reason ?? ''}</span>
          <span class="grow"></span>
          ${
            exception?.location
              ? button({
                  label: `Open ${format.fileName(exception.location.file)}:${exception.location.line}`,
                  icon: 'code',
                  size: 'small',
                  look: 'primary',
                  onPress: () => controller.openSource(exception.location!),
                })
              : nothing
          }
          ${button({ label: 'Exceptions', size: 'small', onPress: () => controller.show({ kind: 'events' }) })}
          ${
            exception === undefined
              ? nothing
              : html`<pre tabindex="0" aria-label="Exception">${exception.name}: ${exception.message}${exception.stack
                  .split('\n')
                  .slice(1, 3)
                  .map((line) => `\n${line}`)}</pre>`
          }
        </div>`
        : nothing
    }
    ${info?.restoredFrom ? restoredBand(context as JobContext) : nothing}`;
}

/** The proof after a restore: what was read again, and whether a checkpoint has completed since. */
function restoredBand({ job, state, controller }: JobContext): TemplateResult | typeof nothing {
  const from = job.info.restoredFrom;
  if (from === null) return nothing;
  const since = job.checkpoints
    .filter(({ status, triggeredAt }) => status === 'completed' && triggeredAt >= from.at)
    .at(-1);
  const name = from.label === null ? `${from.kind} #${from.checkpointId}` : `“${from.label}”`;
  const details = state.savepointDetails.get(from.id);
  const offsets = details?.sources
    .map(({ operator, split, offset }) => `${operator} ${split} from ${format.whole(offset)}`)
    .join(', ');
  return html`<div class="band" role="status">
    ${icon('restore', since === undefined ? 'muted' : 't-done')}
    <span><b>Restored from ${name}</b> (#${from.checkpointId}) at ${format.clock(from.at)}; ${since === undefined ? 'no checkpoint since has completed yet.' : `the first checkpoint since, #${since.id}, has completed.`}${offsets === undefined ? '' : ` Read again: ${offsets}.`}</span>
    <span class="grow"></span>
    ${state.savepoints.some(({ id }) => id === from.id) ? html`<button type="button" class="link" @click=${() => controller.show({ kind: 'savepoint', savepoint: from.id })}>Savepoint</button>` : nothing}
  </div>`;
}
