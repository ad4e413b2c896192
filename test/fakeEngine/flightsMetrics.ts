/** What the functions of the pictures' job count themselves: every kind of metric, and one that is not known. */
import type { MetricSample, OperatorMetrics } from '../../runtime/protocol/telemetry.ts';
import type { BarrierWorld } from './barrierWorld.ts';

/** `seconds`: that the job has been getting on, which it does not in a stall. */
export function flightsMetrics(world: BarrierWorld, seconds: number): OperatorMetrics[] {
  const stands = world.state !== 'running';
  const moving = (index: number) => Math.sin(seconds * 0.3 + index);
  const counter = (name: string, perSecond: number): MetricSample => ({
    type: 'counter',
    name,
    value: Math.floor(perSecond * seconds),
    perSecond: stands ? 0 : perSecond,
  });
  const gauge = (name: string, value: number | null): MetricSample => ({ type: 'gauge', name, value });
  const histogram = (name: string, middle: number, perSecond: number): MetricSample => ({
    type: 'histogram',
    name,
    summary: {
      count: Math.floor(perSecond * seconds),
      min: middle * 0.1,
      mean: middle * 1.2,
      p50: middle,
      p95: middle * 3.4,
      p99: middle * 8.1,
      max: middle * 61,
    },
  });
  const subtasks = (vertex: string) => world.subtasks().filter((subtask) => subtask.vertex === vertex);
  return [
    ...subtasks('weather').map((subtask) => ({
      subtask,
      operator: 'decodeMetar',
      metrics: [counter('malformed', 0.2), histogram('decode time, ms', 2.9, 96)],
    })),
    ...subtasks('enrich').map((subtask) => ({
      subtask,
      operator: 'enrich',
      metrics: [
        counter('without weather', subtask.index === 0 ? 12.4 : 9.1),
        gauge('stations known', subtask.index === 0 ? 611 : 603),
        gauge('cache hit ratio', subtask.index === 0 ? 0.914 + 0.01 * moving(0) : null),
        histogram('age of weather, s', subtask.index === 0 ? 410 : 395, 916),
      ],
    })),
    ...subtasks('delay-window').map((subtask) => ({
      subtask,
      operator: 'delay-window',
      metrics: [counter('numLateRecordsDropped', subtask.index === 0 ? 0 : 0.4)],
    })),
  ];
}
