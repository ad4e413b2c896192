/**
 * A sink into an array of the same thread, for tests of pipelines. Exactly-once like the file sink: a record is in
 * `values` when its checkpoint is complete, once, also when the checkpoint is committed again after a restore.
 */
import type { Sink } from '../operators/sink.ts';

interface Portion<T> {
  readonly id: string;
  readonly values: readonly T[];
}

export interface CollectingSink<T> extends Sink<T, Portion<T>> {
  /** What is committed, in the order of the commits. */
  readonly values: readonly T[];
}

export function collectingSink<T>(): CollectingSink<T> {
  const values: T[] = [];
  const committed = new Set<string>();
  const commit = (portions: readonly Portion<T>[]): void => {
    for (const portion of portions) {
      if (committed.has(portion.id)) continue;
      committed.add(portion.id);
      values.push(...portion.values);
    }
  };
  return {
    name: 'collecting',
    guarantee: 'exactly-once',
    values,
    createWriter() {
      let written: T[] = [];
      let owner = '';
      let next = 0;
      return {
        open(context) {
          owner = `${context.runId}/${context.attempt}/${context.subtaskIndex}`;
        },
        write(value) {
          written.push(value);
        },
        prepareCommit() {
          if (written.length === 0) return [];
          const portion = { id: `${owner}/${next++}`, values: written };
          written = [];
          return [portion];
        },
        writerState: () => null,
        close() {},
      };
    },
    createCommitter: () => ({ recover: (_context, pending) => commit(pending), commit }),
  };
}
