import { expect, test } from 'vitest';
import {
  boundedOutOfOrderness,
  DataStream,
  type Environment,
  globalWindow,
  listState,
  mapState,
  monotonousTimestamps,
  ofType,
  outputTag,
  PipelineError,
  pipeline,
  session,
  sliding,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import type { DefineOptions } from '../../runtime/api/pipeline.ts';
import { collectingSink, collection, jsonl } from '../../runtime/connectors/index.ts';

const numbers = collection([1, 2, 3], { name: 'numbers' });
const plan = (write: (env: Environment) => void, options: DefineOptions = {}) =>
  pipeline('test', write).define(options).graph;

test.each<[string, Environment['stuckAfter'] | undefined, DefineOptions, number | null]>([
  ["Flink's heartbeat timeout unless something is said", undefined, {}, 50_000],
  ['what the pipeline says', '20 s', {}, 20_000],
  ['never', 'never', {}, null],
  ['what the start says goes before it', '20 s', { stuckAfterMs: 1_000 }, 1_000],
  ['also that it is waited for', '20 s', { stuckAfterMs: null }, null],
])('a function hangs after: %s', (_name, written, options, expected) => {
  const graph = plan((env) => {
    if (written !== undefined) env.stuckAfter = written;
    env.fromSource(numbers).sinkTo(collectingSink());
  }, options);
  expect(graph.stuckAfterMs).toBe(expected);
});

test('what the start says about restarts goes before what the pipeline says', () => {
  const write = (env: Environment) => {
    env.restart({ strategy: 'fixed-delay', attempts: 2, delay: '1 s' });
    env.fromSource(numbers).sinkTo(collectingSink());
  };
  expect(plan(write, { restart: { type: 'none' } }).restart).toEqual({ type: 'none' });
});

/** The error of a pipeline that cannot be, without the place. */
function problemOf(write: (env: Environment) => void, options: DefineOptions = {}): PipelineError {
  try {
    plan(write, options);
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('the plan was accepted');
}

test('a plan holds what was written, in order, with what the next operator needs to know', () => {
  const graph = plan((env) => {
    env.checkpoints({ interval: '500ms', retained: 5, incremental: false });
    env.restart({ strategy: 'fixed-delay', attempts: 2, delay: '1 s' });
    env
      .fromSource(numbers, { uid: 'in' })
      .map((n) => ({ n }), { name: 'wrap' })
      .keyBy((r) => r.n % 2)
      .window(tumbling('1 min'))
      .reduce((a) => a, { uid: 'reduce', parallelism: 2 })
      .sinkTo(jsonl.sink('out/x'), { uid: 'out', disableChaining: true });
  });
  expect(
    graph.operators.map((o) => [
      o.uid.replace(/-[0-9a-f]{8}$/, '-#'),
      o.name,
      o.type,
      o.role,
      o.keyed,
      o.inputs,
    ]),
  ).toEqual([
    ['in', 'in', 'source', 'source', false, 0],
    ['wrap-#', 'wrap', 'map', 'operator', false, 1],
    ['reduce', 'reduce', 'window', 'operator', true, 1],
    ['out', 'out', 'sink', 'sink', false, 1],
  ]);
  expect(graph.operators.map((o) => [o.parallelism, o.parallelismFixed, o.uidDerived, o.chainable])).toEqual([
    [1, false, false, true],
    [1, false, true, true],
    [2, true, false, true],
    [1, false, false, false],
  ]);
  expect(graph.operators.map((o) => o.states.map((s) => `${s.name}:${s.type}:${s.schemaVersion}`))).toEqual([
    ['splits:operator-union:1'],
    [],
    ['windows:map:1'],
    ['committables:operator-union:1', 'writer:operator-union:1'],
  ]);
  expect(graph.edges.map((e) => [e.from.slice(0, 4), e.to, e.partitioning, e.label])).toEqual([
    ['in', graph.operators[1]?.uid, 'forward', 'forward'],
    ['wrap', 'reduce', 'hash', 'hash(n % 2)'],
    ['redu', 'out', 'forward', 'forward'],
  ]);
  expect(graph.operators[3]).toMatchObject({
    guarantee: 'exactly-once',
    sinkDirectory: { path: 'out/x', extension: 'jsonl' },
  });
  expect(graph.checkpoints).toMatchObject({
    intervalMs: 500,
    retained: 5,
    timeoutMs: 600_000,
    incremental: false,
  });
  expect(graph.restart).toEqual({ type: 'fixed-delay', attempts: 2, delayMs: 1_000 });
});

test('every operator remembers the line that made it', () => {
  const graph = plan((env) => {
    const stream = env.fromSource(numbers);
    stream
      .map((n) => n)
      .keyBy((n) => n)
      .process({
        output: ofType<number>(),
        onElement() {},
      })
      .sinkTo(collectingSink());
  });
  const first = graph.operators[0]?.location?.line ?? 0;
  expect(graph.operators.map((o) => (o.location?.line ?? 0) - first)).toEqual([0, 2, 4, 8]);
  for (const { location } of graph.operators) expect(location?.file).toContain('plan.test.ts');
});

test('what is decided at the start goes before what the pipeline says', () => {
  const write = (env: Environment) => {
    env.parallelism = 2;
    env.fromSource(numbers, { parallelism: 1 }).sinkTo(collectingSink());
  };
  const at = (options: DefineOptions) => plan(write, options).operators.map((o) => o.parallelism);
  expect(at({})).toEqual([1, 2]);
  expect(at({ parallelism: 3 })).toEqual([1, 3]);
  expect(plan(write, { checkpoints: { intervalMs: null } }).checkpoints.intervalMs).toBeNull();
});

test('a union is several edges into one input, and a stream may be united with itself', () => {
  const graph = plan((env) => {
    const a = env.fromSource(numbers, { uid: 'a' });
    const b = env.fromSource(numbers, { uid: 'b' });
    a.union(b, a.rebalance()).sinkTo(collectingSink(), { uid: 'out' });
  });
  expect(graph.edges.map((e) => `${e.id} ${e.partitioning}`)).toEqual([
    'a->out:0 forward',
    'b->out:0 forward',
    'a->out:0#2 rebalance',
  ]);
});

test('the functions of a keyBy stand beside the plan, by edge', () => {
  const definition = pipeline('test', (env) => {
    const left = env.fromSource(numbers, { uid: 'l' }).keyBy((n) => n % 10);
    const right = env.fromSource(numbers, { uid: 'r' }).keyBy((n) => n % 7);
    left
      .connect(right)
      .process({ onFirst() {}, onSecond() {} }, { uid: 'c' })
      .sinkTo(collectingSink(), { uid: 'out' });
  }).define();
  expect(definition.edges.get('l->c:0')?.keyOf?.(13)).toBe(3);
  expect(definition.edges.get('r->c:1')?.keyOf?.(13)).toBe(6);
  expect([...definition.factories.keys()]).toEqual(['l', 'r', 'c', 'out']);
});

test('a derived uid survives edits elsewhere, and tells operators that are alike apart', () => {
  const uidsOf = (write: (env: Environment) => void) => plan(write).operators.map((o) => o.uid);
  const before = uidsOf((env) => {
    const s = env.fromSource(numbers);
    s.map((n) => n).sinkTo(collectingSink());
    s.map((n) => n + 1).sinkTo(collectingSink());
  });
  expect(new Set(before).size).toBe(5);
  const after = uidsOf((env) => {
    // A new branch, other lines, other functions.
    const other = env.fromSource(collection(['x'], { name: 'letters' }));
    const s = env.fromSource(numbers);
    s.filter((n) => n > 1).sinkTo(collectingSink());
    s.map((n) => n * 2).sinkTo(collectingSink());

    s.map((n) => n - 1).sinkTo(collectingSink());
    other.sinkTo(collectingSink());
  });
  expect(after).toEqual(expect.arrayContaining(before));
});

test('the label of a keyBy is what was written, where that is short', () => {
  const labelOf = (keyOf: (value: { a: string; b: { c: string } }) => string) =>
    plan((env) => {
      env
        .fromSource(collection([{ a: '', b: { c: '' } }]))
        .keyBy(keyOf)
        .reduce((a) => a)
        .sinkTo(collectingSink());
    }).edges[0]?.label;
  expect(labelOf((r) => r.a)).toBe('hash(a)');
  expect(labelOf((r) => r.b.c)).toBe('hash(b.c)');
  expect(labelOf((r) => `${r.a}/${r.b.c}`)).toBe('hash');
  expect(
    labelOf((r) => {
      return r.a;
    }),
  ).toBe('hash');
});

const loose = (env: Environment) => env.fromSource(numbers, { uid: 'in' });

test.each<[string, (env: Environment) => void, string]>([
  ['no operators', () => {}, 'Pipeline "test" is empty: begin with env.fromSource and end with sinkTo.'],
  [
    'a stream without a sink',
    (env) => loose(env).map((n) => n),
    'Operator "map" (…) leads nowhere: end its stream with sinkTo.',
  ],
  [
    'G9 one uid twice',
    (env) =>
      loose(env)
        .map((n) => n, { uid: 'in' })
        .sinkTo(collectingSink()),
    'Operator "in" (…) has the uid "in", which operator "in" (…) already has: give each operator its own.',
  ],
  [
    'an empty uid',
    (env) => loose(env).sinkTo(collectingSink(), { uid: ' ' }),
    'Operator " " (…) has a uid that is empty or longer than 200 characters: give it a short name.',
  ],
  [
    'a negative parallelism',
    (env) => loose(env).sinkTo(collectingSink(), { uid: 'out', parallelism: -1 }),
    'The parallelism of "out" must be a whole number from 1 on, not -1. (…)',
  ],
  [
    'a parallelism above the highest',
    (env) => loose(env).sinkTo(collectingSink(), { uid: 'out', parallelism: 9, maxParallelism: 8 }),
    'The parallelism 9 of "out" is above its max parallelism 8: lower the one, or raise the other before the first savepoint. (…)',
  ],
  [
    'an impossible max parallelism',
    (env) => {
      env.maxParallelism = 0;
      loose(env).sinkTo(collectingSink());
    },
    'The job has the max parallelism 0: it must be a whole number from 1 to 32768.',
  ],
  [
    'two states of one name',
    (env) =>
      loose(env)
        .keyBy((n) => n)
        .process(
          { state: { a: valueState<number>(), b: listState<number>({ name: 'a' }) }, onElement() {} },
          { uid: 'p' },
        )
        .sinkTo(collectingSink()),
    'Operator "p" (…) has two states named "a": give each its own name.',
  ],
  [
    'a schema version that is none',
    (env) =>
      loose(env)
        .keyBy((n) => n)
        .process(
          { state: { a: mapState<string, number>({ schemaVersion: 0 }) }, onElement() {} },
          { uid: 'p' },
        )
        .sinkTo(collectingSink()),
    'Operator "p" (…) gives state "a" the schema version 0: versions are whole numbers from 1 on.',
  ],
  [
    'a migration that is missing',
    (env) =>
      loose(env)
        .keyBy((n) => n)
        .process(
          { state: { a: valueState({ schemaVersion: 3, migrations: { 1: (old) => old } }) }, onElement() {} },
          { uid: 'p' },
        )
        .sinkTo(collectingSink()),
    'Operator "p" (…) has migrations for state "a", but none from schema version 2 to 3: add it, so that older savepoints can be restored.',
  ],
  ...(
    [
      ['a function', () => () => 0, 'a function is no key.'],
      ['a symbol', () => Symbol('s'), 'a symbol is no key.'],
      ['a date', () => new Date(0), 'A Date is no key; use one of its properties.'],
      ['nothing', () => undefined, 'undefined is no key.'],
      [
        'a circle',
        () => {
          const circle: Record<string, unknown> = {};
          circle.self = circle;
          return circle;
        },
        'A key may be nested 32 levels deep; this one is deeper or a circle.',
      ],
    ] as const
  ).map(([what, keyOf, problem]): [string, (env: Environment) => void, string] => [
    `${what} for a key`,
    (env) =>
      loose(env)
        .keyBy(keyOf as unknown as () => string)
        .reduce((left) => left, { uid: 'r' })
        .sinkTo(collectingSink()),
    `Operator "r" (…) has a key selector whose answer is no key: ${problem}`,
  ]),
  [
    'a key that is no function',
    (env) => loose(env).keyBy('origin' as unknown as (n: number) => string),
    'keyBy (…) takes a function that answers the key of a record.',
  ],
  [
    'a window on a stream without keys',
    (env) => (loose(env) as unknown as { window(size: unknown): void }).window(tumbling('1 h')),
    'window (…) works on a keyed stream: put keyBy before it, or use windowAll.',
  ],
  [
    'a sink without an input',
    (env) => new DataStream<number>(env.written().plan, []).sinkTo(collectingSink(), { uid: 'out' }),
    'Operator "out" (…) has no input: it must follow a stream that begins with env.fromSource.',
  ],
  [
    'a negative parallelism of the job',
    (env) => {
      env.parallelism = -2;
      loose(env).sinkTo(collectingSink());
    },
    'The parallelism of "in" must be a whole number from 1 on, not -2. (…)',
  ],
  [
    'a side output of a stream that was spread',
    (env) => loose(env).rebalance().sideOutput(outputTag('late')),
    'The side output "late" (…) belongs to one operator: ask for it on the stream that this operator answered, before anything else.',
  ],
  [
    'a side output without a name',
    () => outputTag(''),
    'A side output needs a name of 1 to 100 characters (…).',
  ],
  [
    'an alignment group without a name',
    () => monotonousTimestamps(() => 0, { alignment: { group: '', maxDrift: '1 s' } }),
    'The group of a watermark alignment needs a name. (…)',
  ],
  [
    'a map without a function',
    (env) => loose(env).map({ open: () => 1 } as unknown as (n: number) => number),
    'map (…) takes a function, or an object with a function "map".',
  ],
  [
    'two sinks into one directory',
    (env) => {
      const stream = loose(env);
      stream.sinkTo(jsonl.sink('out/a'), { uid: 'one' });
      stream.sinkTo(jsonl.sink('./out/b/../a/'), { uid: 'two' });
    },
    'Operator "two" (…) writes into "./out/b/../a", and so does operator "one" (…): give each sink its own directory.',
  ],
  [
    'unaligned at-least-once',
    (env) => {
      env.checkpoints({ unaligned: true, mode: 'at-least-once' });
      loose(env).sinkTo(collectingSink());
    },
    'Pipeline "test" asks for unaligned checkpoints and for at-least-once: unaligned ones hold exactly-once anyway, so leave one of the two out.',
  ],
  [
    'an aligned timeout without unaligned',
    (env) => {
      env.checkpoints({ alignedTimeout: '1 s' });
      loose(env).sinkTo(collectingSink());
    },
    'Pipeline "test" asks for an aligned timeout, which only unaligned checkpoints have: leave `alignedTimeout` out, or add `unaligned: true`.',
  ],
  [
    'unaligned, several at once',
    (env) => {
      env.checkpoints({ unaligned: true, maxConcurrent: 2 });
      loose(env).sinkTo(collectingSink());
    },
    'Pipeline "test" asks for unaligned checkpoints and for 2 at once: unaligned ones come one after the other, as in Flink, so leave `maxConcurrent` out.',
  ],
  [
    'an interval of nothing',
    (env) => env.checkpoints({ interval: 0 }),
    'The checkpoint interval must be longer than zero, not 0. (…)',
  ],
  [
    'a unit that there is not',
    (env) => env.checkpoints({ timeout: '1 year' as '1 s' }),
    `The checkpoint timeout must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not "1 year". (…)`,
  ],
  [
    'a restart strategy that there is not',
    (env) => env.restart({ strategy: 'pray' as 'none' }),
    'There is no restart strategy "pray"; there are none, fixed-delay, exponential-delay, failure-rate. (…)',
  ],
  [
    'a function that hangs at once',
    (env) => {
      env.stuckAfter = 0;
      loose(env).sinkTo(collectingSink());
    },
    'stuckAfter must be longer than zero, not 0.',
  ],
  [
    'an async function',
    (async () => {}) as () => void,
    'The function of pipeline "test" must not be async: a plan is written in one go, and its sources read while it runs.',
  ],
])('%s is refused in one sentence', (_what, write, sentence) => {
  const { message } = problemOf(write);
  expect(message.replaceAll(/\([^()]*plan\.test\.ts:\d+\)/g, '(…)')).toBe(sentence);
});

test.each<[string, () => unknown, string]>([
  [
    'a window of nothing',
    () => tumbling(0),
    'The size of a tumbling window must be longer than zero, not 0. (…)',
  ],
  [
    'a bound that is none',
    () => boundedOutOfOrderness(-1, () => 0),
    "The bound of boundedOutOfOrderness must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not -1. (…)",
  ],
  [
    'idleness at once',
    () => monotonousTimestamps(() => 0, { idleAfter: 0 }),
    'idleAfter must be longer than zero, not 0. (…)',
  ],
])('%s is refused with its line', (_what, write, sentence) => {
  expect(problemOf(() => write()).message.replaceAll(/\([^()]*plan\.test\.ts:\d+\)/g, '(…)')).toBe(sentence);
});

test('a stream of another pipeline is refused', () => {
  let stream: DataStream<number> | undefined;
  plan((env) => {
    stream = loose(env);
    stream.sinkTo(collectingSink());
  });
  expect(problemOf(() => stream?.sinkTo(collectingSink())).message).toContain('is empty');
  const { message } = problemOf((env) =>
    loose(env)
      .union(stream as DataStream<number>)
      .sinkTo(collectingSink(), { uid: 'out' }),
  );
  expect(message).toMatch(
    /^Operator "out" .* of pipeline "test" takes the records of operator "in" .*, which belongs to another pipeline\.$/,
  );
});

test('settings from outside are held against the same rules', () => {
  const write = (env: Environment) => loose(env).sinkTo(collectingSink());
  expect(problemOf(write, { checkpoints: { unaligned: true, mode: 'at-least-once' } }).message).toContain(
    'at-least-once',
  );
  expect(problemOf(write, { parallelism: 200 }).message).toContain('above its max parallelism 128');
});

test('the places in a sentence can be mapped to the source', () => {
  const error = problemOf((env) => loose(env).map((n) => n));
  expect(error.location?.line).toBeGreaterThan(0);
  expect(error.explain(() => ({ file: 'flights.ts', line: 7, column: 1 }))).toBe(
    'Operator "map" (flights.ts:7) leads nowhere: end its stream with sinkTo.',
  );
  expect(error.explain(() => null)).toBe(error.message);
});

test.each(['', 'a/b', '..', '.hidden', 'trailing.', 'x'.repeat(101), 'new\nline'])(
  '%j is no name for a pipeline',
  (name) => {
    expect(() => pipeline(name, (env) => loose(env).sinkTo(collectingSink())).define()).toThrow(
      'is no name for a pipeline',
    );
  },
);

test.each(['word-count', 'Flüge 2', '航班', 'v1.2_x'])('%j is a name for a pipeline', (name) => {
  expect(pipeline(name, (env) => loose(env).sinkTo(collectingSink())).define().graph.name).toBe(name);
});

test('the same function gives the same fingerprint each time', () => {
  const job = pipeline('test', (env) =>
    loose(env)
      .map((n) => n)
      .sinkTo(collectingSink()),
  );
  expect(job.define().graph.fingerprint).toBe(job.define({ parallelism: 4 }).graph.fingerprint);
});

test('a plan tells of windows what a savepoint needs to show them', () => {
  const { operators } = plan((env) => {
    const keyed = env.fromSource(numbers, { uid: 's' }).keyBy((n) => n);
    const sum = (left: number, right: number) => left + right;
    const out = collectingSink<number>();
    const hourly = tumbling('1 h', { offset: '5 min' });
    keyed.window(hourly, { allowedLateness: '1 s' }).reduce(sum, { uid: 't' }).sinkTo(out);
    keyed
      .window(sliding('1 h', '5 min', { time: 'processing' }))
      .reduce(sum, { uid: 'l' })
      .sinkTo(out);
    keyed.window(session('1 s')).reduce(sum, { uid: 'e' }).sinkTo(out);
    keyed.window(globalWindow()).reduce(sum, { uid: 'g' }).sinkTo(out);
    keyed.coGroup(keyed, { window: hourly }, { onWindow: () => {} }, { uid: 'c' }).sinkTo(collectingSink());
  });
  const windows = Object.fromEntries(operators.map((operator) => [operator.uid, operator.windows]));
  const hour = { sizeMs: 3_600_000, offsetMs: 300_000 };
  expect(windows).toMatchObject({
    s: undefined,
    t: { type: 'tumbling', ...hour, time: 'event', latenessMs: 1_000 },
    l: { type: 'sliding', sizeMs: 3_600_000, slideMs: 300_000, offsetMs: 0, time: 'processing' },
    e: { type: 'session', time: 'event', latenessMs: 0 },
    g: { type: 'global' },
    c: { type: 'tumbling', ...hour, latenessMs: 0 },
  });
});
