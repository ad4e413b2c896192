/**
 * Sends on what windows fire. Results have the last millisecond of their window as their timestamp, as in Flink. A global
 * window has none; its results have the time of what made it fire, so that event-time operators behind it can go on.
 */
import { AuthorContext } from '../authorContext.ts';
import { openAuthorStates } from '../authorStates.ts';
import type { KeyedStates, OperatorContext, Timestamp } from '../operator.ts';
import { PerWindowValues } from './perWindowValues.ts';
import type { TimeWindow } from './window.ts';
import type { WindowFunction } from './windowFunction.ts';

/** What an author's window function gets beside the contents and the window: one object for the life of the operator. */
export class WindowContext extends AuthorContext {
  readonly state: Readonly<Record<string, unknown>>;
  readonly windowState: Readonly<Record<string, unknown>>;

  constructor(
    operator: OperatorContext<never>,
    opened: unknown,
    state: Readonly<Record<string, unknown>>,
    windowState: Readonly<Record<string, unknown>>,
  ) {
    super(operator, opened);
    this.state = state;
    this.windowState = windowState;
  }
}

export class WindowEmitter<Content> {
  readonly #emit: WindowFunction<never, Content>['emit'];
  readonly #keyed: KeyedStates;
  readonly #context: WindowContext;
  /** Null where the author's function has no values per window. */
  readonly #ofWindow: PerWindowValues | null;

  constructor(
    author: Pick<WindowFunction<never, Content>, 'emit' | 'states' | 'windowStates'>,
    context: OperatorContext,
    keyed: KeyedStates,
    opened: unknown,
  ) {
    this.#emit = author.emit;
    this.#keyed = keyed;
    const ofWindow = new PerWindowValues(keyed, 'window', author.windowStates);
    this.#ofWindow = Object.keys(author.windowStates).length > 0 ? ofWindow : null;
    const { handles } = openAuthorStates(context, author.states);
    this.#context = new WindowContext(context, opened, handles, ofWindow.handles);
  }

  /** `cause`: the timestamp of the record or timer that made the window fire. */
  fire(content: Content, start: Timestamp, end: Timestamp, cause: Timestamp): void {
    if (this.#ofWindow !== null) this.#ofWindow.window = { start, end };
    this.#context.timestamp = end === Number.POSITIVE_INFINITY ? cause : end - 1;
    this.#emit(content, { key: this.#keyed.currentKey(), start, end }, this.#context);
  }

  /** The window is over. */
  clear(window: TimeWindow): void {
    if (this.#ofWindow === null) return;
    this.#ofWindow.window = window;
    this.#ofWindow.clear();
  }
}
