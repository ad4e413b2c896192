/**
 * Flink's broadcast state pattern: pairs of shapes of one colour, by rules that come on a stream of their own, change while
 * the job runs, and are the same in every subtask. A rule that is taken back also clears what waited for it, for every key.
 */
import { test } from 'vitest';
import { broadcastState, mapState, ofType, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Item {
  readonly colour: string;
  readonly shape: string;
}
interface Rule {
  readonly name: string;
  /** Null: the rule is taken back. */
  readonly shapes: readonly [first: string, second: string] | null;
}

const matches = pipeline('changing-rules', (env) => {
  const rules = env
    .fromSource(collection<Rule>([]), { uid: 'rules' })
    .broadcast({ rules: broadcastState<string, readonly [string, string]>() });
  env
    .fromSource(collection<Item>([]), { uid: 'items' })
    .keyBy((item) => item.colour)
    .connect(rules)
    .process(
      {
        output: ofType<string>(),
        state: { waiting: mapState<string, number>() },
        onElement({ colour, shape }, ctx) {
          for (const [name, [first, second]] of ctx.broadcast.rules.entries()) {
            const waiting = ctx.state.waiting.get(name) ?? 0;
            if (shape === second && waiting > 0) {
              ctx.state.waiting.set(name, waiting - 1);
              ctx.emit(`${colour}: ${name}`);
            } else if (shape === first) ctx.state.waiting.set(name, waiting + 1);
          }
        },
        onBroadcast({ name, shapes }, ctx) {
          if (shapes !== null) {
            ctx.broadcast.rules.set(name, shapes);
            return;
          }
          ctx.broadcast.rules.delete(name);
          ctx.forEachKey('waiting', (_colour, waiting) => waiting.delete(name));
        },
      },
      { uid: 'match' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const rule = (name: string, shapes: Rule['shapes']): Step => ({ source: 'rules', push: { name, shapes } });
const item = (colour: string, shape: string): Step => ({ source: 'items', push: { colour, shape } });

test('rules hold from when they come until they are taken back, in every subtask, across restores', () => {
  check({
    pipeline: matches,
    sources: ['rules', 'items'],
    steps: [
      // No rule yet.
      item('red', 'square'),
      rule('r1', ['square', 'circle']),
      item('red', 'circle'),
      item('red', 'square'),
      item('blue', 'square'),
      item('green', 'square'),
      item('red', 'circle'),
      // What waits for r1 goes with it, for every colour.
      rule('r1', null),
      rule('r1', ['square', 'circle']),
      item('blue', 'circle'),
      item('blue', 'square'),
      item('blue', 'circle'),
      // A rule changes in mid-stream.
      item('green', 'square'),
      rule('r1', ['square', 'star']),
      item('green', 'circle'),
      item('green', 'star'),
    ],
    expected: { out: ['red: r1', 'blue: r1', 'green: r1'] },
  });
});
