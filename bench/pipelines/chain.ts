/** Five operators in one chain: numbers in, a map, a filter, another map, nothing out. */
import { pipeline } from 'sluice';
import { generator } from 'sluice/connectors';
import { discard } from './discard.ts';

const count = Number(process.env.BENCH_RECORDS);

export default pipeline('bench-chain', (env) => {
  env
    .fromSource(generator({ make: (index) => index, count, splits: 4 }), { uid: 'numbers' })
    .map((value) => value * 2, { uid: 'double' })
    .filter((value) => value % 3 !== 0, { uid: 'thirds' })
    .map((value) => value + 1, { uid: 'next' })
    .sinkTo(discard(), { uid: 'out' });
});
