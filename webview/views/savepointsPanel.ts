/** Savepoints: what there is, and what can be done with each; taken by hand only, and never deleted by itself. */
import { html, nothing, type TemplateResult } from 'lit';
import type { SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import * as format from '../model/format.ts';
import { type Context, isNarrow, whyNot } from './context.ts';
import { button, iconButton } from './controls.ts';
import { icon } from './icons.ts';
import { empty, orUnknown, sectionHead } from './words.ts';

export function savepointsPanel(context: Context): TemplateResult {
  const { state, controller } = context;
  const { savepoints, damaged, ui } = state;
  const noTake = whyNot(context, 'savepoint/take');
  const take = () => controller.dialog({ kind: 'take-savepoint' });
  const tools = html`<span class="tools">${iconButton({ label: 'Take savepoint', icon: 'plus', off: noTake, onPress: take })}</span>`;
  const head = isNarrow(context)
    ? nothing
    : sectionHead('Savepoints', String(savepoints.length), state.job === null ? nothing : tools);
  return html`${head}
    ${ui.compareFrom === null ? nothing : compareHint(context, ui.compareFrom)}
    ${
      savepoints.length === 0 && damaged.length === 0
        ? empty(
            'No savepoints yet. Take one before you change the code.',
            state.job === null
              ? nothing
              : button({
                  label: 'Take savepoint',
                  icon: 'bookmark',
                  size: 'small',
                  off: noTake,
                  onPress: take,
                }),
          )
        : html`<ul class="savepoints" aria-label="Savepoints">${savepoints.map((savepoint) => row(context, savepoint))}
          ${damaged.map(({ path, message }) => html`<li><span class="t-fail">${icon('failed')}</span><span class="name">${format.fileName(path)}</span><span class="right">damaged</span><span class="under">${message}</span></li>`)}
        </ul>`
    }
    ${since(context)}`;
}

function compareHint({ state, controller }: Context, from: string): TemplateResult {
  const first = state.savepoints.find(({ id }) => id === from);
  return html`<div class="band"><span class="t-barrier">${icon('compare')}</span><span class="grow">Choose the second one to compare with “${first?.label ?? from}”.</span>${iconButton({ label: 'Do not compare', icon: 'close', onPress: () => controller.ui({ compareFrom: null }) })}</div>`;
}

function row(context: Context, savepoint: SavepointSummary): TemplateResult {
  const { state, controller, now } = context;
  const selected = state.ui.selectedSavepoint === savepoint.id;
  const first = state.ui.compareFrom === savepoint.id;
  const name =
    savepoint.label ??
    `${savepoint.kind === 'savepoint' ? 'Savepoint' : 'Checkpoint'} ${savepoint.checkpointId}`;
  const noRestore =
    whyNot(context, 'savepoint/restore', false) ??
    (state.job === null ? 'No job runs here; restore from its pipeline.' : null);
  const choose = () => controller.ui({ selectedSavepoint: selected ? null : savepoint.id });
  return html`<li class="${selected ? 'selected' : ''} ${first ? 'first-of-two' : ''}" @click=${choose}>
    <span class="mark-icon">${icon('bookmarkFilled')}</span>
    <button type="button" class="name" title=${name} aria-expanded=${selected} @click=${(event: Event) => {
      event.stopPropagation();
      choose();
    }}>${name}</button>
    ${
      selected || first
        ? html`<span class="tools">
          ${iconButton({ label: `Restore ${name}`, icon: 'restore', off: noRestore, onPress: () => void controller.openRestore(savepoint.id) })}
          ${iconButton({ label: `Compare ${name}`, icon: 'compare', pressed: first, off: whyNot(context, 'savepoint/compare', false), onPress: () => controller.selectForCompare(savepoint.id) })}
          ${iconButton({ label: `Details of ${name}`, icon: 'info', onPress: () => controller.show({ kind: 'savepoint', savepoint: savepoint.id }) })}
        </span>`
        : html`<span class="right">${state.ui.compareFrom === null ? format.ago(now - savepoint.createdAt) : html`<span class="tools">${iconButton({ label: `Compare with ${name}`, icon: 'compare', off: whyNot(context, 'savepoint/compare', false), onPress: () => controller.selectForCompare(savepoint.id) })}</span>`}</span>`
    }
    <span class="under">#${savepoint.checkpointId}&ensp;${format.day(savepoint.createdAt, now)}</span>
    <span class="right">${format.bytes(savepoint.bytes)}</span>
    ${savepoint.notes === null && !savepoint.stopped ? nothing : html`<span class="under">${[savepoint.notes, savepoint.drained ? 'drained and stopped with this one' : savepoint.stopped ? 'stopped with this one' : null].filter((text) => text !== null).join(' · ')}</span>`}
  </li>`;
}

/** What going back would cost: time, and records to be read again. */
function since({ state, now }: Context): TemplateResult | typeof nothing {
  const { job } = state;
  const newest = state.savepoints[0];
  if (job === null) return nothing;
  const kept = job.checkpoints
    .filter(({ kind, status, path }) => kind === 'checkpoint' && status === 'completed' && path !== null)
    .slice(0, job.info.checkpointConfig.retained);
  const details = newest === undefined ? undefined : state.savepointDetails.get(newest.id);
  const again =
    details === undefined || newest?.runId !== job.info.runId
      ? null
      : recordsSince(job.splits, details.sources);
  return html`${
    newest === undefined
      ? nothing
      : html`<dl class="pair">
          <dt>Since the last savepoint</dt><dd>${format.age(now - newest.createdAt)}</dd>
          <dt class="muted">Would be read again</dt><dd class="muted">${again === null ? orUnknown(format.unknown, 'It lies on another branch of this job, so its positions cannot be set against these') : `${format.estimate(again)} records`}</dd>
        </dl>`
  }
    <dl class="pair">
      <dt>Checkpoints kept</dt><dd>${
        kept.length === 0
          ? orUnknown(format.unknown, 'None has completed yet')
          : kept
              .map(({ id }) => `#${id}`)
              .reverse()
              .join(', ')
      }</dd>
      <dt class="muted">Dropped when newer ones subsume them.</dt>
    </dl>`;
}

function recordsSince(
  splits: NonNullable<Context['state']['job']>['splits'],
  sources: readonly { operator: string; split: string; offset: number }[],
): number | null {
  let total = 0;
  for (const { subtask, split, offset } of splits.values()) {
    const saved = sources.find((source) => source.split === split && source.operator === subtask.vertex);
    // A position before the saved one: the job went back since, so this savepoint lies on another branch.
    if (saved === undefined || offset < saved.offset) return null;
    total += offset - saved.offset;
  }
  return splits.size === 0 ? null : total;
}
