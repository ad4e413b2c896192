/** The paced pipeline after somebody renamed its stateful operator. */
import { ofType, pipeline, valueState } from 'sluice';
import { generator, text } from 'sluice/connectors';

export default pipeline('paced', (env) => {
  env
    .fromSource(generator({ make: (index) => ({ key: `k${index % 37}` }), perSecond: 1_000, splits: 4 }), {
      uid: 'numbers',
    })
    .keyBy((record) => record.key)
    .process(
      {
        state: { seen: valueState<number>() },
        output: ofType<string>(),
        onElement(record, context) {
          context.state.seen.set((context.state.seen.get() ?? 0) + 1);
          context.emit(record.key);
        },
      },
      { uid: 'renamed' },
    )
    .sinkTo(text.sink('out'), { uid: 'out' });
});
