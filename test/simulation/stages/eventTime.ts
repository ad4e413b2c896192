/** Event time that begins in mid-stream, whatever it was before, and windows by it. */
import { boundedOutOfOrderness, tumbling } from '../../../runtime/api/index.ts';
import { applied, drawn, FIRST_TIME, type Item, operatorOptions, type Stage } from './stage.ts';
import { counted, countedItems, windowEnd } from './windows.ts';

const SPREAD_MS = 500;

export const windowByNewTimes: Stage = ({ stream, items, speaksAtEnd }, _other, options) => {
  if (speaksAtEnd) return null;
  const { uid, ...rest } = operatorOptions(options);
  const idles = options.choice % 2 === 1;
  const timed = (item: Item): Item => ({ ...item, time: FIRST_TIME + drawn(item, SPREAD_MS) });
  const reassigned = stream.map(timed, { uid: `${uid}-timed`, ...rest }).assignTimestampsAndWatermarks(
    // Nothing may be late, in whatever order they come; being idle now and then must not matter either.
    boundedOutOfOrderness(SPREAD_MS, (item) => item.time, idles ? { idleAfter: 1 + options.choice * 5 } : {}),
    { uid: `${uid}-times`, ...rest },
  );
  return applied(
    'window by new times',
    counted(reassigned, tumbling(windowEnd(0)), { uid, ...rest }, options.choice),
    countedItems(items.map(timed)),
    // Who is idle holds nobody back: beside another stream, its windows would be late.
    !idles,
  );
};
