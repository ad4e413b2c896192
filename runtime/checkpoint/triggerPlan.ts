/**
 * Whom the coordinator triggers: the tasks that no running predecessor will bring a barrier. At first these are the
 * sources; when a source has ended, the tasks behind it that nothing else feeds, and so on down the graph:
 *
 *   source A (ended) ──▶ parse ──▶ join      parse is triggered by the coordinator,
 *   source B ──────────────────────▶         join gets its barriers from parse and B
 *
 * A task that has ended stays until the job's last checkpoint and takes part in every one: all its predecessors have
 * ended too, so it is among them.
 */
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { Subtask } from './checkpointEffects.ts';

export class TriggerPlan {
  readonly subtasks: readonly Subtask[];
  readonly #predecessors = new Map<string, string[]>();
  readonly #ended = new Set<string>();

  constructor(graph: ExecutionGraph) {
    this.subtasks = graph.vertices.flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, index): Subtask => ({ vertex: id, index })),
    );
    for (const subtask of this.subtasks) this.#predecessors.set(nameOf(subtask), []);
    for (const { fromVertex, fromSubtask, toVertex, toSubtask } of graph.channels) {
      const to = nameOf({ vertex: toVertex, index: toSubtask });
      this.#predecessors.get(to)?.push(nameOf({ vertex: fromVertex, index: fromSubtask }));
    }
  }

  knows(subtask: Subtask): boolean {
    return this.#predecessors.has(nameOf(subtask));
  }

  ended(subtask: Subtask): void {
    if (this.knows(subtask)) this.#ended.add(nameOf(subtask));
  }

  get haveAllEnded(): boolean {
    return this.#ended.size === this.subtasks.length;
  }

  /** Those who get no barrier from a predecessor. */
  toTrigger(): readonly Subtask[] {
    return this.subtasks.filter((subtask) =>
      this.#predecessors.get(nameOf(subtask))?.every((predecessor) => this.#ended.has(predecessor)),
    );
  }
}

export function nameOf({ vertex, index }: Subtask): string {
  return `${vertex}[${index}]`;
}
