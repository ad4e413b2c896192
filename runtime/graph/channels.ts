/**
 * Which subtasks of an edge are connected. Forward is one to one. Rescale gives every subtask a fair, contiguous
 * share of the other side, as Flink's pointwise connection does, so that records stay near where they are. All
 * others connect everybody with everybody, also `global`, which then uses only the first of them: every subtask of
 * the receiver keeps an input that barriers and the end come through.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { VertexEdge } from './executionGraph.ts';
import type { Partitioning } from './jobGraph.ts';

/** Pairs of [sender, receiver], by sender, then by receiver. */
export function connectSubtasks(
  partitioning: Partitioning,
  senders: number,
  receivers: number,
): readonly (readonly [from: number, to: number])[] {
  switch (partitioning) {
    case 'forward':
      assert(senders === receivers, `a forward edge connects ${senders} with ${receivers} subtasks`);
      return range(0, senders).map((index) => [index, index] as const);
    case 'rescale':
      return pointwise(senders, receivers);
    case 'hash':
    case 'rebalance':
    case 'broadcast':
    case 'shuffle':
    case 'global':
    case 'custom':
      return range(0, senders).flatMap((from) => range(0, receivers).map((to) => [from, to] as const));
    default:
      return unreachable(partitioning);
  }
}

/**
 * Is a vertex with these inputs aligned in every checkpoint? As in Flink, where one of them is pointwise or broadcast: what
 * is in flight there could not be divided anew at another parallelism.
 */
export function alignedOnly({
  inputs,
}: {
  readonly inputs: readonly Pick<VertexEdge, 'partitioning'>[];
}): boolean {
  return inputs.some(
    ({ partitioning }) =>
      partitioning === 'forward' || partitioning === 'rescale' || partitioning === 'broadcast',
  );
}

function pointwise(senders: number, receivers: number): readonly (readonly [number, number])[] {
  if (senders >= receivers) {
    return range(0, receivers).flatMap((to) =>
      range(Math.floor((to * senders) / receivers), Math.floor(((to + 1) * senders) / receivers)).map(
        (from) => [from, to] as const,
      ),
    );
  }
  return range(0, senders).flatMap((from) =>
    range(Math.ceil((from * receivers) / senders), Math.ceil(((from + 1) * receivers) / senders)).map(
      (to) => [from, to] as const,
    ),
  );
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
