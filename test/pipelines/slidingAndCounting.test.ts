/** Windows that overlap, windows of so many records, the last few of a window, and windows of the machine's clock. */
import { describe, test } from 'vitest';
import {
  boundedOutOfOrderness,
  countEvictor,
  type Environment,
  ofType,
  type Pipeline,
  pipeline,
  sliding,
  tumbling,
} from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Car {
  readonly car: string;
  readonly time: number;
  readonly speed: number;
}

const named = (name: string, write: (cars: ReturnType<typeof carsOf>) => void): Pipeline =>
  pipeline(name, (env) => write(carsOf(env)));

const carsOf = (env: Environment) =>
  env
    .fromSource(collection<Car>([]), { uid: 'cars', watermarks: boundedOutOfOrderness(5, (car) => car.time) })
    .keyBy((car) => car.car);

const listed = {
  output: ofType<string>(),
  onWindow(
    cars: readonly Car[],
    { key, start }: { readonly key: string; readonly start: number },
    ctx: { emit(text: string): void },
  ) {
    ctx.emit(`${key}@${start}: ${cars.map(({ speed }) => speed).join(' ')}`);
  },
};

const car = (time: number, speed: number): Step => ({ source: 'cars', push: { car: 'c', time, speed } });
const watermark = (time: number): Step => ({ source: 'cars', watermark: time });

describe('a car', () => {
  test('has a fastest speed of the last twenty, every ten: each record is in two windows', () => {
    check({
      pipeline: named('sliding', (cars) =>
        cars
          .window(sliding(20, 10))
          .aggregate(
            {
              create: () => 0,
              add: (fastest, { speed }) => Math.max(fastest, speed),
              merge: Math.max,
              result: (fastest, { start, end }) => `${start}–${end}: ${fastest}`,
            },
            { uid: 'fastest' },
          )
          .sinkTo(collectingSink(), { uid: 'out' }),
      ),
      sources: ['cars'],
      steps: [
        car(1, 50),
        car(12, 70),
        car(9, 90),
        watermark(9),
        watermark(19),
        // The window that begins at 0 is over; of that which begins at 10 it is in time.
        car(11, 99),
        // Both windows that held it are over.
        watermark(29),
        car(13, 120),
        car(45, 10),
      ],
      expected: { out: ['-10–10: 90', '0–20: 90', '10–30: 99', '30–50: 10', '40–60: 10'] },
    });
  });

  test('is looked at with every third record, and with every second one the last three', () => {
    const cars = (write: (keyed: ReturnType<typeof carsOf>) => void) => ({
      pipeline: named('counting', write),
      sources: ['cars'],
      steps: [1, 2, 3, 4, 5, 6, 7].map((n) => car(n, n)),
    });
    check({
      ...cars((keyed) =>
        keyed.countWindow(3).process(textOf, { uid: 'w' }).sinkTo(collectingSink(), { uid: 'out' }),
      ),
      expected: { out: ['1 2 3', '4 5 6'] },
    });
    check({
      ...cars((keyed) =>
        keyed.countWindow(3, 2).process(textOf, { uid: 'w' }).sinkTo(collectingSink(), { uid: 'out' }),
      ),
      expected: { out: ['1 2', '2 3 4', '4 5 6'] },
    });
  });

  test('keeps only the last two of a window', () => {
    check({
      pipeline: named('evicting', (cars) =>
        cars
          .window(tumbling(10), { evictor: countEvictor(2) })
          .process(listed, { uid: 'last' })
          .sinkTo(collectingSink(), { uid: 'out' }),
      ),
      sources: ['cars'],
      // In the order in which they came.
      steps: [car(1, 10), car(8, 80), car(3, 30), watermark(9), car(14, 140)],
      expected: { out: ['c@0: 80 30', 'c@10: 140'] },
    });
  });

  test('is counted by the clock on the wall, whatever its records say', () => {
    check({
      pipeline: named('processing-time', (cars) =>
        cars
          .window(tumbling(10, { time: 'processing' }))
          .process(listed, { uid: 'clock' })
          .sinkTo(collectingSink(), { uid: 'out' }),
      ),
      sources: ['cars'],
      steps: [
        car(500, 1),
        { advance: 9 },
        car(7, 2),
        { advance: 1 },
        car(0, 3),
        { advance: 15 },
        car(9_999, 4),
        { advance: 5 },
      ],
      expected: { out: ['c@0: 1 2', 'c@10: 3', 'c@20: 4'] },
    });
  });
});

const textOf = {
  output: ofType<string>(),
  onWindow(cars: readonly Car[], _window: object, ctx: { emit(text: string): void }) {
    ctx.emit(cars.map(({ speed }) => speed).join(' '));
  },
};
