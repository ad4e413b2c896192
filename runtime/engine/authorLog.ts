/** What authors say with `log`, checked where they say it: from JavaScript anything may come. */
import type { FromWorker, SubtaskId } from './control/messages.ts';
import { describeRecord } from './operatorFailure.ts';

type Level = Extract<FromWorker, { readonly type: 'log' }>['level'];

const levels: readonly string[] = ['debug', 'info', 'warning', 'error'] satisfies readonly Level[];

/** An error is told with its stack, anything else that is no text as JSON. */
export const logOf =
  (subtask: SubtaskId, send: (message: FromWorker) => void) =>
  (level: Level, text: unknown): void => {
    if (!levels.includes(level)) {
      throw new TypeError(
        `log takes a level and a text: log('info', 'hello'). There is no level ${describeRecord(level)}; there are ${levels.join(', ')}.`,
      );
    }
    send({ type: 'log', subtask, level, text: textOf(text) });
  };

const textOf = (said: unknown): string => {
  if (typeof said === 'string') return said;
  return said instanceof Error ? (said.stack ?? said.message) : describeRecord(said);
};
