/**
 * Windows over two inputs, as Flink's CoGroupedStreams and JoinedStreams: each record is told its side, and then one window
 * operator has both. So two streams are cut into the same windows, also into sessions that both of them keep going, and
 * everything that windows can do (triggers, evictors, lateness) holds for two inputs as it does for one.
 */
import type { OperatorContext, SnapshotContext, StreamOperator, Timer, Timestamp } from './operator.ts';

/** A record of one of two streams. It is what windows over both of them hold. */
export type Sided<Left, Right> =
  | { readonly side: 'left'; readonly value: Left }
  | { readonly side: 'right'; readonly value: Right };

export class CoGroupOperator implements StreamOperator {
  readonly #windows: StreamOperator;

  /** `windows`: over sided records. */
  constructor(windows: StreamOperator) {
    this.#windows = windows;
  }

  open(context: OperatorContext): void {
    this.#windows.open?.(context);
  }

  process(value: unknown, timestamp: Timestamp, input: number): void {
    const sided: Sided<unknown, unknown> = { side: input === 0 ? 'left' : 'right', value };
    this.#windows.process(sided, timestamp, 0);
  }

  onTimer(timer: Timer): void {
    this.#windows.onTimer?.(timer);
  }

  onWatermark(watermark: Timestamp): 'held' | undefined {
    return this.#windows.onWatermark?.(watermark);
  }

  snapshot(context: SnapshotContext): void {
    this.#windows.snapshot?.(context);
  }

  finish(): void {
    this.#windows.finish?.();
  }

  close(): void {
    this.#windows.close?.();
  }
}

/** What a window holds, by side and in the order in which it came. */
export function bySide(records: readonly Sided<unknown, unknown>[]): {
  readonly lefts: readonly unknown[];
  readonly rights: readonly unknown[];
} {
  const lefts: unknown[] = [];
  const rights: unknown[] = [];
  for (const { side, value } of records) (side === 'left' ? lefts : rights).push(value);
  return { lefts, rights };
}
