/** What a pipeline's functions counted, for the end of a run: a line per counter, added up over its subtasks. */
import type { OperatorMetrics } from '../../protocol/telemetry.ts';
import { countText } from './output.ts';

/** A counter that counted nothing has nothing to say; what is not known is left out. */
export function counterLines(metrics: readonly OperatorMetrics[]): readonly string[] {
  const totals = new Map<string, { readonly operator: string; readonly name: string; total: number }>();
  for (const { operator, metrics: own } of metrics) {
    for (const metric of own) {
      if (metric.type !== 'counter' || metric.value === null) continue;
      const key = JSON.stringify([operator, metric.name]);
      const known = totals.get(key);
      if (known === undefined) totals.set(key, { operator, name: metric.name, total: metric.value });
      else known.total += metric.value;
    }
  }
  return [...totals.values()]
    .filter(({ total }) => total !== 0)
    .map(({ operator, name, total }) => `  ${operator}: ${name} ${countText(total)}`);
}
