/** One savepoint: what it holds, operator by operator, and where its sources stood. */
import { html, nothing, type TemplateResult } from 'lit';
import * as format from '../model/format.ts';
import { type Context, whyNot } from './context.ts';
import { button } from './controls.ts';
import { crumbs } from './header.ts';
import { icon, operatorIcon } from './icons.ts';
import { chip, empty, figure, orUnknown, sectionHead } from './words.ts';

export function savepointPage(context: Context, id: string): TemplateResult {
  const { state, controller, now } = context;
  const summary = state.savepoints.find((known) => known.id === id);
  const details = state.savepointDetails.get(id);
  if (summary === undefined)
    return html`${crumbs(context, [], html`<h1>Savepoint</h1>`)}${empty('There is no such savepoint any more.', button({ label: 'Back to the overview', onPress: () => controller.show({ kind: 'overview' }) }))}`;
  const name = summary.label ?? `Savepoint ${summary.checkpointId}`;
  const one = (key: string, main: TemplateResult | string, under: string) =>
    html`<dl><dt>${key}</dt><dd class="main">${main}</dd><dd class="under num">${under}</dd></dl>`;
  const tools = html`${button({ label: 'Edit label', icon: 'edit', size: 'small', off: whyNot(context, 'savepoint/label', false), onPress: () => controller.dialog({ kind: 'label', savepoint: summary }) })}
    ${button({ label: 'Delete', icon: 'trash', size: 'small', off: whyNot(context, 'savepoint/delete', false), onPress: () => controller.dialog({ kind: 'delete', savepoint: summary }) })}
    ${button({
      label: 'Compare',
      icon: 'compare',
      size: 'small',
      off: whyNot(context, 'savepoint/compare', false),
      onPress: () => {
        controller.ui({ compareFrom: id });
        controller.show({ kind: 'overview' });
      },
    })}
    ${button({ label: 'Restore', icon: 'restore', size: 'small', look: 'primary', off: whyNot(context, 'savepoint/restore', false) ?? (state.job === null ? 'No job runs here; restore from its pipeline.' : null), onPress: () => void controller.openRestore(id) })}`;
  return html`${crumbs(context, [], html`<span class="t-barrier">${icon('bookmarkFilled')}</span><h1>${name}</h1>${summary.stopped ? chip('plain', summary.drained ? 'drained' : 'stopped with') : nothing}`, tools)}
    <div class="figures">
      ${one('Taken', format.clock(summary.createdAt), `#${summary.checkpointId}, ${format.day(summary.createdAt, now).replace(/ [\d:]+$/, '')}`)}
      ${one('Size', figure(format.bytes(summary.bytes)), 'self-contained')}
      ${one('Keys', format.whole(summary.keys), '')}
      ${one('Parallelism', String(summary.parallelism), '')}
      ${one('Written by', details === undefined ? orUnknown(format.unknown, 'Still being read') : `Sluice ${details.sluiceVersion}`, details === undefined ? '' : `format ${details.formatVersion}`)}
    </div>
    ${summary.notes === null ? nothing : html`<p class="empty">${summary.notes}</p>`}
    <p class="empty mono">${summary.path}</p>
    <div class="two wide-left">
      <section class="section" aria-label="Operators">
        ${sectionHead('Operators', details === undefined ? nothing : String(details.operators.length))}
        ${
          details === undefined
            ? empty('The savepoint is being read.')
            : html`<div class="scroll" tabindex="0" role="region" aria-label="Operators and their states"><table class="lined">
              <thead><tr><th scope="col">Operator</th><th scope="col">State</th><th scope="col">Type</th><th scope="col" class="n">Schema</th><th scope="col" class="n">Keys</th><th scope="col" class="n">Size</th></tr></thead>
              <tbody>${details.operators.map((operator) =>
                operator.states.length === 0
                  ? html`<tr><th scope="row">${operatorName(operator)}</th><td class="muted" colspan="5">no state</td></tr>`
                  : operator.states.map(
                      (saved, index) =>
                        html`<tr>${index === 0 ? html`<th scope="rowgroup" rowspan=${operator.states.length}>${operatorName(operator)}</th>` : nothing}<td class="state-name">${saved.name}</td><td class="muted">${saved.type}</td><td class="n">v${saved.schemaVersion}</td><td class="n">${format.whole(saved.keys)}</td><td class="n">${figure(format.bytes(saved.bytes))}</td></tr>`,
                    ),
              )}</tbody></table></div>`
        }
      </section>
      <section class="section" aria-label="Where it goes on from">
        ${sectionHead('Where it goes on from', nothing)}
        ${
          details === undefined || details.sources.length === 0
            ? empty(details === undefined ? 'The savepoint is being read.' : 'It holds no source position.')
            : html`<table class="lined"><thead><tr><th scope="col">Source</th><th scope="col" class="n">Split</th><th scope="col" class="n">Offset</th></tr></thead>
              <tbody>${details.sources.map(({ operator, split, offset }) => html`<tr><td>${operator}</td><td class="n">${split}</td><td class="n">${format.whole(offset)}</td></tr>`)}</tbody></table>`
        }
      </section>
    </div>`;
}

function operatorName({
  name,
  type,
  parallelism,
}: {
  name: string;
  type: string;
  parallelism: number;
}): TemplateResult {
  const role = type === 'source' ? 'source' : type === 'sink' ? 'sink' : 'operator';
  return html`${icon(operatorIcon(type, role, false))} <span class="op-name">${name}</span> <span class="muted s11">×${parallelism}</span>`;
}
