/**
 * A control stream says which words the other stream must not carry. Both are keyed by the word, so that a word and what
 * blocks it meet in one state, whichever is first.
 */
import { test } from 'vitest';
import { ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check } from './scenario.ts';

const controlled = pipeline('control-words', (env) => {
  const control = env.fromSource(collection<string>([]), { uid: 'control' });
  const words = env.fromSource(collection<string>([]), { uid: 'words' });
  control
    .keyBy((word) => word)
    .connect(words.keyBy((word) => word))
    .process(
      {
        output: ofType<string>(),
        state: { blocked: valueState<boolean>({ initial: false }) },
        onFirst: (_word, ctx) => ctx.state.blocked.set(true),
        onSecond(word, ctx) {
          if (!ctx.state.blocked.get()) ctx.emit(word);
        },
      },
      { uid: 'filter' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

test('a word is let through until it is blocked, and stays blocked', () => {
  check({
    pipeline: controlled,
    sources: ['control', 'words'],
    steps: [
      { source: 'words', push: 'drop' },
      { source: 'control', push: 'drop' },
      { source: 'words', push: 'drop' },
      { source: 'control', push: 'ignore' },
      { source: 'words', push: 'flink' },
      { source: 'words', push: 'ignore' },
      { source: 'words', push: 'flink' },
    ],
    expected: { out: ['drop', 'flink', 'flink'] },
  });
});
