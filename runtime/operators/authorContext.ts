/**
 * What the functions of every operator get to send with and to tell the time by. One object for the life of an operator,
 * so that a record costs no allocation; valid only during a call, as its documentation in the API says. Its functions
 * may be taken off it: `({ emit }) => …`.
 */
import {
  MIN_WATERMARK,
  NO_TIMESTAMP,
  type OperatorContext,
  type Output,
  type Timestamp,
} from './operator.ts';

export class AuthorContext {
  /** What the author's `open` answered. */
  readonly opened: unknown;
  /** Of the record or timer at hand; what is emitted has it unless another one is given. Its operator sets it. */
  timestamp: Timestamp = NO_TIMESTAMP;
  /** For operators without keys, which say it here; keyed ones have it with their timers. */
  watermark: Timestamp = MIN_WATERMARK;
  readonly #operator: OperatorContext<never>;
  readonly #sideOutputs = new Map<string, Output<unknown>>();

  constructor(operator: OperatorContext<never>, opened: unknown) {
    this.#operator = operator;
    this.opened = opened;
  }

  readonly emit = (value: unknown, timestamp: Timestamp = this.timestamp): void => {
    this.#operator.output.collect(value as never, timestamp);
  };

  readonly emitTo = (
    tag: { readonly name: string },
    value: unknown,
    timestamp: Timestamp = this.timestamp,
  ): void => {
    let output = this.#sideOutputs.get(tag.name);
    if (output === undefined) {
      output = this.#operator.sideOutput(tag.name);
      this.#sideOutputs.set(tag.name, output);
    }
    output.collect(value, timestamp);
  };

  readonly currentWatermark = (): Timestamp =>
    this.#operator.keyed?.timers.currentWatermark() ?? this.watermark;

  readonly currentProcessingTime = (): Timestamp => this.#operator.clock.now();

  readonly log = (level: 'debug' | 'info' | 'warning' | 'error', text: string): void => {
    this.#operator.log(level, text);
  };
}
