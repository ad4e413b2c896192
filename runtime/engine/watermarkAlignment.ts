/**
 * Sources of one alignment group wait for each other (Flink's watermark alignment): a split that is further ahead of the
 * slowest subtask of the group than its strategy allows is not read until the others have come after, so that what waits
 * in the state of a join downstream stays small.
 *
 * Where each subtask stands is in the metrics table, which all threads share: what one of them says is seen by the next
 * look of the others. Nobody announces anything at intervals, so an interval does not cap how fast a backlog is read
 * (CONFORMANCE J3).
 */
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { JobDefinition } from '../graph/jobDefinition.ts';
import { MAX_WATERMARK, type Timestamp } from '../operators/operator.ts';
import type { WatermarkAlignment } from '../operators/source.ts';
import type { SubtaskId } from './control/messages.ts';
import type { MetricsTable } from './metricsTable.ts';
import { subtaskFields } from './metricsTable.ts';

const FIELD = subtaskFields.indexOf('alignmentWatermark');

export class AlignmentGroup {
  readonly #values: Float64Array;
  readonly #own: number;
  readonly #members: readonly number[];
  readonly #maxDriftMs: number;

  constructor(
    own: SubtaskId,
    options: { maxDriftMs: number; members: readonly SubtaskId[]; table: MetricsTable },
  ) {
    const { table } = options;
    this.#values = table.values;
    this.#own = table.subtaskRow(own.vertex, own.index) + FIELD;
    this.#members = options.members.map(({ vertex, index }) => table.subtaskRow(vertex, index) + FIELD);
    this.#maxDriftMs = options.maxDriftMs;
  }

  /** The lowest watermark of the splits that are read; MAX_WATERMARK when none holds the others back. */
  report(watermark: Timestamp): void {
    this.#values[this.#own] = watermark;
  }

  /** A split whose watermark is above this has to wait. */
  allowed(): Timestamp {
    let lowest = MAX_WATERMARK;
    for (const place of this.#members) lowest = Math.min(lowest, this.#values[place] as number);
    return lowest + this.#maxDriftMs;
  }
}

/** Null for a source that waits for nobody. */
export function alignmentGroupOf(
  own: SubtaskId,
  options: {
    readonly definition: JobDefinition;
    readonly execution: ExecutionGraph;
    readonly metrics: MetricsTable;
  },
): AlignmentGroup | null {
  const { definition, execution, metrics } = options;
  const alignmentOf = (vertex: string): WatermarkAlignment | null => {
    const factory = definition.factories.get(vertex);
    return factory?.role === 'source' ? (factory.watermarks?.alignment ?? null) : null;
  };
  const alignment = alignmentOf(own.vertex);
  if (alignment === null) return null;
  // A source is always the head of its vertex, which has its uid.
  const members = execution.vertices
    .filter(({ id }) => alignmentOf(id)?.group === alignment.group)
    .flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, index) => ({ vertex: id, index })),
    );
  return new AlignmentGroup(own, { maxDriftMs: alignment.maxDriftMs, members, table: metrics });
}
