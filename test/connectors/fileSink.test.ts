import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csv, jsonl, text } from '../../runtime/connectors/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { committedLines, SinkJob, type TakenSnapshot } from './sinkJob.ts';

function started(parallelism = 1): SinkJob {
  const job = new SinkJob(new MemoryFiles(), () => text.sink('out'));
  job.start(parallelism, null, 'refuse');
  return job;
}

const names = (job: SinkJob) => job.files.list('out').join(' ');

function writeAll(job: SinkJob, records: string): void {
  for (const record of records.split(' ')) job.write(record);
}

/** A checkpoint that completes and is heard of. */
function complete(job: SinkJob): TakenSnapshot {
  const snapshot = job.snapshot();
  job.files.settle();
  expect(snapshot.failures).toEqual([]);
  job.notifyComplete(snapshot.id);
  job.files.settle();
  return snapshot;
}

test('a part has a dotted name until its checkpoint is complete', () => {
  const job = started();
  writeAll(job, 'a b');
  expect(names(job)).toBe('.part-0-0.run1-1.txt');
  const snapshot = job.snapshot();
  job.files.settle();
  expect(names(job)).toBe('.part-0-0.run1-1.txt');
  job.notifyComplete(snapshot.id);
  job.files.settle();
  expect(names(job)).toBe('part-0-0.txt');
  expect(job.files.text('out/part-0-0.txt')).toBe('a\nb\n');
});

test('without records there is no part', () => {
  const job = started();
  complete(job);
  expect(names(job)).toBe('');
});

test('bytes and dotted name are durable before the snapshot is acknowledged', () => {
  const job = started();
  job.write('a');
  const acknowledged: string[] = [];
  const snapshot = job.snapshot();
  acknowledged.push(...job.files.calls);
  expect(acknowledged.filter((call) => call.startsWith('sync '))).toEqual(['sync out/.part-0-0.run1-1.txt']);
  job.files.settle();
  job.files.powerCut();
  job.start(1, snapshot, 'refuse');
  job.files.settle();
  expect(committedLines(job.files, 'out')).toEqual(['a']);
});

test('the dotted name goes away only when the final one is durable', () => {
  const job = started();
  job.write('a');
  const snapshot = job.snapshot();
  job.files.settle();
  job.notifyComplete(snapshot.id);
  expect(names(job)).toBe('.part-0-0.run1-1.txt part-0-0.txt');
  job.files.powerCut();
  expect(names(job)).toBe('.part-0-0.run1-1.txt');
});

// Whoever restores the snapshot has nothing to commit any more, and its dotted name is a stray to them.
test('F6: a snapshot is not acknowledged before the final names of what it no longer has to commit are durable', () => {
  const job = started();
  job.write('a');
  const first = job.snapshot();
  job.files.settle();
  job.files.failing.add('syncDirectory');
  job.notifyComplete(first.id);
  const declined = job.snapshot();
  job.files.settle();
  expect(declined.failures.map(String)).toEqual([
    'SinkError: The sink out cannot commit: out could not be synced.',
  ]);
  job.files.failing.clear();
  const next = complete(job);
  job.files.powerCut();
  job.start(1, next, 'refuse');
  expect(committedLines(job.files, 'out')).toEqual(['a']);
});

test('committing again leaves the part that is there', () => {
  const job = started();
  job.write('a');
  const snapshot = complete(job);
  job.start(1, snapshot, 'refuse');
  expect(committedLines(job.files, 'out')).toEqual(['a']);
  expect(job.files.calls.filter((call) => call.startsWith('link'))).toHaveLength(1);
});

test('a part that is lost is told with its name', () => {
  const job = started();
  job.write('a');
  const snapshot = job.snapshot();
  job.files.settle();
  job.files.remove('out/.part-0-0.run1-1.txt');
  const problem = 'out/part-0-0.txt is lost: neither it nor .part-0-0.run1-1.txt';
  expect(() => job.start(1, snapshot, 'refuse')).toThrow(problem);
});

test('a part with other bytes is neither replaced nor taken for the own one', () => {
  const job = started();
  job.write('a');
  const snapshot = job.snapshot();
  job.files.settle();
  job.files.put('out/part-0-0.txt', 'b\n');
  expect(() => job.start(1, snapshot, 'refuse')).toThrow(
    'out/part-0-0.txt is there already with other bytes',
  );
  expect(job.files.text('out/part-0-0.txt')).toBe('b\n');
});

test('a part that waits to be committed and was changed meanwhile is told with its name, and stays out of sight', () => {
  const job = started();
  job.write('a');
  const snapshot = job.snapshot();
  job.files.settle();
  job.files.put('out/.part-0-0.run1-1.txt', 'b\n');
  expect(() => job.start(1, snapshot, 'refuse')).toThrow(
    'out/.part-0-0.run1-1.txt has other bytes than those that were written',
  );
  expect(names(job)).toBe('.part-0-0.run1-1.txt');
});

test('after a sync that failed the part is not asked again: the next barrier fails the task', () => {
  const job = started();
  job.write('a');
  job.files.failing.add('sync');
  const declined = job.snapshot();
  job.files.settle();
  expect(declined.failures.map(String)).toEqual([
    expect.stringContaining('The sink out cannot be written: out/.part-0-0.run1-1.txt could not be synced.'),
  ]);
  job.files.failing.clear();
  job.write('b');
  expect(() => job.snapshot()).toThrow('What the disk holds of it is not known, so it is written again.');
});

test('a snapshot whose names cannot be made durable is declined, and the next one carries its part', () => {
  const job = started();
  job.write('a');
  job.files.failing.add('syncDirectory');
  const declined = job.snapshot();
  job.files.settle();
  expect(declined.failures.map(String)).toEqual([
    expect.stringContaining('The sink out cannot be written: out could not be synced.'),
  ]);
  job.files.failing.clear();
  job.write('b');
  const snapshot = complete(job);
  job.files.powerCut();
  expect(committedLines(job.files, 'out')).toEqual(['a', 'b']);
  expect(snapshot.records).toEqual(['a', 'b']);
});

test('a full disk is one sentence', () => {
  const job = started();
  job.files.failing.add('create');
  expect(() => job.write('a')).toThrow(
    'The sink out cannot be written: there is no space left for out/.part-0-0.run1-1.txt.',
  );
});

test('a run that begins in a directory with parts is refused, and with consent renames them', () => {
  const job = started();
  writeAll(job, 'a b');
  complete(job);
  expect(() => job.start(1, null, 'refuse')).toThrow(
    'out holds 1 part committed from before this fresh run (part-0-0.txt); its records would be doubled. ' +
      'Start with --supersede to have them renamed, or choose another directory.',
  );
  job.start(1, null, 'before');
  expect(names(job)).toBe('.superseded-part-0-0.txt-run3');
  job.write('c');
  complete(job);
  expect(names(job)).toBe('.superseded-part-0-0.txt-run3 part-0-1.txt');
});

test('going back supersedes what came after, and going forward again brings it back', () => {
  const job = started();
  job.write('a');
  const first = complete(job);
  job.write('b');
  const second = complete(job);
  expect(() => job.start(1, first, 'refuse')).toThrow(
    'committed that came after the point to be restored (part-0-1.txt)',
  );
  job.start(1, first, 'before');
  job.write('x');
  complete(job);
  expect(committedLines(job.files, 'out')).toEqual(['a', 'x']);
  job.start(1, second, 'before');
  expect(committedLines(job.files, 'out')).toEqual(['a', 'b']);
});

// Whoever restores the snapshot after that takes the part for what was committed before it, and commits its records again.
test('a part that was superseded is not brought back by a power cut after the next checkpoint', () => {
  const job = started();
  job.write('a');
  complete(job);
  // Nothing is to be committed when it is restored: that would sync the directory too.
  const committed = complete(job);
  job.write('b');
  complete(job);
  job.start(1, committed, 'by writers');
  complete(job);
  job.files.powerCut();
  expect(committedLines(job.files, 'out')).toEqual(['a']);
});

test('after a rescale every subtask goes on above the highest counter', () => {
  const job = started(1);
  for (const record of 'abc') {
    job.write(record);
    complete(job);
  }
  const snapshot = complete(job);
  job.start(2, snapshot, 'refuse');
  writeAll(job, 'd e f g');
  complete(job);
  expect(names(job)).toBe('part-0-0.txt part-0-1.txt part-0-2.txt part-0-3.txt part-1-3.txt');
});

test('I8: strays of removed subtasks are cleared by subtask j mod Y, those of a savepoint are kept', () => {
  const job = started(5);
  writeAll(job, 'a b c d e');
  const savepoint = job.snapshot(true);
  job.files.settle();
  writeAll(job, 'f g h i j');
  const kept = job.files.list('out').filter((name) => name.startsWith('.savepoint-'));
  expect(kept).toHaveLength(5);
  expect(job.files.list('out').filter((name) => name.startsWith('.part-'))).toHaveLength(10);
  job.files.kill();
  job.start(2, null, 'refuse');
  expect(job.files.list('out')).toEqual(kept);
  job.start(1, savepoint, 'refuse');
  expect(committedLines(job.files, 'out')).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a job that ends leaves no dotted names, also when the last sync has not called back', () => {
  const job = started(2);
  writeAll(job, 'a b c');
  const last = job.snapshot();
  job.files.settle();
  job.notifyComplete(last.id);
  job.close();
  expect(names(job)).toBe('part-0-0.txt part-1-0.txt');
  expect(job.files.openFiles).toBe(0);
});

test('what is written can be read back: JSON Lines, CSV', () => {
  const files = new MemoryFiles();
  const write = (
    sink: () => ReturnType<typeof jsonl.sink> | ReturnType<typeof csv.sink>,
    records: readonly object[],
  ) => {
    const job = new SinkJob(files, sink as never);
    job.start(1, null, 'refuse');
    for (const record of records) job.write(record as never);
    complete(job);
  };
  write(() => jsonl.sink('json/'), [{ a: 'ä\n' }, { b: null }]);
  expect(files.text('json/part-0-0.jsonl')).toBe('{"a":"ä\\n"}\n{"b":null}\n');
  write(
    () => csv.sink('csv'),
    [
      { a: 1, b: 'x, "y"' },
      { b: 'z\n', a: null },
    ],
  );
  expect(files.text('csv/part-0-0.csv')).toBe('a,b\n1,"x, ""y"""\n,"z\n"\n');
});

test('a record that has no JSON fails with a sentence', () => {
  const job = new SinkJob(new MemoryFiles(), () => jsonl.sink('out'));
  job.start(1, null, 'refuse');
  expect(() => job.write(undefined as never)).toThrow('A undefined cannot be written as JSON.');
});

test('what waits for a checkpoint when a savepoint is taken waits for the savepoint too', () => {
  const job = started();
  const first = complete(job);
  job.write('a');
  job.snapshot();
  job.files.settle();
  const savepoint = job.snapshot(true);
  job.files.settle();
  job.files.powerCut();
  job.start(1, first, 'refuse');
  expect(committedLines(job.files, 'out')).toEqual([]);
  job.start(1, savepoint, 'refuse');
  expect(committedLines(job.files, 'out')).toEqual(['a']);
});

test.each(['before', 'by writers'] as const)(
  'a savepoint whose part was committed and then superseded gets it back (superseded %s)',
  (supersede) => {
    const job = started();
    const first = complete(job);
    job.write('a');
    const savepoint = job.snapshot(true);
    complete(job);
    job.start(1, first, supersede);
    expect(committedLines(job.files, 'out')).toEqual([]);
    job.start(1, savepoint, supersede);
    expect(committedLines(job.files, 'out')).toEqual(['a']);
  },
);

/** Everything that can happen to a sink, in any order. The committed lines are always those of a snapshot, whole. */
test('whatever happens, what is visible is exactly what a complete checkpoint says', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('write' as const), count: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('snapshot' as const),
        isSavepoint: fc.boolean(),
        /** How far it comes: deferred work, completion, how many subtasks hear of it. */
        reaches: fc.constantFrom('barrier', 'durable', 'complete', 'heard'),
        heardBy: fc.integer({ min: 0, max: 3 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('restart' as const),
        by: fc.constantFrom('kill', 'powerCut', 'close'),
        parallelism: fc.integer({ min: 1, max: 4 }),
        /** 0: the newest complete one; others go back. */
        back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(20) }),
        supersede: fc.constantFrom('before' as const, 'by writers' as const),
      }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const job = started(2);
      const completed: TakenSnapshot[] = [];
      let written = 0;
      const visible = () => committedLines(job.files, 'out');
      const sorted = (records: readonly string[]) => [...records].sort();
      for (const now of steps) {
        if (now.type === 'write') {
          for (let i = 0; i < now.count; i++) job.write(`r${written++}`);
        } else if (now.type === 'snapshot') {
          const snapshot = job.snapshot(now.isSavepoint);
          if (now.reaches === 'barrier') continue;
          job.files.settle();
          expect(snapshot.failures).toEqual([]);
          if (now.reaches === 'durable') continue;
          completed.push(snapshot);
          // Sinks are not told of savepoints that do not stop the job.
          if (now.reaches === 'complete' || now.isSavepoint) continue;
          job.notifyComplete(snapshot.id, now.heardBy === 0 ? undefined : now.heardBy);
          if (now.heardBy === 0) {
            job.files.settle();
            expect(visible()).toEqual(sorted(snapshot.records));
          }
        } else {
          if (now.by === 'kill') job.files.kill();
          else if (now.by === 'powerCut') job.files.powerCut();
          else job.close();
          const from = completed[completed.length - 1 - (now.back % Math.max(1, completed.length))] ?? null;
          // Checkpoints that are newer than the restored one are gone; savepoints stay for good.
          const kept = completed.filter((snapshot) => snapshot === from || snapshot.isSavepoint);
          completed.splice(0, completed.length, ...kept.sort((a, b) => a.id - b.id));
          job.start(now.parallelism, from, now.supersede);
          expect(visible()).toEqual(sorted(from?.records ?? []));
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
