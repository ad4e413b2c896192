/** A source whose file is not there. */
import { pipeline } from 'sluice';
import { text } from 'sluice/connectors';

export default pipeline('missing-source', (env) => {
  env
    .fromSource(text.source('data/not-there.txt'), { uid: 'lines' })
    .sinkTo(text.sink('out'), { uid: 'out' });
});
