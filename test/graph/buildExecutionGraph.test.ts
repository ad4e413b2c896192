import { expect, test } from 'vitest';
import { buildExecutionGraph, parallelismProblem } from '../../runtime/graph/buildExecutionGraph.ts';
import type { GraphOperator } from '../../runtime/graph/jobGraph.ts';
import { graphOf } from './graphOf.ts';

interface Case {
  readonly edges: readonly string[];
  readonly operators?: Record<string, Partial<GraphOperator>>;
  readonly parallelism?: number;
  /** A vertex as `a+b(a)`: every operator but the head with the one that feeds it. */
  readonly vertices: string;
  /** An edge as `vertex.operatorIndex partitioning vertex:input`. */
  readonly between?: readonly string[];
}

function check({ edges, operators, parallelism, vertices, between }: Case): void {
  const execution = buildExecutionGraph(graphOf(edges, operators), parallelism ?? null);
  const drawn = execution.vertices.map((vertex) =>
    vertex.operators
      .map(({ operator, fedBy }) =>
        fedBy === null ? operator.uid : `${operator.uid}(${vertex.operators[fedBy]?.operator.uid})`,
      )
      .join('+'),
  );
  expect(drawn.join(' ')).toBe(vertices);
  if (between === undefined) return;
  expect(
    execution.edges.map(
      (e) => `${e.fromVertex}.${e.fromOperator} ${e.partitioning} ${e.toVertex}:${e.input}`,
    ),
  ).toEqual(between);
}

test('operators that are connected one to one run as one task', () => {
  check({ edges: ['a → b', 'b → c'], vertices: 'a+b(a)+c(b)', between: [] });
});

test('a chain is a tree, and may feed another chain from its middle', () => {
  check({
    edges: ['a → b', 'a → c', 'b → d', 'b hash e'],
    vertices: 'a+b(a)+c(a)+d(b) e',
    between: ['a.1 hash e:0'],
  });
});

test('whatever spreads records ends a chain', () => {
  for (const partitioning of ['hash', 'rebalance', 'rescale', 'broadcast', 'shuffle', 'global', 'custom']) {
    check({ edges: [`a ${partitioning} b`], vertices: 'a b', between: [`a.0 ${partitioning} b:0`] });
  }
});

test('several inputs end a chain: a union, a connect, the same stream twice', () => {
  check({ edges: ['a → c', 'b → c'], vertices: 'a c b' });
  check({
    edges: ['a → c:0', 'b → c:1'],
    vertices: 'a c b',
    between: ['a.0 forward c:0', 'b.0 forward c:1'],
  });
  check({ edges: ['a → c', 'a → c'], vertices: 'a c' });
});

test('an operator that asked to stand alone does, on both sides', () => {
  check({ edges: ['a → b', 'b → c'], operators: { b: { chainable: false } }, vertices: 'a b c' });
});

test('an operator that something is in flight to begins a chain, where it would be chained else', () => {
  const graph = graphOf(['a → b', 'b → c', 'b → d']);
  const drawn = (heads?: ReadonlySet<string>) =>
    buildExecutionGraph(graph, null, heads).vertices.map(({ operators }) =>
      operators.map(({ operator }) => operator.uid).join('+'),
    );
  expect(drawn()).toEqual(['a+b+c+d']);
  expect(drawn(new Set(['b', 'a']))).toEqual(['a', 'b+c+d']);
});

test('another parallelism ends a chain, and one to one becomes round robin', () => {
  check({
    edges: ['a → b', 'b → c'],
    operators: { b: { parallelism: 2 }, c: { parallelism: 2 } },
    vertices: 'a b+c(b)',
    between: ['a.0 rebalance b:0'],
  });
});

test('a parallelism from outside changes every operator but those that the author fixed', () => {
  check({
    edges: ['a → b', 'b → c'],
    operators: { a: { parallelismFixed: true } },
    parallelism: 3,
    vertices: 'a b+c(b)',
  });
});

test('a vertex is named after its operators and has the id of the first', () => {
  const [vertex] = buildExecutionGraph(graphOf(['flights → late', 'late → out'])).vertices;
  expect(vertex).toMatchObject({
    id: 'flights',
    name: 'flights → late → out',
    parallelism: 1,
    inputs: [],
    outputs: [],
  });
});

test('channels are numbered by edge, sender and receiver', () => {
  const { channels } = buildExecutionGraph(graphOf(['a hash b', 'b hash c']), 2);
  expect(channels.map((c) => `${c.id}: ${c.fromVertex}${c.fromSubtask} ${c.toVertex}${c.toSubtask}`)).toEqual(
    ['0: a0 b0', '1: a0 b1', '2: a1 b0', '3: a1 b1', '4: b0 c0', '5: b0 c1', '6: b1 c0', '7: b1 c1'],
  );
});

test('vertices are sorted so that senders come before receivers', () => {
  const { vertices, edges } = buildExecutionGraph(
    graphOf(['a → b', 'c → d', 'b hash e:0', 'd hash e:1', 'e → f']),
  );
  const place = new Map(vertices.map((vertex, index) => [vertex.id, index]));
  for (const edge of edges) expect(place.get(edge.fromVertex)).toBeLessThan(place.get(edge.toVertex) ?? -1);
});

test('the same graph gives the same execution graph, byte for byte', () => {
  const build = () => JSON.stringify(buildExecutionGraph(graphOf(['a → b', 'b hash c', 'c rescale d']), 3));
  expect(build()).toBe(build());
});

test('a parallelism that cannot be is told in one sentence', () => {
  const graph = graphOf(['a → b']);
  expect(parallelismProblem(graph, 2)).toBeNull();
  expect(parallelismProblem(graph, 0)).toBe(
    'The parallelism of "a" must be a whole number from 1 on, not 0.',
  );
  expect(parallelismProblem(graph, 1.5)).toContain('not 1.5');
  expect(parallelismProblem(graph, 129)).toContain('above its max parallelism 128');
  expect(() => buildExecutionGraph(graph, -1)).toThrow('not -1');
});
