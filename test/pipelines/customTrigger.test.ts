/**
 * Windows that end when the records say so: a global window with a trigger of the author's, which keeps state per window and
 * purges it. Beside it, a day that is told early: a trigger that fires every few records and again at the end.
 */
import { describe, test } from 'vitest';
import {
  globalWindow,
  monotonousTimestamps,
  pipeline,
  type Trigger,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Line {
  readonly cart: string;
  readonly what: string;
  readonly time: number;
}

const remembered = { lines: valueState<number>({ initial: 0 }) };

/** At a checkout, and at the latest with the fourth line. */
const atCheckout: Trigger<Line, typeof remembered> = {
  state: remembered,
  onElement(line, ctx) {
    const lines = ctx.state.lines.get() + 1;
    ctx.state.lines.set(lines);
    if (line.what !== 'checkout' && lines < 4) return 'continue';
    ctx.state.lines.clear();
    return 'fire-and-purge';
  },
};

/** With every second record, and when the window is over. */
const early: Trigger<Line, typeof remembered> = {
  state: remembered,
  purges: false,
  onElement(_line, ctx) {
    ctx.timers.registerEventTime(ctx.window.end - 1);
    ctx.state.lines.set(ctx.state.lines.get() + 1);
    return ctx.state.lines.get() % 2 === 0 ? 'fire' : 'continue';
  },
  onEventTime: (time, ctx) => (time === ctx.window.end - 1 ? 'fire' : 'continue'),
};

const carts = pipeline('custom-trigger', (env) => {
  const keyed = env
    .fromSource(collection<Line>([]), {
      uid: 'lines',
      watermarks: monotonousTimestamps((line) => line.time),
    })
    .keyBy((line) => line.cart);
  const text = {
    create: () => '',
    add: (lines: string, line: Line) => `${lines}${line.what.charAt(0)}`,
    merge: (left: string, right: string) => left + right,
  };
  keyed
    .window(globalWindow(), { trigger: atCheckout })
    .aggregate({ ...text, result: (lines, { key }) => `${key} ${lines}` }, { uid: 'carts' })
    .sinkTo(collectingSink(), { uid: 'carts-out' });
  keyed
    .window(tumbling(10), { trigger: early })
    .aggregate({ ...text, result: (lines, { key, start }) => `${key}@${start} ${lines}` }, { uid: 'early' })
    .sinkTo(collectingSink(), { uid: 'early-out' });
});

const line = (cart: string, what: string, time: number): Step => ({
  source: 'lines',
  push: { cart, what, time },
});

describe('triggers of an author', () => {
  test('fire by what the records say, with state of their own in every savepoint', () => {
    check({
      pipeline: carts,
      sources: ['lines'],
      steps: [
        line('a', 'apple', 0),
        line('b', 'bread', 1),
        line('a', 'butter', 2),
        line('a', 'checkout', 3),
        line('a', 'dates', 4),
        line('b', 'cheese', 5),
        { source: 'lines', watermark: 9 },
        line('b', 'eggs', 11),
        line('b', 'figs', 12),
        line('b', 'grapes', 13),
      ],
      expected: {
        // A cart that nobody checks out stays open, at the end too.
        'carts-out': ['a abc', 'b bcef'],
        'early-out': ['a@0 ab', 'a@0 abcd', 'a@0 abcd', 'b@0 bc', 'b@0 bc', 'b@10 ef', 'b@10 efg'],
      },
    });
  });
});
