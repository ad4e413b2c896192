/** A page whose frames cost something, on a clock of its own: how many frames a second, and how much of it is left. */
import { describe, expect, test } from 'vitest';
import { FramePace } from '../../../webview/views/framePace.ts';

const refreshMs = 1_000 / 60;

interface Machine {
  /** Of the page's own thread. */
  readonly scriptMs: number;
  /** Of whoever rasterises; the next frame begins when it is done. */
  readonly rasterMs: number;
  readonly leastMs: number;
}

/** Draws without an end for ten seconds, as a river that flows does. */
function drawn({ scriptMs, rasterMs, leastMs }: Machine): { perSecond: number; busyShare: number } {
  const pace = new FramePace();
  let now = 0;
  let rasterFreeAt = 0;
  let frames = 0;
  let busyMs = 0;
  while (now < 10_000) {
    now += pace.pauseMs(now, leastMs);
    pace.asked(now);
    now = Math.max(Math.ceil(now / refreshMs + 1e-6) * refreshMs, rasterFreeAt);
    pace.began(now);
    now += scriptMs;
    busyMs += scriptMs;
    frames++;
    rasterFreeAt = now + rasterMs;
    pace.ended(now);
  }
  now += pace.pauseMs(now, leastMs);
  return { perSecond: Math.round(frames / 10), busyShare: busyMs / now };
}

describe('how often the page draws', () => {
  test.each([
    {
      what: 'cheap frames come with every refresh',
      scriptMs: 2,
      rasterMs: 3,
      leastMs: 0,
      least: 58,
      most: 60,
    },
    {
      what: 'water that only flows comes half as often',
      scriptMs: 2,
      rasterMs: 3,
      leastMs: 1_000 / 30,
      least: 28,
      most: 31,
    },
    {
      what: 'a frame of 8 ms leaves room for the next refresh',
      scriptMs: 8,
      rasterMs: 0,
      leastMs: 0,
      least: 50,
      most: 60,
    },
    {
      what: 'a slow frame is followed by as long a pause',
      scriptMs: 50,
      rasterMs: 0,
      leastMs: 0,
      least: 8,
      most: 10,
    },
    {
      what: 'so is one that is rasterised slowly elsewhere',
      scriptMs: 2,
      rasterMs: 100,
      leastMs: 0,
      least: 4,
      most: 8,
    },
    {
      what: 'a page that takes seconds a frame is still drawn',
      scriptMs: 3_000,
      rasterMs: 0,
      leastMs: 0,
      least: 0,
      most: 1,
    },
  ])('$what', ({ least, most, ...machine }) => {
    const { perSecond } = drawn(machine);
    expect(perSecond).toBeGreaterThanOrEqual(least);
    expect(perSecond).toBeLessThanOrEqual(most);
  });

  test.each([1, 5, 10, 20, 50, 200, 450])('frames of %d ms leave the page half of its time', (scriptMs) => {
    expect(drawn({ scriptMs, rasterMs: 0, leastMs: 0 }).busyShare).toBeLessThanOrEqual(0.5);
  });

  test('a page that was hidden for a minute is drawn again within half a second', () => {
    const pace = new FramePace();
    pace.asked(0);
    pace.began(10);
    pace.ended(12);
    expect(pace.pauseMs(20, 0)).toBe(0);
    pace.asked(20);
    pace.began(60_000);
    pace.ended(60_002);
    expect(pace.pauseMs(60_002, 0)).toBeLessThanOrEqual(500);
  });
});
