import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepPlaces, type LayoutRequest, layOut, spread } from '../../../webview/layout/riverLayout.ts';
import { pointAt, streamsOf, streamWidth } from '../../../webview/layout/streams.ts';

function request(
  pairs: readonly (readonly [string, string])[],
  direction: 'right' | 'down' = 'right',
): LayoutRequest {
  const ids = [...new Set(pairs.flat())];
  return {
    direction,
    width: direction === 'right' ? 1_360 : 376,
    vertices: ids.map((id) => ({ id, width: 196, height: direction === 'right' ? 154 : 62 })),
    edges: pairs.map(([from, to], index) => ({ id: `e${index}`, from, to, room: 100 })),
  };
}

const flights = [
  ['flights', 'parse'],
  ['parse', 'enrich'],
  ['weather', 'enrich'],
  ['enrich', 'window'],
  ['window', 'out'],
] as const;

test('streams go from left to right, and sources stand at the left bank', () => {
  const { places } = layOut(request(flights));
  for (const [from, to] of flights) expect(places.get(from)!.x + 196).toBeLessThan(places.get(to)!.x);
  expect(places.get('weather')!.x).toBe(places.get('flights')!.x);
});

test('in a column streams go downwards, and a stream that passes a rank has a lane of its own', () => {
  const { places, width } = layOut(request(flights, 'down'));
  for (const [from, to] of flights) expect(places.get(from)!.y + 62).toBeLessThan(places.get(to)!.y);
  expect(places.get('parse')!.width).toBeLessThan(width / 2);
  expect(places.get('out')!.width).toBe(width);
});

test('no two vertices overlap, whatever the graph', () => {
  const graphs = fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(graphs, fc.constantFrom('right', 'down'), (numbers, direction) => {
      const pairs = numbers.map(
        ([a, b]) =>
          (a === b ? [`v${a}`, `v${a + 15}`] : [`v${Math.min(a, b)}`, `v${Math.max(a, b)}`]) as [
            string,
            string,
          ],
      );
      const all = [...layOut(request(pairs, direction as 'right' | 'down')).places.values()];
      for (const [index, a] of all.entries())
        for (const b of all.slice(index + 1)) {
          const apart =
            a.x + a.width <= b.x + 0.01 ||
            b.x + b.width <= a.x + 0.01 ||
            a.y + a.height <= b.y + 0.01 ||
            b.y + b.height <= a.y + 0.01;
          if (!apart) return false;
        }
      return true;
    }),
    { verbose: true },
  );
});

test('a vertex that was there is never moved by one that is new', () => {
  const before = spread(layOut(request(flights)), 1_360);
  const after = keepPlaces(before, layOut(request([...flights, ['enrich', 'alerts'], ['alerts', 'pager']])));
  for (const [id, { x, y }] of before.places) expect(after.places.get(id)).toMatchObject({ x, y });
  expect(after.places.has('pager')).toBe(true);
});

test('a cycle does not hang the column', () => {
  expect(
    layOut(
      request(
        [
          ['a', 'b'],
          ['b', 'c'],
          ['c', 'b'],
        ],
        'down',
      ),
    ).places.size,
  ).toBe(3);
});

test.each([
  [0, 0],
  [980, 21.46],
  [1_310, 23.06],
  [1e9, 40],
])('%s records a second are %s px wide', (rate, width) => {
  expect(streamWidth(rate)).toBeCloseTo(width, 1);
});

test('a barrier starts at its source and ends at its target', () => {
  const layout = layOut(request(flights));
  for (const stream of streamsOf(layout, request(flights).edges).values()) {
    expect(pointAt(stream, 0)).toMatchObject(stream.start);
    expect(pointAt(stream, 1).x).toBeCloseTo(stream.end.x);
    expect(pointAt(stream, 0.3).x).toBeLessThan(pointAt(stream, 0.6).x);
  }
});
