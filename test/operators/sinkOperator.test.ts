import { expect, test } from 'vitest';
import type { OperatorContext } from '../../runtime/operators/operator.ts';
import type { Sink } from '../../runtime/operators/sink.ts';
import { SinkOperator } from '../../runtime/operators/sinkOperator.ts';
import { sinkContext } from '../connectors/contexts.ts';
import { MemoryFiles } from '../connectors/memoryFiles.ts';

/** A sink that writes down what is asked of it; commits of what is in `broken` fail. */
class RecordingSink implements Sink<unknown, string> {
  readonly name = 'recording';
  readonly guarantee = 'exactly-once';
  readonly log: string[] = [];
  readonly broken = new Set<string>();
  #written: unknown[] = [];

  createWriter() {
    return {
      open: (_context: unknown, states: readonly unknown[]) =>
        this.log.push(`open ${JSON.stringify(states)}`),
      write: (value: unknown) => this.#written.push(value),
      prepareCommit: () => {
        const prepared = this.#written.length === 0 ? [] : [this.#written.join('+')];
        this.#written = [];
        return prepared;
      },
      writerState: () => 'w',
      close: () => this.log.push('close'),
    };
  }

  createCommitter() {
    const commit = (committables: readonly string[]) => {
      for (const committable of committables) {
        if (this.broken.has(committable)) throw new Error(`cannot commit ${committable}`);
        this.log.push(`commit ${committable}`);
      }
    };
    return {
      recover: (_context: unknown, pending: readonly string[]) =>
        this.log.push(`recover ${pending.join(' ')}`),
      commit,
    };
  }
}

type States = Record<string, readonly unknown[]>;

function opened(sink: RecordingSink, states: States = {}, subtaskIndex = 0, parallelism = 1): SinkOperator {
  const operator = new SinkOperator(sink);
  operator.open({
    ...sinkContext(new MemoryFiles(), { subtaskIndex, parallelism }),
    output: { collect() {} },
    keyed: null,
    restoredOperatorState: ({ name }) => states[name] ?? [],
  } as OperatorContext<never>);
  sink.log.length = 0;
  return operator;
}

function snapshot(operator: SinkOperator, checkpointId: number): States {
  const states: Record<string, readonly unknown[]> = {};
  operator.snapshot({
    checkpointId,
    isSavepoint: false,
    putOperatorState: ({ name }, elements) => {
      states[name] = structuredClone(elements);
    },
    putSourcePositions() {},
    defer: (work) => work(() => {}),
  });
  return states;
}

test('I1: what was prepared for n is committed when n is complete, once', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  operator.process('a', 0);
  operator.process('b', 0);
  snapshot(operator, 1);
  expect(sink.log).toEqual([]);
  operator.notifyCheckpointComplete(1);
  operator.notifyCheckpointComplete(1);
  expect(sink.log).toEqual(['commit a+b']);
});

test('I2: what a restored snapshot had prepared is committed again, in its order', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  for (const [id, record] of [
    [1, 'a'],
    [2, 'b'],
  ] as const) {
    operator.process(record, 0);
    snapshot(operator, id);
  }
  operator.process('c', 0);
  const states = snapshot(operator, 3);
  const restored = new RecordingSink();
  const next = new SinkOperator(restored);
  next.open({
    ...sinkContext(new MemoryFiles()),
    output: { collect() {} },
    keyed: null,
    restoredOperatorState: ({ name }) => [...(states[name] ?? [])].reverse(),
  } as OperatorContext<never>);
  expect(restored.log).toEqual(['recover a b c', 'open ["w"]']);
});

test('I3: what was written after the snapshot is not in it', () => {
  const operator = opened(new RecordingSink());
  const states = snapshot(operator, 1);
  operator.process('a', 0);
  expect(states.committables).toEqual([]);
});

test('I4: when the notice of n-1 is lost, n commits both', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  operator.process('a', 0);
  snapshot(operator, 1);
  operator.process('b', 0);
  snapshot(operator, 2);
  operator.notifyCheckpointComplete(2);
  expect(sink.log).toEqual(['commit a', 'commit b']);
});

test('I5: n-1 is complete while n is pending: only what was prepared up to n-1', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  operator.process('a', 0);
  snapshot(operator, 1);
  operator.process('b', 0);
  snapshot(operator, 2);
  operator.notifyCheckpointComplete(1);
  expect(sink.log).toEqual(['commit a']);
  expect(snapshot(operator, 3).committables).toEqual([
    { checkpointId: 2, subtaskIndex: 0, committable: 'b' },
  ]);
});

test('I6: one that cannot be committed does not keep the others from it; then the job fails', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  for (const [id, record] of [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ] as const) {
    operator.process(record, 0);
    snapshot(operator, id);
  }
  sink.broken.add('a');
  expect(() => operator.notifyCheckpointComplete(3)).toThrow('cannot commit a');
  expect(sink.log).toEqual(['commit b', 'commit c']);
});

test('an aborted checkpoint takes nothing back: its records wait for the next complete one', () => {
  const sink = new RecordingSink();
  const operator = opened(sink);
  operator.process('a', 0);
  snapshot(operator, 1);
  expect(snapshot(operator, 2).committables).toHaveLength(1);
  operator.notifyCheckpointComplete(2);
  expect(sink.log).toEqual(['commit a']);
});

test('I8: after a rescale from X to Y, subtask i takes what j had prepared where j mod Y = i', () => {
  const states: States = {
    committables: [0, 1, 2, 3, 4].map((j) => ({ checkpointId: 1, subtaskIndex: j, committable: `j${j}` })),
  };
  const recovered = [0, 1].map((i) => {
    const sink = new RecordingSink();
    const operator = new SinkOperator(sink);
    operator.open({
      ...sinkContext(new MemoryFiles(), { subtaskIndex: i, parallelism: 2 }),
      output: { collect() {} },
      keyed: null,
      restoredOperatorState: ({ name }) => states[name] ?? [],
    } as OperatorContext<never>);
    return sink.log[0];
  });
  expect(recovered).toEqual(['recover j0 j2 j4', 'recover j1 j3']);
});

test('only a writer that works beside its input is driven, and asked before it is given a record', () => {
  const plain = new SinkOperator(new RecordingSink());
  const kinds = ['advance', 'wakeAt', 'accepts', 'drained', 'awaits'] as const;
  expect(kinds.map((kind) => plain[kind])).toEqual(kinds.map(() => undefined));
  const sink = new RecordingSink();
  const busy = {
    ...sink.createWriter(),
    advance: (now: number) => now > 5,
    wakeAt: () => 7,
    accepts: () => false,
    drained: () => false,
    awaits: () => true,
  };
  const driven = new SinkOperator({ ...sink, createWriter: () => busy, createCommitter: () => null });
  expect([driven.advance?.(5), driven.advance?.(6), driven.wakeAt?.()]).toEqual([false, true, 7]);
  expect([driven.accepts?.(), driven.drained?.(), driven.awaits?.()]).toEqual([false, false, true]);
});
