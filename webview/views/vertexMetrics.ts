/**
 * The metrics of the chosen vertex, operator by operator, as one table under the river. It is there only where an
 * operator of it has metrics; a vertex without any takes no room for saying so.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { HistogramSummary } from '../../runtime/protocol/telemetry.ts';
import * as format from '../model/format.ts';
import { indexOf } from '../model/graphIndex.ts';
import { type MetricView, metricsOf, type OperatorMetricsView } from '../model/metrics.ts';
import type { JobContext } from './context.ts';
import { iconButton, linkButton } from './controls.ts';
import { icon, operatorIcon } from './icons.ts';
import { orUnknown, sectionHead } from './words.ts';

/** A gauge or a histogram of more subtasks is folded, so that one metric does not fill the page. */
const subtasksShownMax = 4;

interface Look {
  /** The vertex has several subtasks: it is told which one a value is of. */
  readonly several: boolean;
  /** There is a histogram: it needs columns that nothing else has. */
  readonly spreads: boolean;
  readonly all: boolean;
  readonly showAll: () => void;
}

export function vertexMetrics({ state, controller, job }: JobContext): TemplateResult | typeof nothing {
  const { selectedVertex, allSubtasks: all } = state.ui;
  const vertex = selectedVertex === null ? undefined : indexOf(job.graph).vertices.get(selectedVertex);
  if (vertex === undefined) return nothing;
  const operators = metricsOf(vertex, job.metrics);
  if (operators.length === 0) return nothing;
  const several = vertex.parallelism > 1;
  const spreads = operators.some(({ metrics }) => metrics.some(({ type }) => type === 'histogram'));
  const look: Look = { several, spreads, all, showAll: () => controller.ui({ allSubtasks: true }) };
  const tools = html`<div class="tools">
    ${several ? html`<button type="button" class="toggle" aria-pressed=${all} @click=${() => controller.ui({ allSubtasks: !all })}>Every subtask</button>` : nothing}
    ${iconButton({ label: 'Close the metrics', icon: 'close', onPress: () => controller.ui({ selectedVertex: null }) })}
  </div>`;
  return html`<section class="section metrics" aria-label="Metrics of ${vertex.name}">
    ${sectionHead('Metrics', vertex.name, tools)}
    <div class="scroll" tabindex="0" role="region" aria-label="Values of the metrics">
      <table>
        <thead><tr>
          <th scope="col">Metric</th>
          ${several ? html`<th scope="col">Subtask</th>` : nothing}
          <th scope="col" class="n">Value</th>
          <th scope="col" class="n">Rate</th>
          ${spreads ? ['p50', 'p95', 'p99', 'max'].map((name) => html`<th scope="col" class="n wide-only" title="Over the latest 1,024 values of a subtask">${name}</th>`) : nothing}
        </tr></thead>
        ${operators.map((one) => operatorRows(one, vertex.operators.length > 1, look))}
      </table>
    </div>
  </section>`;
}

function operatorRows(
  { operator, metrics }: OperatorMetricsView,
  isNamed: boolean,
  look: Look,
): TemplateResult {
  const { name, type } = operator;
  const role = type === 'source' || type === 'sink' ? type : 'operator';
  return html`<tbody>
    ${isNamed ? html`<tr class="of-operator"><th scope="rowgroup" colspan=${3 + (look.several ? 1 : 0) + (look.spreads ? 4 : 0)}>${icon(operatorIcon(type, role, false))} ${name}</th></tr>` : nothing}
    ${metrics.map((metric) => metricRows(metric, look))}
  </tbody>`;
}

function metricRows(metric: MetricView, look: Look): TemplateResult {
  const { name } = metric;
  switch (metric.type) {
    case 'counter': {
      const subtasks = look.several && look.all ? metric.subtasks : [];
      return html`${row(name, 'all', counterCells(metric), look)}
        ${subtasks.map((subtask) => row(null, `[${subtask.index}]`, counterCells(subtask), look))}`;
    }
    case 'gauge':
      return perSubtask(name, metric.subtasks, ({ value }) => gaugeCells(value), look);
    case 'histogram':
      return perSubtask(name, metric.subtasks, ({ summary }) => histogramCells(summary), look);
  }
}

function perSubtask<T extends { readonly index: number }>(
  name: string,
  subtasks: readonly T[],
  cells: (subtask: T) => Cells,
  look: Look,
): TemplateResult {
  const shown = look.all ? subtasks : subtasks.slice(0, subtasksShownMax);
  const rest = subtasks.length - shown.length;
  return html`${shown.map((subtask, place) => row(place === 0 ? name : null, `[${subtask.index}]`, cells(subtask), look))}
    ${rest === 0 ? nothing : html`<tr><td></td><td colspan=${look.spreads ? 7 : 3}>${linkButton(format.counted(rest, 'more subtask'), look.showAll)}</td></tr>`}`;
}

interface Cells {
  /** Value, rate and, of a histogram, four more. */
  readonly across: TemplateResult;
  /** Of a histogram: what has no room beside it on a narrow page. */
  readonly under: TemplateResult | null;
}

/** `name` null: the same metric as in the row before. */
function row(name: string | null, subtask: string, { across, under }: Cells, look: Look): TemplateResult {
  return html`<tr class=${name === null ? '' : 'first'}>
      ${name === null ? html`<td></td>` : html`<th scope="row" class="cut" title=${name}>${name}</th>`}
      ${look.several ? html`<td class="muted">${subtask}</td>` : nothing}${across}${look.spreads && under === null ? html`<td class="wide-only" colspan="4"></td>` : nothing}
    </tr>
    ${under === null ? nothing : html`<tr class="narrow-only"><td colspan=${look.several ? 4 : 3} class="spread">${under}</td></tr>`}`;
}

const notKnown = 'Not known: its function failed, or answered no finite number';

function counterCells({
  value,
  perSecond,
}: {
  readonly value: number | null;
  readonly perSecond: number | null;
}): Cells {
  return {
    across: html`<td class="n">${orUnknown(format.quantity(value), notKnown)}</td><td class="n">${orUnknown(format.signedRate(perSecond), 'Not measured yet')}</td>`,
    under: null,
  };
}

function gaugeCells(value: number | null): Cells {
  return {
    across: html`<td class="n">${orUnknown(format.quantity(value), notKnown)}</td><td></td>`,
    under: null,
  };
}

function histogramCells(summary: HistogramSummary | null): Cells {
  const reason = summary === null ? 'It has got no value yet' : notKnown;
  const count =
    summary === null
      ? orUnknown(format.unknown, reason)
      : html`${format.whole(summary.count)} <span class="unit">${summary.count === 1 ? 'value' : 'values'}</span>`;
  const spread = (['p50', 'p95', 'p99', 'max'] as const).map((name) => ({
    name,
    text: orUnknown(format.quantity(summary?.[name]), reason),
  }));
  return {
    across: html`<td class="n">${count}</td><td></td>${spread.map(({ text }) => html`<td class="n wide-only">${text}</td>`)}`,
    under: html`${spread.map(({ name, text }) => html`<span><span class="muted">${name}</span> ${text}</span>`)}`,
  };
}
