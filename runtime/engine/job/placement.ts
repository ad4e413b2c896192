/**
 * Which thread runs which subtask. A hop between threads costs ten to thirty times a chain, so subtasks with the same
 * index stay together: with n threads, thread t gets the indexes i with i mod n = t, of every vertex.
 */
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { SubtaskId } from '../control/messages.ts';

/** Never more threads than the highest parallelism: the rest would be empty. */
export const placeSubtasks = (
  graph: ExecutionGraph,
  threadsMax: number,
): readonly (readonly SubtaskId[])[] => {
  const widest = graph.vertices.reduce((most, vertex) => Math.max(most, vertex.parallelism), 1);
  const count = Math.max(1, Math.min(threadsMax, widest));
  const threads: SubtaskId[][] = Array.from({ length: count }, () => []);
  for (const vertex of graph.vertices) {
    for (let index = 0; index < vertex.parallelism; index++)
      (threads[index % count] as SubtaskId[]).push({ vertex: vertex.id, index });
  }
  return threads;
};
