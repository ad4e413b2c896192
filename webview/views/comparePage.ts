/** Two savepoints side by side: how far apart, what changed per state, and every differing entry before and after. */
import { html, nothing, type TemplateResult } from 'lit';
import type {
  Comparison,
  EntryDifference,
  SavepointSummary,
  StateDifference,
} from '../../runtime/protocol/savepoints.ts';
import {
  amountOf,
  behindMs,
  byOperator,
  changeWords,
  differingParts,
  distanceOf,
  eventTimeApart,
  placeOf,
  rangeWord,
  readable,
  readableKey,
  sizeChange,
  stateTitle,
  type TextPart,
  totalsOf,
} from '../model/comparison.ts';
import type { Change, CompareState } from '../model/dashboardState.ts';
import * as format from '../model/format.ts';
import { type Context, whyNot } from './context.ts';
import { button, dropdown, iconButton, progressRing, searchField } from './controls.ts';
import { css } from './css.ts';
import { icon, operatorIcon } from './icons.ts';
import { chip, empty, orUnknown } from './words.ts';

const signs: Readonly<Record<Change, string>> = { changed: '~', added: '+', removed: '−' };

export function comparePage(context: Context): TemplateResult {
  const { state, controller } = context;
  const { compare } = state;
  const back = html`<button type="button" class="link" @click=${() => controller.show({ kind: 'overview' })}>${state.job?.info.name ?? 'Savepoints'}</button>`;
  if (compare === null)
    return html`<header class="header">${back}<h1>Compare</h1></header>${empty('Choose two savepoints to compare.')}`;
  const noRestore =
    whyNot(context, 'savepoint/restore', false) ??
    (state.job === null ? 'No job runs here; restore from its pipeline.' : null);
  const noDiff =
    controller.around.openTextDiff === null
      ? 'Opens in VS Code only.'
      : compare.selected === null
        ? 'Choose a state first.'
        : null;
  return html`<header class="header">
      <nav class="crumbs" aria-label="Where you are">${back}<span class="slash" aria-hidden="true">/</span><h1 class="hidden-text">Compare savepoints</h1></nav>
      <div class="sides">
        ${side(context, 'A', compare.a, (id) => controller.show({ kind: 'compare', a: id, b: compare.b }))}
        ${iconButton({ label: 'Swap A and B', icon: 'compare', onPress: () => controller.show({ kind: 'compare', a: compare.b, b: compare.a }) })}
        ${side(context, 'B', compare.b, (id) => controller.show({ kind: 'compare', a: compare.a, b: id }))}
      </div>
      <div class="actions">
        ${button({ label: 'Open as text diff', size: 'small', off: noDiff, onPress: () => void controller.openTextDiff() })}
        ${button({ label: 'Restore B', icon: 'restore', size: 'small', off: noRestore, onPress: () => void controller.openRestore(compare.b) })}
      </div>
    </header>
    ${body(context, compare)}`;
}

function side(
  { state, now }: Context,
  letter: string,
  id: string,
  choose: (id: string) => void,
): TemplateResult {
  const compared = state.compare?.comparison;
  const loaded = compared?.kind === 'loaded' ? [compared.value.a, compared.value.b] : [];
  const summary = [...state.savepoints, ...loaded].find((known) => known.id === id);
  const choices = state.savepoints.map((known) => ({
    value: known.id,
    label: known.label ?? `#${known.checkpointId}`,
  }));
  if (state.job !== null) choices.unshift({ value: 'latest', label: 'Newest checkpoint' });
  if (!choices.some(({ value }) => value === id))
    choices.push({ value: id, label: summary === undefined ? id : nameOf(summary) });
  return html`<div class="side">
    <div class="title"><span class="side-badge">${letter}</span><span class="t-barrier">${icon('bookmarkFilled')}</span>${dropdown(`Savepoint ${letter}`, choices, id, choose)}</div>
    ${summary === undefined ? nothing : html`<div class="under"><span>#${summary.checkpointId}</span><span>${format.day(summary.createdAt, now)}</span><span>${format.bytes(summary.bytes)}</span><span>${format.counted(summary.keys, 'key')}</span><span>parallelism ${summary.parallelism}</span></div>`}
  </div>`;
}

const nameOf = ({ kind, label, checkpointId }: SavepointSummary): string =>
  label ?? (kind === 'checkpoint' ? `Checkpoint #${checkpointId}` : `#${checkpointId}`);

function body(context: Context, compare: CompareState): TemplateResult {
  switch (compare.comparison.kind) {
    case 'loading':
      return html`<div class="empty page">${progressRing('Comparing')}<p>Comparing the two savepoints, key by key.${progressText(compare)}</p>
        ${button({ label: 'Cancel', size: 'small', onPress: () => context.controller.cancelCompare() })}</div>`;
    case 'failed':
      return html`<div class="empty page" role="alert"><p>${compare.comparison.message}</p>
        ${button({ label: 'Compare again', size: 'small', onPress: () => context.controller.compareAgain() })}</div>`;
    case 'loaded':
      return html`${remarks(compare.comparison.value)}${apart(context, compare.comparison.value)}
        <div class="compare-body">
          <section class="section tree" aria-label="Operators">${tree(context, compare, compare.comparison.value)}</section>
          <section class="section" aria-label="Entries">${entries(context, compare, compare.comparison.value)}</section>
        </div>`;
  }
}

function progressText({ progress }: CompareState): TemplateResult | typeof nothing {
  if (progress === null || progress.total === 0) return nothing;
  const { done, total } = progress;
  return html` <span class="num">${format.whole(done)} of ${format.whole(total)} entries, ${format.share(done / total)}.</span>`;
}

function remarks({ remarks: sentences }: Comparison): TemplateResult | typeof nothing {
  if (sentences.length === 0) return nothing;
  return html`<ul class="remarks s12" role="status">${sentences.map((sentence) => html`<li><span class="t-wait">${icon('warning')}</span> ${sentence}</li>`)}</ul>`;
}

/** Only unaligned checkpoints have any. */
function inFlight({ inFlight: found }: Comparison): TemplateResult | typeof nothing {
  if (found.channelsTotal === 0) return nothing;
  const more = found.channelsTotal - found.channels.length;
  return html`<div class="in-flight num" tabindex="0" role="region" aria-label="Records in flight">
    <table class="lined">
      <thead><tr><th scope="col">In flight, by channel</th><th scope="col" class="n">A</th><th scope="col" class="n">B</th></tr></thead>
      <tbody>${found.channels
        .slice(0, channelsShown)
        .map(
          ({ edge, from, to, recordsA, recordsB }) =>
            html`<tr><td>${edge}, ${from} → ${to}</td><td class="n">${format.whole(recordsA)}</td><td class="n">${format.whole(recordsB)}</td></tr>`,
        )}</tbody>
      <tfoot><tr><td><b>${format.counted(found.channelsTotal, 'channel')}</b>${more > 0 || found.channels.length > channelsShown ? html` <span class="muted">the fullest are shown</span>` : nothing}</td><td class="n"><b>${format.whole(found.recordsA)}</b></td><td class="n"><b>${format.whole(found.recordsB)}</b></td></tr></tfoot>
    </table>
  </div>`;
}

const channelsShown = 12;

function apart(context: Context, comparison: Comparison): TemplateResult {
  const distance = distanceOf(comparison);
  const ahead = distance.wallClockMs >= 0;
  const moreSplits = Math.max(0, comparison.positionsTotal - comparison.positions.length);
  return html`<div class="apart num">
    <div>
      <p class="muted s11">${ahead ? 'B is ahead of A by' : 'A is ahead of B by'}</p>
      <p><span class="big">${format.duration(Math.abs(distance.wallClockMs))}</span> <span class="muted">wall clock</span></p>
      <p class="s12">${distance.eventTimeMs === null ? html`<span class="muted">event time not known</span>` : `${format.duration(Math.abs(distance.eventTimeMs))} event time`}</p>
      <p class="s12">${distance.records === null ? html`<span class="muted">records not known</span>` : `${format.whole(Math.abs(distance.records))} source records`}</p>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-label="Source positions">
      <table class="lined">
        <thead><tr><th scope="col">Source position</th><th scope="col" class="n">A</th><th scope="col" class="n">B</th><th scope="col" class="n">Read in between</th><th scope="col" class="n wide-only">Event time</th><th scope="col" class="wide-only"><span class="hidden-text">Remark</span></th></tr></thead>
        <tbody>
          ${comparison.positions.map((position, index) => {
            const late = behindMs(comparison, index);
            return html`<tr>
              <td>${position.operator}, split ${position.split}</td>
              <td class="n">${format.whole(position.a)}</td>
              <td class="n">${format.whole(position.b)}</td>
              <td class="n">${position.records === null ? orUnknown(format.unknown, 'One side does not know the split') : format.signed(position.records)}</td>
              <td class="n wide-only">${orUnknown(format.difference(eventTimeApart(position)), 'One side has no event time')}</td>
              <td class="muted wide-only">${rangeWord(position)}${late !== null && late >= 5_000 ? html`<span class="t-wait">${icon('clock')}</span> ${format.age(late)} behind` : nothing}</td>
            </tr>`;
          })}
        </tbody>
        ${moreSplits === 0 ? nothing : html`<tfoot><tr><td colspan="6" class="muted">${format.counted(moreSplits, 'more split')}</td></tr></tfoot>`}
      </table>
      ${inFlight(comparison)}
    </div>
    <div class="wide-only">${span(context, comparison)}</div>
  </div>`;
}

/** Where the two lie between the start of the run and now. */
function span({ state, now }: Context, comparison: Comparison): TemplateResult {
  const [first, last] = [comparison.a, comparison.b].toSorted((x, y) => x.createdAt - y.createdAt) as [
    SavepointSummary,
    SavepointSummary,
  ];
  const started = state.job?.info.startedAt ?? first.createdAt;
  const from = Math.min(started, first.createdAt);
  const at = (time: number) => Math.min(100, Math.max(0, ((time - from) / Math.max(1, now - from)) * 100));
  const records = distanceOf(comparison).records;
  const mark = (summary: SavepointSummary) =>
    html`<span class="side-mark" ${css({ left: `${at(summary.createdAt)}%` })}><b>${summary === comparison.a ? 'A' : 'B'}</b></span>`;
  return html`<div class="row s12 muted"><span>${from === started ? `run started ${format.clock(started)}` : format.clock(from)}</span><span class="grow"></span><span>now ${format.clock(now)}</span></div>
    <div class="span" aria-hidden="true">
      <i class="base"></i>
      <i class="between" ${css({ left: `${at(first.createdAt)}%`, width: `${at(last.createdAt) - at(first.createdAt)}%` })}></i>
      ${mark(first)}${mark(last)}
      ${records === null || at(last.createdAt) - at(first.createdAt) < 20 ? nothing : html`<span class="caption" ${css({ left: `${(at(first.createdAt) + at(last.createdAt)) / 2}%` })}><b>${format.whole(Math.abs(records))} records</b></span>`}
    </div>`;
}

function tree({ controller, state }: Context, compare: CompareState, comparison: Comparison): TemplateResult {
  const totals = totalsOf(comparison.states);
  const types = new Map(
    state.job?.graph.vertices.flatMap(({ operators }) =>
      operators.map(({ uid, type }) => [uid, type] as const),
    ) ?? [],
  );
  const numbers = (
    row: { added: number; removed: number; changed: number; bytes: number | null },
    strong: boolean,
  ) => {
    const cell = (value: number, sign: string, tone: string) =>
      html`<td class="n ${value === 0 ? 'muted' : tone}">${strong ? html`<b>${value === 0 ? '0' : `${sign}${format.whole(value)}`}</b>` : value === 0 ? '0' : `${sign}${format.whole(value)}`}</td>`;
    return html`${cell(row.added, '+', 't-added')}${cell(row.removed, '−', 't-removed')}${cell(row.changed, '~', 't-changed')}<td class="n muted wide-only">${format.signed(row.bytes, format.bytes)}</td>`;
  };
  return html`<div class="section-head"><h2>Operators</h2>${comparison.samePlan ? chip('plain', 'same plan', 'tick') : chip('wait', 'plans differ', 'warning', comparison.planChanges.join(' '))}</div>
    ${comparison.planChanges.length === 0 ? nothing : html`<ul class="empty s12">${comparison.planChanges.map((change) => html`<li>${change}</li>`)}</ul>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Changes by operator and state">
      <table>
        <thead><tr><th scope="col"><span class="hidden-text">State</span></th><th scope="col" class="n">Added</th><th scope="col" class="n">Removed</th><th scope="col" class="n">Changed</th><th scope="col" class="n wide-only">Size change</th></tr></thead>
        <tbody>
          ${byOperator(comparison).map((operator) => {
            const type = types.get(operator.uid) ?? 'map';
            const role = type === 'source' || type === 'sink' ? type : 'operator';
            return html`<tr><td>${icon(operatorIcon(type, role, false))} <b>${operator.name}</b></td>${numbers(operator, true)}</tr>
              ${operator.states.map((row) => {
                const selected = compare.selected?.uid === row.uid && compare.selected.state === row.state;
                const choose = () => void controller.selectState(row.uid, row.state);
                return html`<tr class="state clickable ${selected ? 'selected' : ''}" @click=${choose}>
                  <td><button type="button" aria-pressed=${selected} @click=${(event: Event) => {
                    event.stopPropagation();
                    choose();
                  }}>${stateTitle(row)}</button> <span class="muted s11">${amountOf(row, row.keysB ?? row.keysA ?? 0)}</span></td>
                  ${numbers({ ...row, bytes: sizeChange(row) }, false)}
                </tr>`;
              })}`;
          })}
        </tbody>
        <tfoot><tr><td><b>All states</b></td>${numbers(totals, true)}</tr></tfoot>
      </table>
    </div>`;
}

function entries(context: Context, compare: CompareState, comparison: Comparison): TemplateResult {
  const { controller } = context;
  const { selected } = compare;
  if (selected === null) return empty('Choose a state to see its entries.');
  const row = comparison.states.find(({ uid, state }) => uid === selected.uid && state === selected.state);
  if (row === undefined) return empty('This state is in neither of the two.');
  const words = changeWords(row.role);
  const toggle = (change: Change, count: number) =>
    html`<button type="button" class="toggle" aria-pressed=${compare.changes.includes(change)} @click=${() => void controller.toggleChange(change)}><span class="t-${change}" aria-hidden="true"><b>${signs[change]}</b></span>${format.whole(count)} ${words[change]}</button>`;
  const total = compare.changes.reduce((sum, change) => sum + row[change], 0);
  return html`<div class="section-head"><h2>${row.name}, ${stateTitle(row)}</h2><span class="aside">${schemaText(row)}</span><span class="grow"></span><span class="aside">compared in ${comparison.tookMs < 10 ? `${Math.ceil(comparison.tookMs)} ms` : `${(comparison.tookMs / 1_000).toFixed(2)} s`}</span></div>
    <div class="filters">${toggle('changed', row.changed)}${toggle('added', row.added)}${toggle('removed', row.removed)}<span class="muted s12">${format.whole(row.unchanged)} unchanged${row.touched === null ? nothing : `, ${format.whole(row.touched)} of them touched`}</span><span class="grow"></span>${searchField('Find key', compare.keyContains, (text) => void controller.filterKeys(text))}</div>
    ${
      compare.entries.length === 0
        ? empty(compare.loadingEntries ? 'Reading the entries.' : 'No entry differs here.')
        : html`<div class="entries scroll ${compare.entries.some((entry) => placeOf(entry) !== null) ? 'placed' : ''}" tabindex="0" role="region" aria-label="Differing entries">
          <table>
            <colgroup><col class="m" /><col class="k" /><col /><col /></colgroup>
            <thead><tr><th scope="col"><span class="hidden-text">Change</span></th><th scope="col">Key</th><th scope="col">A&ensp;${nameOf(comparison.a)}</th><th scope="col">B&ensp;${nameOf(comparison.b)}</th></tr></thead>
            <tbody>${compare.entries.map((entry) => entryRow(context, compare, entry, words[entry.change]))}</tbody>
          </table>
        </div>`
    }
    <div class="section-foot"><span class="grow num">Rows ${compare.entries.length === 0 ? '0' : `1 to ${format.whole(compare.entries.length)}`}${compare.keyContains === '' ? ` of ${format.whole(total)}` : ''}</span>
      ${compare.next === null ? nothing : button({ label: compare.loadingEntries ? 'Loading…' : 'Show more', size: 'small', off: compare.loadingEntries ? 'Loading.' : null, onPress: () => void controller.moreEntries() })}</div>`;
}

function schemaText({ type, role, schemaA, schemaB }: StateDifference): string {
  const kind = role === 'state' ? `${type} state` : 'kept by the operator';
  return schemaA === null || schemaB === null || schemaA === schemaB
    ? kind
    : `${kind}, v${schemaA} → v${schemaB}`;
}

function entryRow(
  { controller }: Context,
  compare: CompareState,
  entry: EntryDifference,
  word: string,
): TemplateResult {
  const { change, key, at, isShortened, touchedBefore, touchedAfter } = entry;
  const whole = compare.whole.get(at);
  const { before, after } = whole ?? entry;
  const left = before === null ? null : readable(before);
  const right = after === null ? null : readable(after);
  const parts = left !== null && right !== null ? differingParts(left, right) : null;
  const isTimer = before === null && after === null;
  const text = (
    shown: string | null,
    marked: readonly TextPart[] | undefined,
    side: 'before' | 'after',
    touched: number | null,
  ) => {
    if (isTimer && change === (side === 'before' ? 'removed' : 'added'))
      return html`<td class=${side}>set</td>`;
    if (shown === null) return html`<td class="nothing"><span class="hidden-text">absent</span></td>`;
    return html`<td class="${side} ${whole === undefined ? '' : 'whole'}" title=${whole === undefined ? shown.slice(0, tooltipMax) : nothing}>${marked === undefined ? shown : marked.map((part) => (part.differs && part.text.trim() !== '' ? html`<mark class=${side}>${part.text}</mark>` : part.text))}${touched === null ? nothing : html` <span class="muted">touched ${format.moment(touched)}</span>`}</td>`;
  };
  const place = placeOf(entry);
  return html`<tr class=${change}>
    <td class="m t-${change}"><b aria-hidden="true">${signs[change]}</b><span class="hidden-text">${word}</span></td>
    <td title="${readableKey(key)}${place === null ? '' : ` ${place}`}">${readableKey(key)}${place === null ? nothing : html`&ensp;<span class="muted">${place}</span>`}${isShortened && whole === undefined ? html` <button type="button" class="link" @click=${() => void controller.showWhole(entry)}>Show all</button>` : nothing}</td>
    ${text(left, parts?.before, 'before', touchedBefore)}${text(right, parts?.after, 'after', touchedAfter)}
  </tr>`;
}

const tooltipMax = 1_000;
