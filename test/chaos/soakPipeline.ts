/**
 * The job that is to run for long: counts per key, and every tenth count of a key goes into an exactly-once file sink. What it
 * commits follows from the number of records alone. Whoever puts a file `fail` beside it makes one of its tasks fail: by an
 * error of the author's code, or by the end of its thread, as the file says. `heap` beside it tells, once a second, what
 * the task's thread has on its heap.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ofType, pipeline, valueState } from 'sluice';
import { generator, text } from 'sluice/connectors';

const records = Number(process.env.SOAK_RECORDS ?? 20_000);
const perSecond = Number(process.env.SOAK_PER_SECOND ?? 2_000);
const keys = Number(process.env.SOAK_KEYS ?? 5_000);

export default pipeline('soak', (env) => {
  env.checkpoints({ interval: '200 ms', retained: 3, tolerableFailures: 1_000 });
  env.restart({ strategy: 'fixed-delay', attempts: 1_000_000, delay: '100 ms' });
  env
    .fromSource(generator({ make: (index) => index % keys, count: records, perSecond, splits: 2 }), {
      uid: 'numbers',
    })
    .keyBy((key) => key)
    .process(
      {
        state: { seen: valueState<number>() },
        output: ofType<string>(),
        onElement(key, context) {
          const seen = (context.state.seen.get() ?? 0) + 1;
          context.state.seen.set(seen);
          if (seen % 10 === 0) context.emit(`${key} ${seen}`);
          if (key % 64 === 0) failIfAsked();
          if (key === 0) writeFileSync('heap', String(process.memoryUsage().heapUsed));
        },
      },
      { uid: 'count' },
    )
    .sinkTo(text.sink('out'), { uid: 'out' });
});

function failIfAsked(): void {
  if (!existsSync('fail')) return;
  const how = readFileSync('fail', 'utf8');
  rmSync('fail', { force: true });
  if (how === 'exit') process.exit(3);
  throw new Error('it was asked to fail');
}
