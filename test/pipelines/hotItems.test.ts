/**
 * The three most viewed items of every window: counts per item and window, gathered per window, ranked when the window is
 * over. The timer is one millisecond behind the window's end, when all counts of it have come.
 */
import { test } from 'vitest';
import { boundedOutOfOrderness, listState, ofType, pipeline, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface View {
  readonly item: string;
  readonly time: number;
}
interface Count {
  readonly item: string;
  readonly end: number;
  readonly views: number;
}

const hotItems = pipeline('hot-items', (env) => {
  env
    .fromSource(collection<View>([]), {
      uid: 'views',
      watermarks: boundedOutOfOrderness('1 s', (view) => view.time),
    })
    .keyBy((view) => view.item)
    .window(tumbling('10 s'))
    .aggregate(
      {
        create: () => 0,
        add: (views) => views + 1,
        result: (views, window): Count => ({ item: window.key, end: window.end, views }),
      },
      { uid: 'views-per-item' },
    )
    .keyBy((count) => count.end)
    .process(
      {
        output: ofType<string>(),
        state: { counts: listState<Count>() },
        onElement(count, ctx) {
          ctx.state.counts.add(count);
          ctx.timers.registerEventTime(count.end);
        },
        onTimer(timer, ctx) {
          const top = [...ctx.state.counts.get()]
            .sort((a, b) => b.views - a.views || a.item.localeCompare(b.item))
            .slice(0, 3);
          ctx.state.counts.clear();
          ctx.emit(`${timer.time}: ${top.map(({ item, views }) => `${item} ${views}`).join(', ')}`);
        },
      },
      { uid: 'rank' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const view = (item: string, time: number): Step => ({ source: 'views', push: { item, time } });

test('windows are ranked when they are over', () => {
  check({
    pipeline: hotItems,
    sources: ['views'],
    steps: [
      ...['a', 'b', 'a', 'c', 'd', 'a', 'b', 'd'].map((item, place) => view(item, place * 1_000)),
      view('e', 12_000),
      // Out of order, and not late.
      view('b', 9_999),
      { source: 'views', watermark: 9_998 },
      { source: 'views', watermark: 10_000 },
      view('e', 19_000),
    ],
    expected: { out: ['10000: a 3, b 3, d 2', '20000: e 2'] },
  });
});
