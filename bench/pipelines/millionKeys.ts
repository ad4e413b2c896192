/**
 * A million keys, made as fast as it goes, then touched at a steady rate. It prints when its first record came, when all keys
 * are there, and, every second, the longest time in which its operator was not called: the pause that a snapshot makes
 * (and whatever else the machine does).
 */
import { ofType, pipeline, valueState } from 'sluice';
import { generator } from 'sluice/connectors';
import { discard } from './discard.ts';

const keys = Number(process.env.BENCH_KEYS ?? 1_000_000);
const touchedPerSecond = Number(process.env.BENCH_TOUCHED_PER_SECOND ?? 20_000);

let hasRecords = false;
let seen = 0;
let lastAt = 0;
let windowStartedAt = 0;
let longestMs = 0;

function observe(): void {
  const now = performance.now();
  if (!hasRecords) {
    hasRecords = true;
    windowStartedAt = now;
    console.log(`bench first-record ${Date.now()}`);
  } else longestMs = Math.max(longestMs, now - lastAt);
  lastAt = now;
  seen += 1;
  if (seen === keys) console.log('bench all-keys');
  if (now - windowStartedAt > 1_000) {
    console.log(`bench longest-pause ${longestMs.toFixed(2)}`);
    windowStartedAt = now;
    longestMs = 0;
  }
}

export default pipeline('bench-million-keys', (env) => {
  env.checkpoints({ interval: null });
  const filling = generator({ make: (index) => `key-${index}`, count: keys });
  const touching = generator({
    make: (index) => `key-${(index * 7_919) % keys}`,
    perSecond: touchedPerSecond,
  });
  env
    .fromSource(filling, { uid: 'filling' })
    .union(env.fromSource(touching, { uid: 'touching' }))
    .keyBy((key) => key)
    .process(
      {
        state: { count: valueState<number>() },
        output: ofType<never>(),
        onElement(_key, context) {
          observe();
          context.state.count.set((context.state.count.get() ?? 0) + 1);
        },
      },
      { uid: 'count' },
    )
    .sinkTo(discard(), { uid: 'out' });
});
