/**
 * The job that is killed: two sources of different speed, united, counted per key, and summed per key and window of event
 * time; everything goes into one exactly-once file sink. What it commits does not depend on who comes first:
 *
 *   count   per key the numbers 1 … n, one line each: a lost or doubled record shows at its key
 *   sum     per key and window one line: a lost or doubled timer or window shows here
 *
 * Whoever puts a file `end-thread` beside it has one of its threads end. `expected.ts` computes the same without any of Sluice. How many records, and how fast, comes from the environment.
 */
import { existsSync, rmSync } from 'node:fs';
import { boundedOutOfOrderness, ofType, pipeline, tumbling, valueState } from 'sluice';
import { generator, text } from 'sluice/connectors';

interface Reading {
  readonly key: string;
  readonly time: number;
  readonly amount: number;
}

const records = Number(process.env.CHAOS_RECORDS ?? 12_000);
const perSecond = Number(process.env.CHAOS_PER_SECOND ?? 6_000);

const reading =
  (salt: number) =>
  (index: number): Reading => ({
    key: `k${(index * 7 + salt) % 61}`,
    time: index * 10,
    amount: (index % 13) + salt,
  });

export default pipeline('chaos', (env) => {
  env.checkpoints({ interval: '150 ms' });
  env.restart({ strategy: 'fixed-delay', attempts: 1_000_000, delay: '100 ms' });
  const watermarks = boundedOutOfOrderness<Reading>('0 ms', (found) => found.time);
  const fast = env.fromSource(generator({ make: reading(1), count: records, perSecond, splits: 3 }), {
    uid: 'fast',
    watermarks,
  });
  const slow = env.fromSource(
    generator({ make: reading(2), count: records / 2, perSecond: perSecond / 2, splits: 2 }),
    { uid: 'slow', watermarks },
  );
  const keyed = fast.union(slow).keyBy((found) => found.key);
  const counts = keyed.process(
    {
      state: { seen: valueState<number>() },
      output: ofType<string>(),
      onElement(found, context) {
        const seen = (context.state.seen.get() ?? 0) + 1;
        context.state.seen.set(seen);
        if (seen % 8 === 0) endThreadIfAsked();
        context.emit(`count ${found.key} ${seen}`);
      },
    },
    { uid: 'count' },
  );
  const sums = keyed.window(tumbling('1 s')).aggregate(
    {
      create: () => 0,
      add: (sum: number, found: Reading) => sum + found.amount,
      result: (sum: number, window) => `sum ${window.key} ${window.start} ${sum}`,
    },
    { uid: 'sum' },
  );
  counts.union(sums).sinkTo(text.sink('out'), { uid: 'out' });
});

function endThreadIfAsked(): void {
  if (!existsSync('end-thread')) return;
  rmSync('end-thread', { force: true });
  process.exit(3);
}
