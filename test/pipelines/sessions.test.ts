/**
 * Sessions of clicks. A record between two sessions makes them one, also when one of them was emitted already and lateness is
 * allowed; keys are spread over subtasks, and each merges its own.
 */
import { describe, test } from 'vitest';
import { boundedOutOfOrderness, outputTag, pipeline, session } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Click {
  readonly user: string;
  readonly time: number;
}

const late = outputTag<Click>('late');

const sessions = (allowedLateness: number) =>
  pipeline('sessions', (env) => {
    const counted = env
      .fromSource(collection<Click>([]), {
        uid: 'clicks',
        watermarks: boundedOutOfOrderness(0, (click) => click.time),
      })
      .keyBy((click) => click.user)
      .window(session(10), { allowedLateness, lateTo: late })
      .aggregate(
        {
          create: () => 0,
          add: (clicks) => clicks + 1,
          merge: (left, right) => left + right,
          result: (clicks, { key, start, end }) => `${key} ${start}–${end}: ${clicks}`,
        },
        { uid: 'sessions' },
      );
    counted.sinkTo(collectingSink(), { uid: 'out' });
    counted
      .sideOutput(late)
      .map(({ user, time }) => `${user} ${time}`)
      .sinkTo(collectingSink(), { uid: 'late' });
  });

const click = (user: string, time: number): Step => ({ source: 'clicks', push: { user, time } });
const watermark = (time: number): Step => ({ source: 'clicks', watermark: time });

describe('sessions', () => {
  test('three become one by a record between them, for each key by itself', () => {
    check({
      pipeline: sessions(0),
      sources: ['clicks'],
      steps: [
        click('a', 0),
        click('b', 3),
        click('a', 20),
        click('a', 40),
        click('b', 30),
        // Touches neither: the gap is 10, and a session ends a gap behind its last record.
        click('c', 11),
        click('c', 0),
        // The one ends at 10, where this one begins: they touch, and are one. The next joins the third.
        click('a', 10),
        click('a', 30),
        watermark(49),
        click('c', 60),
      ],
      expected: {
        out: ['a 0–50: 5', 'b 3–13: 1', 'b 30–40: 1', 'c 0–10: 1', 'c 11–21: 1', 'c 60–70: 1'],
        late: [],
      },
    });
  });

  test('one that was emitted is emitted anew with what it becomes, as long as lateness is allowed', () => {
    check({
      pipeline: sessions(20),
      sources: ['clicks'],
      steps: [
        click('a', 0),
        click('a', 15),
        watermark(9),
        watermark(24),
        // Joins both, which have been emitted: the whole one is, at once.
        click('a', 8),
        watermark(43),
        // The session [0, 25) is kept until 44: a record in it is late, and allowed.
        click('a', 20),
        // It grew to 30 and is kept until 49.
        watermark(49),
        click('a', 5),
      ],
      expected: {
        out: ['a 0–10: 1', 'a 15–25: 1', 'a 0–25: 3', 'a 0–30: 4'],
        late: ['a 5'],
      },
    });
  });
});
