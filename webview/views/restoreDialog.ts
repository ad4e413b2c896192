/**
 * The pre-flight of a restore: per state what will happen to it, what comes again, and which consents are needed.
 * Nothing is touched before the last button, and that one stays off until every consent is given.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { JobStatus } from '../../runtime/protocol/job.ts';
import type { Preflight, PreflightItem, PreflightVerdict } from '../../runtime/protocol/savepoints.ts';
import type { Dialog } from '../model/dashboardState.ts';
import * as format from '../model/format.ts';
import type { Context } from './context.ts';
import { button, checkbox, dropdown, progressRing } from './controls.ts';
import { frame } from './dialogs.ts';
import { type IconName, icon } from './icons.ts';

type Choice = 'supersede' | 'allowNonRestoredState' | 'claim';
type Consent = (change: Partial<Record<Choice, boolean>>) => void;
type RestoreDialog = Extract<Dialog, { kind: 'restore' }>;

const order: readonly PreflightVerdict[] = [
  'impossible',
  'dropped',
  'migrated',
  'rescaled',
  'as-is',
  'new-and-empty',
];
const looks: Readonly<Record<PreflightVerdict, readonly [IconName, string, string]>> = {
  impossible: ['forbidden', 't-fail', 'Impossible'],
  dropped: ['trash', 't-wait', 'Dropped, needs consent'],
  migrated: ['migrate', 't-done', 'Migrated'],
  rescaled: ['rescale', 't-done', 'Rescaled'],
  'as-is': ['done', 't-done', 'As is'],
  'new-and-empty': ['plus', 't-water', 'New and empty'],
};

export function restoreDialog(context: Context, dialog: RestoreDialog, close: () => void): TemplateResult {
  const { state, controller, now } = context;
  const savepoint = state.savepoints.find(({ id }) => id === dialog.savepoint);
  const info = state.job?.info;
  const parallelism = dialog.parallelism ?? info?.parallelism ?? savepoint?.parallelism ?? 1;
  const name = savepoint?.label ?? `Savepoint ${savepoint?.checkpointId ?? dialog.savepoint}`;
  const choices = [...new Set([1, 2, 3, 4, 6, 8, parallelism])]
    .sort((a, b) => a - b)
    .map((one) => ({ value: String(one), label: String(one) }));
  const head = html`<div class="into">
    <span class="t-barrier">${icon('bookmarkFilled')}</span><b>${name}</b>
    <span class="muted num">#${savepoint?.checkpointId ?? format.unknown}, ${savepoint === undefined ? '' : `${format.day(savepoint.createdAt, now)}, ${format.bytes(savepoint.bytes)}`}</span>
    <span class="muted">into</span> <b>${info?.pipelineFile == null ? (info?.name ?? 'the job') : format.fileName(info.pipelineFile)}</b>
    <span class="muted">at parallelism</span> ${dropdown('Parallelism', choices, String(parallelism), (value) => void controller.openRestore(dialog.savepoint, Number(value)))}
  </div>`;
  const restoring = state.pending.some(({ kind }) => kind === 'restore');
  const missing = missingConsents(dialog);
  const loaded = dialog.preflight.kind === 'loaded' ? dialog.preflight.value : null;
  const ended = info === undefined ? null : endedText(info.status);
  const off = restoring
    ? 'Restoring.'
    : ended !== null
      ? ended
      : loaded === null
        ? 'The pre-flight is not done.'
        : !loaded.possible
          ? 'A state cannot be restored.'
          : missing > 0
            ? 'Consent is missing.'
            : state.connection.kind === 'live'
              ? null
              : 'The runtime is not connected.';
  const foot = html`<span class="why" role="status">${verdictLine(dialog, missing, ended)}</span>
    ${button({ label: 'Cancel', autofocus: true, onPress: close })}
    ${button({ label: restoring ? 'Restoring…' : info?.status === 'running' ? 'Stop and restore' : 'Restore', icon: 'restore', look: 'primary', off, onPress: () => void controller.restore() })}`;
  return frame(
    `Restore ${info?.name ?? savepoint?.job ?? ''}`,
    close,
    body(dialog, controller.consent.bind(controller), info?.status === 'running'),
    foot,
    undefined,
    true,
    head,
  );
}

/** A runtime runs its job once; whoever starts jobs starts it from the savepoint. */
function endedText(status: JobStatus): string | null {
  switch (status) {
    case 'finished':
    case 'canceled':
    case 'failed':
    case 'suspended':
      return `The job is ${status}: run its pipeline from this savepoint instead.`;
    default:
      return null;
  }
}

function missingConsents({ preflight, supersede, allowNonRestoredState }: RestoreDialog): number {
  if (preflight.kind !== 'loaded') return 0;
  const given = { supersede, 'allow-non-restored-state': allowNonRestoredState };
  return preflight.value.needs.filter((need) => !given[need]).length;
}

function verdictLine(
  { preflight, refusal }: RestoreDialog,
  missing: number,
  ended: string | null,
): TemplateResult | typeof nothing {
  if (ended !== null) return html`<span class="t-wait">${icon('warning')}</span> ${ended}`;
  if (refusal !== null) return html`<span class="t-fail">${icon('failed')}</span> ${refusal}`;
  if (preflight.kind !== 'loaded') return nothing;
  const impossible = preflight.value.items.filter(({ verdict }) => verdict === 'impossible').length;
  if (impossible > 0)
    return html`<span class="t-fail">${icon('forbidden')}</span> ${format.counted(impossible, 'state')} cannot be restored${missing > 0 ? `, ${missing} ${missing === 1 ? 'consent is' : 'consents are'} missing` : ''}.`;
  if (missing > 0)
    return html`<span class="t-wait">${icon('warning')}</span> ${missing === 1 ? 'One consent is' : `${format.countWord(missing)} consents are`} missing.`;
  return html`<span class="t-done">${icon('done')}</span> Everything can be restored.`;
}

function body(
  { preflight, supersede, allowNonRestoredState, claim }: RestoreDialog,
  consent: Consent,
  running: boolean,
): TemplateResult {
  switch (preflight.kind) {
    case 'loading':
      return html`<div class="dialog-body"><div class="row">${progressRing('Comparing savepoint and plan')} <span>Comparing the savepoint with the plan. Nothing has been touched.</span></div></div>`;
    case 'failed':
      return html`<div class="dialog-body"><p class="t-fail">${preflight.message}</p></div>`;
    case 'loaded':
      return findings(preflight.value, { supersede, allowNonRestoredState, claim }, consent, running);
  }
}

function findings(
  { savepoint, items, supersededParts, replay, needs }: Preflight,
  given: Readonly<Record<Choice, boolean>>,
  consent: Consent,
  running: boolean,
): TemplateResult {
  const sorted = items.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const count = (...verdicts: PreflightVerdict[]) =>
    items.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const tally = (number: number, name: IconName, tone: string, text: string) =>
    number === 0 ? nothing : html`<span>${icon(name, tone)}${number} ${text}</span>`;
  const consents = needs.length;
  return html`<div class="tally">
      <b>Pre-flight</b>
      ${tally(count('impossible'), 'forbidden', 't-fail', 'impossible')}
      ${tally(consents, 'warning', 't-wait', consents === 1 ? 'needs your consent' : 'need your consent')}
      ${tally(count('as-is', 'rescaled', 'migrated'), 'done', 't-done', 'restored')}
      ${tally(count('new-and-empty'), 'plus', 't-water', 'new')}
      <span class="grow"></span><span class="muted">Nothing has been touched.</span>
    </div>
    <ul class="findings">
      ${sorted.filter(isUrgent).map((item) => finding(item, item.verdict === 'dropped' ? checkbox('Drop it', given.allowNonRestoredState, (allowNonRestoredState) => consent({ allowNonRestoredState })) : nothing))}
      ${
        supersededParts.length === 0
          ? nothing
          : html`<li class="dropped">
            ${icon('warning', 't-wait')}
            <span><b>${[...new Set(supersededParts.map(({ operator }) => operator))].join(', ')}</b></span>
            <b class="verdict-word">Superseded, needs consent</b>
            <span class="text">${format.counted(supersededParts.length, 'part')} committed after this point, ${format.bytes(supersededParts.reduce((sum, { bytes }) => sum + bytes, 0))}. Their records come again, so the old files are renamed to .superseded-…</span>
            ${checkbox('Supersede them', given.supersede, (agreed) => consent({ supersede: agreed }))}
          </li>`
      }
      ${sorted.filter((item) => !isUrgent(item)).map((item) => finding(item, nothing))}
    </ul>
    <div class="then">
      <div>
        <h3>What happens then</h3>
        <dl>
          <dt>Read again</dt><dd>${replayText(replay)}</dd>
          <dt>Committed output</dt><dd>${supersededParts.length === 0 ? 'stays as it is; nothing was committed after this point' : `${format.counted(supersededParts.length, 'part')} renamed, their records are written anew`}</dd>
          ${running ? html`<dt>Running job</dt><dd>is cancelled first; its last completed checkpoint stays</dd>` : nothing}
        </dl>
      </div>
      <div>
        <h3>The savepoint</h3>
        <dl>${
          given.claim
            ? html`<dt>Claim</dt><dd>It is handed over: Sluice deletes it when newer checkpoints have subsumed it.</dd>`
            : html`<dt>No claim</dt><dd>It stays yours, untouched, and can be restored again.</dd>`
        }</dl>
        ${savepoint.kind === 'savepoint' ? checkbox('Hand it over', given.claim, (claim) => consent({ claim })) : nothing}
      </div>
    </div>`;
}

const isUrgent = ({ verdict }: PreflightItem) => verdict === 'impossible' || verdict === 'dropped';

function finding(item: PreflightItem, tool: TemplateResult | typeof nothing): TemplateResult {
  const [name, tone, words] = looks[item.verdict];
  const size =
    item.keys === null || item.keys === 0 || item.text.includes(format.whole(item.keys))
      ? ''
      : ` ${format.counted(item.keys, 'key')}${item.bytes === null ? '' : `, ${format.bytes(item.bytes)}`}.`;
  return html`<li class=${item.verdict}>
    ${icon(name, tone)}
    <span><b>${item.name}</b>${item.state === null ? nothing : html`<span class="muted"> · ${item.state}</span>`}</span>
    <span class="verdict-word">${item.verdict === 'impossible' || item.verdict === 'dropped' ? html`<b>${words}</b>` : words}</span>
    <span class="text">${item.text}${size}</span>
    ${tool}
  </li>`;
}

function replayText(replay: Preflight['replay']): string {
  const operators = [...new Set(replay.map(({ operator }) => operator))];
  if (operators.length === 0) return 'nothing: the savepoint holds no source position';
  return operators
    .map((operator) => {
      const own = replay.filter((split) => split.operator === operator);
      const known = own.every(({ to }) => to !== null);
      const records = own.reduce((sum, { from, to }) => sum + Math.max(0, (to ?? from) - from), 0);
      return known
        ? `${format.estimate(records)} records of ${operator}`
        : `${operator} from ${own.map(({ from }) => format.whole(from)).join(', ')}`;
    })
    .join(' and ');
}
