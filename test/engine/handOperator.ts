/** An operator that does what a test says, and writes down what it is told; and how to put it into a pipeline. */
import { DataStream } from '../../runtime/api/index.ts';
import { written } from '../../runtime/api/recordStream.ts';
import type { Idleness, OperatorContext, StreamOperator } from '../../runtime/operators/operator.ts';

export class HandOperator implements StreamOperator {
  readonly #name: string;
  /** Shared by several operators, so that the order between them is seen. */
  readonly #told: string[];
  context!: OperatorContext;
  /** It keeps watermarks and idleness to itself. */
  holds = false;
  accepting = true;
  isDrained = true;
  due: number | null = null;
  /** Done at the next `advance`, one each. */
  readonly work: (() => void)[] = [];

  constructor(name = '', told: string[] = []) {
    this.#name = name;
    this.#told = told;
  }

  open(context: OperatorContext): void {
    this.context = context;
  }

  process(value: unknown, timestamp: number): void {
    this.#tell(String(value));
    this.context.output.collect(value, timestamp);
  }

  onWatermark(watermark: number): 'held' | undefined {
    this.#tell(`w${watermark}`);
    return this.holds ? 'held' : undefined;
  }

  onIdleness(change: Idleness): 'held' | undefined {
    this.#tell(change);
    return this.holds ? 'held' : undefined;
  }

  advance(): boolean {
    const work = this.work.shift();
    work?.();
    return work !== undefined;
  }

  wakeAt(): number | null {
    return this.due;
  }

  accepts(): boolean {
    return this.accepting;
  }

  drained(): boolean {
    return this.isDrained;
  }

  endInput(): void {
    this.#tell('end of input');
  }

  finish(): void {
    this.#tell('finish');
  }

  #tell(what: string): void {
    this.#told.push(this.#name === '' ? what : `${this.#name}:${what}`);
  }
}

/** The stream behind an operator that no author could write. */
export function behind<Out>(
  stream: DataStream<unknown>,
  uid: string,
  create: () => StreamOperator,
): DataStream<Out> {
  const { plan, legs } = stream[written];
  const planned = { type: uid, options: { uid }, location: null, inputs: [legs], keyed: false, states: [] };
  return new DataStream(plan, plan.addOperator({ ...planned, create }));
}
