/** What two streams have of one key in one window: an inner join makes pairs, a co-group can be an outer join. */
import { test } from 'vitest';
import { monotonousTimestamps, ofType, pipeline, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Impression {
  readonly ad: string;
  readonly time: number;
}
interface Click {
  readonly ad: string;
  readonly time: number;
  readonly user: string;
}

const outcomes = pipeline('outcomes', (env) => {
  const impressions = env
    .fromSource(collection<Impression>([]), {
      uid: 'impressions',
      watermarks: monotonousTimestamps((impression) => impression.time),
    })
    .keyBy((impression) => impression.ad);
  const clicks = env
    .fromSource(collection<Click>([]), {
      uid: 'clicks',
      watermarks: monotonousTimestamps((click) => click.time),
    })
    .keyBy((click) => click.ad);
  impressions
    .join(
      clicks,
      { window: tumbling(10) },
      (impression, click) => `${impression.ad} ${impression.time}: ${click.user}`,
      { uid: 'join' },
    )
    .sinkTo(collectingSink(), { uid: 'pairs' });
  impressions
    .coGroup(
      clicks,
      { window: tumbling(10) },
      {
        output: ofType<string>(),
        onWindow(shown, clicked, window, ctx) {
          for (const { ad, time } of shown)
            ctx.emit(
              `${ad} ${time}: ${clicked.length === 0 ? 'nobody' : clicked.map(({ user }) => user).join('+')}`,
            );
          if (shown.length === 0) ctx.emit(`${window.key}: clicked without being shown`);
        },
      },
      { uid: 'outer' },
    )
    .sinkTo(collectingSink(), { uid: 'outcomes' });
});

const impression = (ad: string, time: number): Step => ({ source: 'impressions', push: { ad, time } });
const click = (ad: string, time: number, user: string): Step => ({
  source: 'clicks',
  push: { ad, time, user },
});

test('pairs are of one key and one window, and an outer join also tells who is alone', () => {
  check({
    pipeline: outcomes,
    sources: ['impressions', 'clicks'],
    steps: [
      impression('a', 1),
      click('a', 2, 'u'),
      impression('a', 9),
      click('a', 9, 'v'),
      impression('b', 3),
      // Another window, however near.
      click('b', 10, 'w'),
      { source: 'impressions', watermark: 50 },
      // The clicks hold event time back: the first window is still open.
      click('a', 5, 'x'),
      { source: 'clicks', watermark: 9 },
      click('c', 12, 'y'),
    ],
    expected: {
      pairs: ['a 1: u', 'a 1: v', 'a 1: x', 'a 9: u', 'a 9: v', 'a 9: x'],
      outcomes: [
        'a 1: u+v+x',
        'a 9: u+v+x',
        'b 3: nobody',
        'b: clicked without being shown',
        'c: clicked without being shown',
      ],
    },
  });
});
