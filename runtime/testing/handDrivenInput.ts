/**
 * A stream whose records, watermarks and idleness all come from a test: a hand-driven source and, chained to it, an
 * operator that turns what it gives into the stream. The source of a real pipeline makes its watermarks out of its
 * records; here a test says them, split by split, and the real coalescer puts the splits of a subtask together.
 */
import { DataStream } from '../api/dataStream.ts';
import type { Environment } from '../api/environment.ts';
import { unreachable } from '../base/assert.ts';
import {
  MAX_WATERMARK,
  NO_TIMESTAMP,
  type OperatorContext,
  type StreamOperator,
} from '../operators/operator.ts';
import { splitsDeclaration } from '../operators/sourceState.ts';
import { type WatermarkChange, WatermarkCoalescer } from '../operators/watermarks.ts';
import { describeState } from '../state/declarations.ts';
import { HandDrivenSource, type HandEvent, type HandLog, type Telling } from './handDrivenSource.ts';

/** What goes from the source to the operator behind it. */
interface SplitEvent {
  readonly split: string;
  readonly event: HandEvent | { readonly kind: 'active' };
}

/** Watermarks walk down the chain between two steps: nothing may follow one in the same poll. */
const tellAll: Telling = (event, split, emit) => {
  const said: SplitEvent = { split, event };
  const hasRoom = emit(said, event.kind === 'record' ? event.timestamp : NO_TIMESTAMP);
  return hasRoom && event.kind === 'record';
};

/** Adds it to the pipeline under the uid `name` in brackets, so that no uid of the author's is like it. */
export function handDrivenInput<T>(
  env: Environment,
  name: string,
  logs: readonly HandLog[],
): { readonly stream: DataStream<T>; readonly source: HandDrivenSource } {
  const { plan } = env.written();
  const source = new HandDrivenSource(logs, tellAll);
  const fromSource = plan.add({
    type: 'source',
    role: 'source',
    defaultName: source.name,
    options: { uid: `(${name})` },
    location: null,
    inputs: [],
    keyed: false,
    states: [describeState(splitsDeclaration)],
    factory: { role: 'source', source, watermarks: null },
  });
  const legs = plan.addOperator({
    type: 'test-input',
    options: { uid: `(${name}, by hand)` },
    location: null,
    inputs: [fromSource],
    keyed: false,
    states: [],
    create: () => new HandDrivenInput(source),
  });
  return { stream: new DataStream<T>(plan, legs), source };
}

class HandDrivenInput implements StreamOperator {
  readonly #source: HandDrivenSource;
  #context!: OperatorContext;
  #splits: readonly string[] = [];
  #watermarks: WatermarkCoalescer | null = null;

  constructor(source: HandDrivenSource) {
    this.#source = source;
  }

  open(context: OperatorContext): void {
    this.#context = context;
  }

  process(value: unknown): void {
    const { split, event } = value as SplitEvent;
    const place = this.#placeOf(split);
    switch (event.kind) {
      case 'record':
        this.#context.output.collect(event.value, event.timestamp);
        break;
      case 'watermark':
        this.#send(this.#coalescer().onWatermark(place, event.time));
        break;
      case 'idle':
        this.#send(this.#coalescer().onIdle(place));
        break;
      case 'active':
        this.#send(this.#coalescer().onActive(place));
        break;
      case 'end':
        this.#send(this.#coalescer().onEnd(place));
        break;
      default:
        unreachable(event);
    }
  }

  /** The splits are known only when the source has opened them, which is after this operator. */
  #placeOf(split: string): number {
    if (this.#splits.length === 0) this.#splits = this.#source.ownedBy(this.#context.subtaskIndex);
    return this.#splits.indexOf(split);
  }

  #coalescer(): WatermarkCoalescer {
    this.#watermarks ??= new WatermarkCoalescer(this.#splits.length);
    return this.#watermarks;
  }

  #send(changes: readonly WatermarkChange[]): void {
    for (const change of changes) {
      if (change.type !== 'watermark') this.#context.emitIdleness(change.type);
      // The last one comes from the end of the source itself.
      else if (change.watermark < MAX_WATERMARK) this.#context.emitWatermark(change.watermark);
    }
  }
}
