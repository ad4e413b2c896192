/** However records are spread over the subtasks of the next operator, what comes out is what a plain function gives. */
import fc from 'fast-check';
import { test } from 'vitest';
import type { DataStream } from '../../runtime/api/index.ts';
import { againstNaive, timed } from '../testing/againstNaive.ts';

const RECEIVERS = 3;

/** How often a record comes at the next operator. */
test.each<[string, (stream: DataStream<number>) => DataStream<number>, number]>([
  ['rebalance', (stream) => stream.rebalance(), 1],
  ['rescale', (stream) => stream.rescale(), 1],
  ['shuffle', (stream) => stream.shuffle(), 1],
  ['global', (stream) => stream.global(), 1],
  ['partitionCustom', (stream) => stream.partitionCustom((n, receivers) => n % receivers), 1],
  ['broadcast', (stream) => stream.broadcast(), RECEIVERS],
])('%s', (_name, spread, times) => {
  againstNaive<number, string>({
    piece: (stream) =>
      spread(stream.map((n) => n + 1))
        .map((n) => `<${n}>`, { parallelism: RECEIVERS })
        .rebalance()
        .filter((text) => text !== '<7>', { parallelism: 2 }),
    records: timed(fc.nat({ max: 20 })),
    naive: (records) =>
      records
        .map(({ value }) => `<${value + 1}>`)
        .filter((text) => text !== '<7>')
        .flatMap((text) => new Array<string>(times).fill(text)),
    anyOrder: true,
    runs: { numRuns: 30 },
  });
});
