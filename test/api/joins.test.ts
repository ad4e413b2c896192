/** How streams that meet stand in the plan, and what is wrong with them before anything runs. */
import { expect, test } from 'vitest';
import {
  broadcastState,
  type DataStream,
  type Duration,
  type Environment,
  operatorListState,
  PipelineError,
  pipeline,
  session,
  tumbling,
  unionListState,
  valueState,
} from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';

interface Record {
  readonly k: string;
}

type Write = (left: DataStream<Record>, right: DataStream<Record>, env: Environment) => DataStream<unknown>;

const keyOf = (record: Record) => record.k;

const plan = (write: Write) =>
  pipeline('test', (env) => {
    const source = (name: string) => env.fromSource(collection<Record>([], { name }), { uid: name });
    write(source('left'), source('right'), env).sinkTo(collectingSink(), { uid: 'out' });
  }).define().graph;

test.each<[string, Write, string, string[], string[]]>([
  [
    'an interval join',
    (left, right) =>
      left.keyBy(keyOf).join(right.keyBy(keyOf), { between: ['-1 s', '1 s'] }, () => 1, { uid: 'op' }),
    'intervalJoin keyed',
    ['left hash(k) 0', 'right hash(k) 1'],
    ['left map', 'right map'],
  ],
  [
    'a window join',
    (left, right) =>
      left.keyBy(keyOf).join(right.keyBy(keyOf), { window: tumbling('1 h') }, () => 1, { uid: 'op' }),
    'windowJoin keyed',
    ['left hash(k) 0', 'right hash(k) 1'],
    ['windows map'],
  ],
  [
    'a co-group',
    (left, right) =>
      left
        .keyBy(keyOf)
        .coGroup(
          right.keyBy(keyOf),
          { window: tumbling('1 h') },
          { state: { seen: valueState<number>() }, onWindow() {} },
          { uid: 'op' },
        ),
    'coGroup keyed',
    ['left hash(k) 0', 'right hash(k) 1'],
    ['windows map', 'seen value'],
  ],
  [
    'two keyed streams that are connected',
    (left, right) =>
      left
        .keyBy(keyOf)
        .connect(right.keyBy(keyOf))
        .process(
          {
            state: { seen: valueState<number>(), own: operatorListState<number>() },
            onFirst() {},
            onSecond() {},
          },
          { uid: 'op' },
        ),
    'coProcess keyed',
    ['left hash(k) 0', 'right hash(k) 1'],
    ['seen value', 'own operator-list'],
  ],
  [
    'a keyed stream that is connected with one without keys',
    (left, right) =>
      left
        .keyBy(keyOf)
        .connect(right)
        .process({ onFirst() {}, onSecond() {} }, { uid: 'op' }),
    'coProcess',
    ['left hash(k) 0', 'right forward 1'],
    [],
  ],
  [
    'a stream that is connected with a broadcast one',
    (left, right) =>
      left.connect(right.broadcast({ rules: broadcastState<string, number>() })).process(
        {
          state: { own: unionListState<number>() },
          onElement() {},
          onBroadcast() {},
          onEnd() {},
        },
        { uid: 'op' },
      ),
    'broadcastProcess',
    ['left forward 0', 'right broadcast 1'],
    ['own operator-union', 'rules operator-broadcast', 'ended operator-union'],
  ],
  [
    'a keyed stream that is connected with a broadcast one',
    (left, right) =>
      left
        .keyBy(keyOf)
        .connect(right.broadcast({ rules: broadcastState<string, number>({ name: 'r', schemaVersion: 2 }) }))
        .process({ state: { seen: valueState<number>() }, onElement() {}, onBroadcast() {} }, { uid: 'op' }),
    'broadcastProcess keyed',
    ['left hash(k) 0', 'right broadcast 1'],
    ['seen value', 'r operator-broadcast'],
  ],
  [
    'a keyed stream that is mapped',
    (left) => left.keyBy(keyOf).map(() => 1, { uid: 'op' }),
    'map',
    ['left hash(k) 0'],
    [],
  ],
])('%s', (_what, write, type, edges, states) => {
  const graph = plan((left, right, env) => {
    const out = write(left, right, env);
    right.sinkTo(collectingSink(), { uid: 'unused' });
    return out;
  });
  const operator = graph.operators.find(({ uid }) => uid === 'op');
  expect(`${operator?.type}${operator?.keyed ? ' keyed' : ''}`).toBe(type);
  expect(operator?.states.map((state) => `${state.name} ${state.type}`)).toEqual(states);
  expect(operator?.inputs).toBe(edges.length);
  expect(
    graph.edges
      .filter(({ to }) => to === 'op')
      .map(({ from, partitioning, label, input }) => {
        expect(label).toContain(partitioning);
        return `${from} ${label} ${input}`;
      }),
  ).toEqual(edges);
  expect(operator?.location?.file).toContain('joins.test.ts');
});

test('broadcast without states is a stream', () => {
  const graph = plan((left, right) =>
    left
      .broadcast()
      .map(() => ({ k: '' }))
      .union(right),
  );
  expect(graph.edges.map(({ partitioning }) => partitioning)).toContain('broadcast');
});

const loosely = (value: unknown) => value as never;

test.each<[string, Write, string]>([
  [
    'bounds the wrong way round',
    (left, right) =>
      left.keyBy(keyOf).join(right.keyBy(keyOf), { between: ['1 s', '-1 s'] }, () => 1, { uid: 'op' }),
    'Operator "op" (…) joins nothing: from "1 s" to "-1 s" there is no time.',
  ],
  [
    'bounds that exclude everything',
    (left, right) =>
      left
        .keyBy(keyOf)
        .join(right.keyBy(keyOf), { between: [5, 5], upperExclusive: true }, () => 1, { name: 'op' }),
    'Operator "op" (…) joins nothing: from 5 to 5, exclusive, there is no time.',
  ],
  [
    'a bound that is no duration',
    (left, right) =>
      left.keyBy(keyOf).join(right.keyBy(keyOf), { between: [0, 'soon' as Duration] }, () => 1),
    "The upper bound of a join must be a duration such as '5 min', '-500ms' or 0, or a number of milliseconds, not \"soon\". (…)",
  ],
  [
    'a join that is neither',
    (left, right) => left.keyBy(keyOf).join(right.keyBy(keyOf), loosely({}), () => 1, { uid: 'op' }),
    'Operator "op" (…) needs to know which records are pairs: say `between` or `window`.',
  ],
  [
    'an interval join without a function',
    (left, right) => left.keyBy(keyOf).join(right.keyBy(keyOf), { between: [0, 1] }, loosely({})),
    'Operator "intervalJoin" (…) needs a function "onPair".',
  ],
  [
    'a window join without a function',
    (left, right) => left.keyBy(keyOf).join(right.keyBy(keyOf), { window: tumbling(1) }, loosely({})),
    'Operator "windowJoin" (…) needs a function "onPair".',
  ],
  [
    'a co-group without a function',
    (left, right) => left.keyBy(keyOf).coGroup(right.keyBy(keyOf), { window: tumbling(1) }, loosely({})),
    'Operator "coGroup" (…) needs a function "onWindow".',
  ],
  [
    'a co-group whose windows cannot be',
    (left, right) =>
      left
        .keyBy(keyOf)
        .coGroup(
          right.keyBy(keyOf),
          { window: session('1 s') },
          { windowState: { seen: valueState<number>() }, onWindow() {} },
          { uid: 'op' },
        ),
    'Operator "op" (…) has session windows, which merge, and `windowState`, which does not: use `state`, or `merge`.',
  ],
  [
    'connected streams of which one has no function',
    (left, right) => left.connect(right).process(loosely({ onFirst() {} })),
    'Operator "coProcess" (…) needs a function "onSecond".',
  ],
  [
    'a process without a function',
    (left) => left.process(loosely({})),
    'Operator "process" (…) needs a function "onElement".',
  ],
  [
    'broadcast records without a function',
    (left, right) => left.connect(right.broadcast({})).process(loosely({ onElement() {} }), { uid: 'op' }),
    'Operator "op" (…) needs a function "onBroadcast".',
  ],
  [
    'keyed state without keys',
    (left, right) =>
      left
        .connect(right)
        .process(
          { state: loosely({ seen: valueState<number>() }), onFirst() {}, onSecond() {} },
          { uid: 'op' },
        ),
    'Operator "op" (…) declares state "seen", which belongs to a key, and has no keys: put a keyBy before it, or declare operatorListState.',
  ],
  [
    'keyed state that is broadcast',
    (left, right) =>
      left
        .connect(right.broadcast(loosely({ rules: valueState<number>() })))
        .process({ onElement() {}, onBroadcast() {} }, { uid: 'op' }),
    'Operator "op" (…) is broadcast the state "rules": declare it with broadcastState.',
  ],
  [
    'two states of one name, one of them broadcast',
    (left, right) =>
      left
        .keyBy(keyOf)
        .connect(right.broadcast({ rules: broadcastState<string, number>() }))
        .process(
          { state: { seen: valueState<number>({ name: 'rules' }) }, onElement() {}, onBroadcast() {} },
          { uid: 'op' },
        ),
    'Operator "op" (…) has two states named "rules", one of them broadcast: give yours another name.',
  ],
  [
    'a state with the name of one of the operator',
    (left) =>
      left.process(
        { state: { ended: operatorListState<number>() }, onElement() {}, onEnd() {} },
        { uid: 'op' },
      ),
    'Operator "op" (…) has two states named "ended", one of them its own: give yours another name.',
  ],
])('%s', (_what, write, sentence) => {
  let error: unknown;
  try {
    plan(write);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(PipelineError);
  if (!(error instanceof PipelineError)) return;
  expect(error.message.replace(/\(\/[^)]*\)/g, '(…)')).toBe(sentence);
  expect(error.location?.file).toContain('joins.test.ts');
});
