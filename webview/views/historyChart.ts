/** End-to-end duration and size over the history: the one place where a charting library earns its weight. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js';
import { html, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { JobState } from '../model/dashboardState.ts';
import * as format from '../model/format.ts';
import { onThemeChange, readPalette } from './palette.ts';

Chart.register(
  BarController,
  BarElement,
  LineController,
  LineElement,
  PointElement,
  CategoryScale,
  LinearScale,
  LogarithmicScale,
  Tooltip,
);

let chart: Chart | null = null;
let shownFor = '';
let watching = false;

export function historyChart(job: JobState, now: number): TemplateResult {
  const points = job.checkpoints.toSorted((a, b) => a.id - b.id);
  const draw = (element: Element | undefined) => {
    if (element === undefined) {
      chart?.destroy();
      chart = null;
      return;
    }
    const key = points.map(({ id, durationMs, fullBytes }) => `${id} ${durationMs} ${fullBytes}`).join();
    if (chart?.canvas === element && key === shownFor) return;
    shownFor = key;
    show(element as HTMLCanvasElement, points, now);
  };
  return html`<div class="history-chart">
    <canvas role="img" aria-label="End-to-end duration and full size of checkpoints ${points[0]?.id ?? ''} to ${points.at(-1)?.id ?? ''}; the table has the numbers" ${ref(draw)}></canvas>
  </div>`;
}

function show(canvas: HTMLCanvasElement, points: JobState['checkpoints'], now: number): void {
  if (!watching) {
    watching = true;
    onThemeChange(() => {
      shownFor = '';
    });
  }
  const palette = readPalette();
  chart?.destroy();
  const font = { family: palette.family, size: 11 };
  const text = palette.color('muted');
  const colorOf = ({ status, kind }: JobState['checkpoints'][number]) =>
    status === 'failed'
      ? palette.color('fail')
      : kind === 'savepoint'
        ? palette.color('barrier')
        : status === 'in-progress'
          ? palette.color('wait')
          : palette.color('water-deep');
  chart = new Chart(canvas, {
    data: {
      labels: points.map(({ id }) => `#${id}`),
      datasets: [
        {
          type: 'line',
          label: 'Full size',
          yAxisID: 'bytes',
          data: points.map(({ fullBytes }) => fullBytes),
          borderColor: palette.color('muted'),
          borderWidth: 1.5,
          pointRadius: 0,
          spanGaps: true,
        },
        {
          type: 'bar',
          label: 'End to end',
          yAxisID: 'ms',
          data: points.map(({ durationMs, triggeredAt }) => durationMs ?? now - triggeredAt),
          backgroundColor: points.map(colorOf),
          categoryPercentage: 0.9,
          barPercentage: 0.8,
        },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      responsive: true,
      interaction: { mode: 'index', intersect: false },
      plugins: {
        tooltip: {
          callbacks: {
            label: ({ dataset, parsed }) =>
              `${dataset.label}: ${dataset.yAxisID === 'ms' ? format.duration(parsed.y) : format.bytes(parsed.y)}`,
          },
        },
      },
      scales: {
        x: {
          ticks: { color: text, font, maxTicksLimit: 8, maxRotation: 0 },
          grid: { display: false },
          border: { color: palette.color('bank') },
        },
        ms: {
          type: 'logarithmic',
          position: 'left',
          title: { display: true, text: 'End to end (bars)', color: text, font },
          ticks: { color: text, font, maxTicksLimit: 5, callback: (value) => format.duration(Number(value)) },
          grid: { color: palette.color('grid') },
          border: { display: false },
        },
        bytes: {
          type: 'linear',
          position: 'right',
          beginAtZero: true,
          title: { display: true, text: 'Full size (line)', color: text, font },
          ticks: { color: text, font, maxTicksLimit: 5, callback: (value) => format.bytes(Number(value)) },
          grid: { display: false },
          border: { display: false },
        },
      },
    },
  });
}
