/** Nothing happens but a checkpoint a second. */
import { pipeline } from 'sluice';
import { generator } from 'sluice/connectors';
import { discard } from './discard.ts';

export default pipeline('bench-idle', (env) => {
  env
    .fromSource(generator({ make: (index) => index, perSecond: 0.001 }), { uid: 'silence' })
    .keyBy((value) => value)
    .reduce((sum) => sum, { uid: 'sum' })
    .sinkTo(discard(), { uid: 'out' });
});
