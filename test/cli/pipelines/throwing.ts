/** An operator that throws at one record. */
import { pipeline } from 'sluice';
import { generator, text } from 'sluice/connectors';

function check(value: number): number {
  if (value === 7) throw new RangeError('seven is not allowed');
  return value;
}

export default pipeline('throwing', (env) => {
  env.restart({ strategy: 'none' });
  env
    .fromSource(generator({ make: (index) => index, count: 100 }), { uid: 'numbers' })
    .map((value) => check(value), { uid: 'checked' })
    .map(String, { uid: 'strings' })
    .sinkTo(text.sink('out'), { uid: 'out' });
});
