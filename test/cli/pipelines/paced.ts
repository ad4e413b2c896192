/** Numbers at a rate, counted per key, into files: what most tests of the command run. */
import { ofType, pipeline, valueState } from 'sluice';
import { generator, text } from 'sluice/connectors';

const count = Number(process.env.PACED_COUNT ?? Number.POSITIVE_INFINITY);
const perSecond = Number(process.env.PACED_PER_SECOND ?? 4_000);

export default pipeline('paced', (env) => {
  env.checkpoints({ interval: '100 ms' });
  env
    .fromSource(generator({ make: (index) => ({ key: `k${index % 37}` }), count, perSecond, splits: 4 }), {
      uid: 'numbers',
    })
    .keyBy((record) => record.key)
    .process(
      {
        state: { seen: valueState<number>() },
        output: ofType<string>(),
        onElement(record, context) {
          const seen = (context.state.seen.get() ?? 0) + 1;
          context.state.seen.set(seen);
          context.emit(`${record.key} ${seen}`);
        },
      },
      { uid: 'count' },
    )
    .sinkTo(text.sink('out'), { uid: 'out' });
});
