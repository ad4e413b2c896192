/**
 * A job that is nothing but a sink, for tests: it writes records, takes snapshots, completes them, dies and goes on, with
 * the two-phase commit that the engine does around `SinkOperator`. Beside it runs a model that knows no files: a
 * snapshot is the list of records before it.
 */

import type { PartWriterState } from '../../runtime/connectors/partNames.ts';
import { supersedeParts } from '../../runtime/connectors/supersedeParts.ts';
import type { OperatorContext } from '../../runtime/operators/operator.ts';
import type { Sink } from '../../runtime/operators/sink.ts';
import { SinkOperator, writerStateName } from '../../runtime/operators/sinkOperator.ts';
import { sinkContext } from './contexts.ts';
import type { MemoryFiles } from './memoryFiles.ts';

export interface TakenSnapshot {
  readonly id: number;
  readonly isSavepoint: boolean;
  /** By the name of the state, what each subtask had put. */
  readonly states: ReadonlyMap<string, readonly unknown[]>;
  readonly records: readonly string[];
  /** Answers of the deferred work; every subtask must have none. */
  readonly failures: Error[];
}

export class SinkJob {
  readonly files: MemoryFiles;
  readonly #sink: () => Sink<string>;
  #subtasks: SinkOperator[] = [];
  #run = 0;
  #nextCheckpoint = 1;
  records: string[] = [];

  constructor(files: MemoryFiles, sink: () => Sink<string>) {
    this.files = files;
    this.#sink = sink;
  }

  get runId(): string {
    return `run${this.#run}`;
  }

  /** Deploys from a snapshot; null: empty. */
  start(
    parallelism: number,
    from: TakenSnapshot | null,
    supersede: 'before' | 'by writers' | 'refuse',
  ): void {
    this.#run++;
    const sink = this.#sink();
    const writers = (from?.states.get(writerStateName) ?? []) as readonly PartWriterState[];
    if (supersede === 'before' && sink.directory !== undefined) {
      supersedeParts(this.files, sink.directory, writers, this.runId);
    }
    this.records = [...(from?.records ?? [])];
    this.#subtasks = Array.from({ length: parallelism }, () => new SinkOperator(sink as Sink<unknown>));
    for (const [subtaskIndex, subtask] of this.#subtasks.entries()) {
      const context = sinkContext(this.files, {
        subtaskIndex,
        parallelism,
        runId: this.runId,
        restored: from !== null,
        supersede: supersede === 'by writers',
      });
      subtask.open({
        ...context,
        output: { collect() {} },
        keyed: null,
        restoredOperatorState: ({ name }) => structuredClone(from?.states.get(name) ?? []),
      } as OperatorContext<never>);
    }
  }

  write(record: string): void {
    this.records.push(record);
    this.#subtasks[this.records.length % this.#subtasks.length]?.process(record, 0);
  }

  /** The barrier has come to every subtask; what they deferred is under way. */
  snapshot(isSavepoint = false): TakenSnapshot {
    const states = new Map<string, unknown[]>();
    const failures: Error[] = [];
    const id = this.#nextCheckpoint++;
    for (const subtask of this.#subtasks) {
      subtask.snapshot({
        checkpointId: id,
        isSavepoint,
        putOperatorState: ({ name }, elements) => {
          states.set(name, [...(states.get(name) ?? []), ...structuredClone(elements)]);
        },
        putSourcePositions() {},
        defer: (work) => work((error) => error !== undefined && failures.push(error)),
      });
    }
    return { id, isSavepoint, states, records: [...this.records], failures };
  }

  /** To the first `count` subtasks: the rest dies before it hears of it. */
  notifyComplete(id: number, count = this.#subtasks.length): void {
    for (const subtask of this.#subtasks.slice(0, count)) subtask.notifyCheckpointComplete(id);
  }

  close(): void {
    for (const subtask of this.#subtasks) subtask.close();
  }
}

/** The lines of all committed parts, sorted. */
export function committedLines(files: MemoryFiles, directory: string): readonly string[] {
  return files
    .list(directory)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => files.text(`${directory}/${name}`).split('\n').slice(0, -1))
    .sort();
}
