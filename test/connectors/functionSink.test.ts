/** A function as a sink: when its promises hold up a checkpoint, the input and the end, and what a rejected one does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pipeline } from '../../runtime/api/index.ts';
import { collection, functionSink } from '../../runtime/connectors/index.ts';
import type { SinkWriter } from '../../runtime/operators/sink.ts';
import { OperatorFailed, testPipeline, testSource } from '../../runtime/testing/index.ts';
import { sinkContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

/** Calls that a test answers itself. */
class Calls {
  readonly open = new Map<
    string,
    { readonly fulfil: () => void; readonly reject: (reason: unknown) => void }
  >();

  readonly call = (record: string): Promise<void> =>
    new Promise((fulfil, reject) => {
      this.open.set(record, { fulfil, reject });
    });

  async fulfil(record: string): Promise<void> {
    this.open.get(record)?.fulfil();
    this.open.delete(record);
    await handlers();
  }
}

/** The handlers of promises that are settled have run. */
async function handlers(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await null;
}

function writerOf(
  write: (record: string) => unknown,
  maxInFlightRequests?: number,
): { readonly writer: SinkWriter<string, unknown>; readonly wakes: () => number } {
  let wakes = 0;
  const writer = functionSink<string>(
    write,
    maxInFlightRequests === undefined ? {} : { maxInFlightRequests },
  ).createWriter();
  writer.open(sinkContext(new MemoryFiles(), { wake: () => wakes++ }), []);
  return { writer, wakes: () => wakes };
}

/** A barrier; the answer says whether its checkpoint may complete. */
function barrier(writer: SinkWriter<string, unknown>): { done: boolean } {
  const checkpoint = { done: true };
  writer.prepareCommit({
    checkpointId: 1,
    defer: (work) => {
      checkpoint.done = false;
      work(() => {
        checkpoint.done = true;
      });
    },
  });
  return checkpoint;
}

test('a function that answers no promise has delivered when it returns', () => {
  const written: string[] = [];
  const { writer } = writerOf((record) => written.push(record));
  writer.write('a', 0);
  expect(written).toEqual(['a']);
  expect(barrier(writer).done).toBe(true);
  expect([writer.accepts?.(), writer.drained?.(), writer.awaits?.()]).toEqual([true, true, false]);
});

test('U1: a checkpoint waits for what was written before its barrier, and for nothing else', async () => {
  const calls = new Calls();
  const { writer } = writerOf(calls.call);
  writer.write('a', 0);
  writer.write('b', 0);
  const first = barrier(writer);
  writer.write('c', 0);
  const second = barrier(writer);
  await calls.fulfil('a');
  expect([first.done, second.done]).toEqual([false, false]);
  await calls.fulfil('b');
  expect([first.done, second.done]).toEqual([true, false]);
  await calls.fulfil('c');
  expect([first.done, second.done]).toEqual([true, true]);
});

test('U2: more records wait while so many are under way, and the writer wakes its task when there is room', async () => {
  const calls = new Calls();
  const { writer, wakes } = writerOf(calls.call, 2);
  writer.write('a', 0);
  expect(writer.accepts?.()).toBe(true);
  writer.write('b', 0);
  expect([writer.accepts?.(), writer.awaits?.(), wakes()]).toEqual([false, true, 0]);
  await calls.fulfil('b');
  expect([writer.accepts?.(), writer.awaits?.(), wakes()]).toEqual([true, true, 1]);
});

test('U3: a rejected promise fails the job with its record, and no checkpoint completes over it', async () => {
  const calls = new Calls();
  const { writer, wakes } = writerOf(calls.call);
  writer.write('a', 0);
  writer.write('b', 0);
  const checkpoint = barrier(writer);
  calls.open.get('a')?.reject(new Error('connection refused'));
  await handlers();
  await calls.fulfil('b');
  expect(checkpoint.done).toBe(false);
  expect(wakes()).toBe(2);
  for (const call of [() => writer.advance?.(0), () => writer.drained?.(), () => barrier(writer)]) {
    expect(call).toThrow(
      expect.objectContaining({
        name: 'RecordFailure',
        record: 'a',
        cause: expect.objectContaining({ message: 'connection refused' }),
      }),
    );
  }
});

test('what is open around the function is its own for each subtask', () => {
  const log: string[] = [];
  const sink = functionSink({
    open: ({ subtaskIndex }) => {
      log.push(`open ${subtaskIndex}`);
      return { client: subtaskIndex };
    },
    write: (record: string, { client }) => {
      log.push(`${record} to ${client}`);
    },
    close: ({ client }) => {
      log.push(`close ${client}`);
    },
  });
  const writers = [0, 1].map((subtaskIndex) => {
    const writer = sink.createWriter();
    writer.open(sinkContext(new MemoryFiles(), { subtaskIndex }), []);
    return writer;
  });
  writers[1]?.write('a', 0);
  for (const writer of writers) writer.close();
  expect(log).toEqual(['open 0', 'open 1', 'a to 1', 'close 0', 'close 1']);
});

test.each([0, 1.5, Number.NaN])('maxInFlightRequests of %d is refused', (maxInFlightRequests) => {
  expect(() => functionSink(() => {}, { maxInFlightRequests })).toThrow('must be a whole number above zero');
});

const telling = (write: (record: number) => unknown) =>
  pipeline('telling', (env) => {
    env
      .fromSource(collection<number>([]), { uid: 'in' })
      .sinkTo(functionSink(write, { name: 'phone', maxInFlightRequests: 3 }), { uid: 'out' });
  });

test('the job ends when the last promise is fulfilled, not before', async () => {
  const told: number[] = [];
  const run = testPipeline(
    telling(async (record) => {
      await handlers();
      told.push(record);
    }),
    { sources: { in: testSource<number>() }, keepSinks: ['out'] },
  );
  for (let record = 0; record < 10; record++) run.source('in').push(record);
  run.source('in').end();
  expect(run.isOver).toBe(false);
  expect(told).toEqual([]);
  await run.settled();
  expect(run.isOver).toBe(true);
  expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a rejected promise is the failure of the job', async () => {
  const run = testPipeline(
    telling(async (record) => {
      if (record === 2) throw new Error('nobody answers');
    }),
    { sources: { in: testSource<number>() }, keepSinks: ['out'] },
  );
  run.together(() => {
    for (const record of [1, 2, 3]) run.source('in').push(record);
  });
  await expect(run.settled()).rejects.toThrow(OperatorFailed);
  await expect(run.settled()).rejects.toThrow('Operator "out", subtask 0, failed at 2: nobody answers');
});

test('at-least-once: what a checkpoint covers was delivered, whenever the job fails', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('push', 'push', 'push', 'settle', 'checkpoint', 'fail'), {
        maxLength: 40,
        size: 'max',
      }),
      async (happenings) => {
        const delivered: number[] = [];
        const run = testPipeline(
          telling(async (record) => {
            await null;
            delivered.push(record);
          }),
          { sources: { in: testSource<number>() }, keepSinks: ['out'] },
        );
        let pushed = 0;
        for (const happening of happenings) {
          if (happening === 'push') run.source('in').push(pushed++);
          else if (happening === 'fail') run.fail();
          else {
            await run.settled();
            if (happening === 'checkpoint') run.checkpoint();
            expect(new Set(delivered).size).toBe(pushed);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});
