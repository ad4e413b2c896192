import { expect, test } from 'vitest';
import { counterLines } from '../../runtime/host/cli/counterLines.ts';
import type { MetricSample, OperatorMetrics } from '../../runtime/protocol/telemetry.ts';

const of = (operator: string, index: number, ...metrics: MetricSample[]): OperatorMetrics => ({
  operator,
  subtask: { vertex: operator, index },
  metrics,
});
const counter = (name: string, value: number | null): MetricSample => ({
  type: 'counter',
  name,
  value,
  perSecond: 0,
});

test('a run tells its counters added up over the subtasks, and nothing of what counted nothing', () => {
  expect(
    counterLines([
      of('check', 0, counter('rejected', 1_200), counter('malformed', 0)),
      of('check', 1, counter('rejected', 34), { type: 'gauge', name: 'depth', value: 3 }),
      of('sort', 0, counter('rejected', -2), counter('lost', null)),
    ]),
  ).toEqual(['  check: rejected 1,234', '  sort: rejected -2']);
});
