/** The guide's example of a two-phase commit, written against the public contract, is exactly-once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { pipeline } from '../../runtime/api/index.ts';
import { collection } from '../../runtime/connectors/index.ts';
import type { Sink } from '../../runtime/operators/sink.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { SinkJob, type TakenSnapshot } from './sinkJob.ts';
import { type Row, sqliteSink } from './sqliteSink.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-sqlite-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let databases = 0;
const newFile = () => join(root, `${databases++}.db`);

/** Names of all rows, sorted. */
function namesIn(file: string): readonly string[] {
  const database = new DatabaseSync(file);
  const rows = database.prepare('SELECT name FROM amounts ORDER BY name').all() as unknown as Row[];
  database.close();
  return rows.map(({ name }) => name);
}

const named = (file: string): Sink<string> => {
  const sink = sqliteSink(file);
  return {
    ...sink,
    createWriter() {
      const writer = sink.createWriter();
      return { ...writer, write: (name, timestamp) => writer.write({ name, amount: 1 }, timestamp) };
    },
  } as Sink<string>;
};

test('rows come with their checkpoint, once', () => {
  const file = newFile();
  const run = testPipeline(
    pipeline('amounts', (env) => {
      env.fromSource(collection<Row>([]), { uid: 'in' }).rebalance().sinkTo(sqliteSink(file), { uid: 'out' });
    }),
    { sources: { in: testSource<Row>() }, keepSinks: ['out'], parallelism: 2 },
  );
  for (const name of ['a', 'b', 'c']) run.source('in').push({ name, amount: 1 });
  expect(namesIn(file)).toEqual([]);
  run.checkpoint();
  expect(namesIn(file)).toEqual(['a', 'b', 'c']);
  run.source('in').push({ name: 'd', amount: 1 });
  run.fail();
  run.fail();
  expect(namesIn(file)).toEqual(['a', 'b', 'c']);
  run.source('in').end();
  expect(namesIn(file)).toEqual(['a', 'b', 'c', 'd']);
});

test('whatever happens, the rows are those of a complete checkpoint', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ writes: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 3,
      // How far it comes: to completion, and to so many subtasks that hear of it.
      arbitrary: fc.record({ completes: fc.boolean(), heardBy: fc.integer({ min: 0, max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ restarts: fc.integer({ min: 1, max: 4 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      const file = newFile();
      const job = new SinkJob(new MemoryFiles(), () => named(file));
      job.start(2, null, 'refuse');
      let last: TakenSnapshot | null = null;
      let written = 0;
      for (const now of steps) {
        if ('writes' in now) for (let each = 0; each < now.writes; each++) job.write(`r${written++}`);
        else if ('restarts' in now) {
          job.close();
          job.start(now.restarts, last, 'refuse');
          expect(namesIn(file)).toEqual([...(last?.records ?? [])].sort());
        } else {
          const snapshot = job.snapshot();
          if (!now.completes) continue;
          last = snapshot;
          job.notifyComplete(snapshot.id, now.heardBy === 0 ? undefined : now.heardBy);
          if (now.heardBy === 0) expect(namesIn(file)).toEqual([...snapshot.records].sort());
        }
      }
      job.close();
    }),
    { numRuns: 20 },
  );
});
