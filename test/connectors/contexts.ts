/** What connectors are handed, for tests. */
import { type Clock, ManualClock } from '../../runtime/base/clock.ts';
import { OperatorMetrics } from '../../runtime/engine/operatorMetrics.ts';
import type { FileAccess } from '../../runtime/operators/files.ts';
import type { OperatorContext } from '../../runtime/operators/operator.ts';
import type { SinkContext } from '../../runtime/operators/sink.ts';
import type { Source, SourceContext, SplitPosition } from '../../runtime/operators/source.ts';

export function sourceContext(files: FileAccess, clock: Clock = new ManualClock()): SourceContext {
  return { uid: 'source', subtaskIndex: 0, parallelism: 1, clock, files, log() {}, wake() {} };
}

/** With what only the operator around the sink is handed. */
export function sinkContext(
  files: FileAccess,
  given: Partial<SinkContext> = {},
): SinkContext &
  Pick<OperatorContext, 'sideOutput' | 'emitWatermark' | 'emitIdleness' | 'newAbort' | 'inputMs'> {
  return {
    uid: 'sink',
    name: 'sink',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    runId: 'run1',
    attempt: 1,
    clock: new ManualClock(),
    files,
    restored: false,
    supersede: false,
    metrics: new OperatorMetrics(),
    newAbort: () => new AbortController(),
    inputMs: () => 0,
    wake() {},
    sideOutput: () => ({ collect() {} }),
    emitWatermark() {},
    emitIdleness() {},
    log() {},
    ...given,
  };
}

/** Everything that a split gives until it waits or is finished, `budget` records at a time. */
export function readSplit<T>(
  source: Source<T>,
  split: string,
  context: SourceContext,
  from: SplitPosition | null = null,
  budget = 3,
): { values: T[]; status: 'waiting' | 'finished'; at: number | null; position: SplitPosition } {
  const reader = source.openSplit(split, from, context);
  const values: T[] = [];
  for (;;) {
    const result = reader.poll((value) => values.push(value) > 0, budget);
    if (result.status === 'more') continue;
    const position = reader.position();
    reader.close();
    return { values, status: result.status, at: result.status === 'waiting' ? result.at : null, position };
  }
}

export function readAll<T>(source: Source<T>, context: SourceContext): T[] {
  return source.splits(context).flatMap((split) => readSplit(source, split, context).values);
}
