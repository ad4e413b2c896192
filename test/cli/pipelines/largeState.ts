/**
 * State that is several times larger than a small heap: every key holds numbers of its own, is met in every round, and must
 * still have what it had. What is sent says so for each key, in the last round.
 */
import { ofType, pipeline, valueState } from 'sluice';
import { generator, jsonl } from 'sluice/connectors';

const keys = Number(process.env.LARGE_STATE_KEYS ?? 1_000);
const rounds = Number(process.env.LARGE_STATE_ROUNDS ?? 2);
/** Four kilobytes a key. */
const numbersPerKey = 500;

interface Kept {
  met: number;
  readonly numbers: readonly number[];
}

export default pipeline('large-state', (env) => {
  env.checkpoints({ interval: '2 s' });
  env.restart({ strategy: 'none' });
  env
    .fromSource(
      generator({ count: keys * rounds, make: (index) => ({ key: (index * 7_919) % keys, index }) }),
      {
        uid: 'numbers',
      },
    )
    .keyBy(({ key }) => key)
    .process(
      {
        state: { kept: valueState<Kept>() },
        output: ofType<{ readonly key: number; readonly met: number; readonly isSame: boolean }>(),
        onElement({ key, index }, { state, emit }) {
          const before = state.kept.get();
          if (before === undefined) {
            state.kept.set({ met: 1, numbers: numbersOf(key) });
            return;
          }
          // In place, and never set again.
          before.met++;
          if (index >= keys * (rounds - 1))
            emit({
              key,
              met: before.met,
              isSame: numbersOf(key).every((number, i) => number === before.numbers[i]),
            });
        },
      },
      { uid: 'kept' },
    )
    .sinkTo(jsonl.sink('out'), { uid: 'out' });
});

const numbersOf = (key: number): readonly number[] =>
  Array.from({ length: numbersPerKey }, (_, i) => key + i / 256);
