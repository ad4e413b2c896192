/** A count per key over 100,000 text keys: a shuffle, a keyed state, an update each. */
import { pipeline } from 'sluice';
import { generator } from 'sluice/connectors';
import { discard } from './discard.ts';

const count = Number(process.env.BENCH_RECORDS);
const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);

export default pipeline('bench-keyed-count', (env) => {
  env
    .fromSource(
      generator({
        make: (index) => ({ key: keys[(index * 7_919) % keys.length] as string, count: 1 }),
        count,
        splits: 4,
      }),
      { uid: 'records' },
    )
    .keyBy((record) => record.key)
    .reduce((sum, record) => ({ key: sum.key, count: sum.count + record.count }), { uid: 'count' })
    .sinkTo(discard(), { uid: 'out' });
});
