/** Stages with timers of both kinds of time. */
import { listState, ofType, valueState } from '../../../runtime/api/index.ts';
import { applied, byKey, FIRST_TIME, type Item, operatorOptions, type Stage } from './stage.ts';

/** Later than every record: only the end of the input reaches it. */
const AT_THE_END = FIRST_TIME + 1e9;
const STEP_MS = 30;

/** One timer for each key and time, however often it is registered; it tells how many records came before. */
export const eventTimers: Stage = ({ stream, items, timed }, _other, options) => {
  if (!timed) return null;
  const fired = stream
    .keyBy((item) => item.key)
    .process(
      {
        output: ofType<Item>(),
        state: { seen: valueState<number>({ initial: 0 }) },
        onElement: (item, { state, timers }) => {
          state.seen.set(state.seen.get() + 1);
          timers.registerEventTime(roundUp(item.time));
          timers.registerEventTime(AT_THE_END);
          // One that is taken back does not fire.
          timers.registerEventTime(roundUp(item.time) + 1);
          timers.deleteEventTime(roundUp(item.time) + 1);
        },
        onTimer: ({ time }, { key, state, emit }) =>
          emit({ id: `${key}~${time === AT_THE_END ? state.seen.get() : time}`, key, time }),
      },
      operatorOptions(options),
    );
  const expected = [...byKey(items)].flatMap(([key, ofKey]) => [
    ...[...new Set(ofKey.map(({ time }) => roundUp(time)))].map((time) => ({
      id: `${key}~${time}`,
      key,
      time,
    })),
    { id: `${key}~${ofKey.length}`, key, time: AT_THE_END },
  ]);
  return applied('event timers', fired, expected, true);
};

/** Records wait for a moment of the machine's clock, or for the end, and then go on. */
export const processingTimers: Stage = ({ stream, items }, _other, options) => {
  const held = stream
    .keyBy((item) => item.key)
    .process(
      {
        output: ofType<Item>(),
        state: { waiting: listState<Item>() },
        onElement: (item, context) => {
          // Behind the last watermark nothing waits any more.
          if (context.currentWatermark() >= AT_THE_END) {
            context.emit({ ...item, id: `${item.id}t` });
            return;
          }
          context.state.waiting.add(item);
          context.timers.registerProcessingTime(context.currentProcessingTime() + 1 + options.choice * 3);
          context.timers.registerEventTime(AT_THE_END);
        },
        onTimer: (_timer, { state, emit }) => {
          for (const item of state.waiting.get()) emit({ ...item, id: `${item.id}t` });
          state.waiting.clear();
        },
      },
      operatorOptions(options),
    );
  return applied(
    'processing timers',
    held,
    items.map((item) => ({ ...item, id: `${item.id}t` })),
    false,
  );
};

const roundUp = (time: number): number => Math.ceil(time / STEP_MS) * STEP_MS;
