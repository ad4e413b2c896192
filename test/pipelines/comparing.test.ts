/**
 * Two savepoints of one job, side by side: what was processed between them is shown as what it is (windows, sessions, timers,
 * calls, records that wait in a join), and after nothing but a rescale there is nothing to show.
 */
import { expect, test } from 'vitest';
import {
  monotonousTimestamps,
  ofType,
  operatorListState,
  pipeline,
  session,
  sliding,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import { compareSnapshots, type SnapshotComparison } from '../../runtime/checkpoint/compareSnapshots.ts';
import { compareEntryPage } from '../../runtime/checkpoint/entryPages.ts';
import type { EntryDifference } from '../../runtime/checkpoint/shownEntries.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { type Savepoint, testPipeline, testSource } from '../../runtime/testing/index.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly time: number;
}

const minute = 60_000;
const noon = Date.UTC(2026, 0, 31, 12);
const sum = (left: Sale, right: Sale): Sale => ({ ...right, amount: left.amount + right.amount });

const shops = pipeline('shops', (env) => {
  const sales = env.fromSource(collection<Sale>([]), {
    uid: 'sales',
    watermarks: monotonousTimestamps((sale) => sale.time),
  });
  const byShop = sales.keyBy(({ shop }) => shop);
  const sink = () => collectingSink<unknown>();
  byShop.window(tumbling('10 min')).reduce(sum, { uid: 'tumbling' }).sinkTo(sink());
  byShop.window(sliding('15 min', '10 min')).reduce(sum, { uid: 'sliding' }).sinkTo(sink());
  byShop.window(session('5 min')).reduce(sum, { uid: 'session' }).sinkTo(sink());
  byShop
    .process(
      {
        output: ofType<never>(),
        state: { seen: valueState<number>({ ttl: { after: '1 d' } }) },
        onElement(sale, ctx) {
          ctx.state.seen.set(Math.min(100, (ctx.state.seen.get() ?? 0) + sale.amount));
          ctx.timers.registerEventTime(sale.time + minute, 'remind');
          ctx.timers.registerProcessingTime(ctx.currentProcessingTime() + minute);
        },
        onTimer() {},
      },
      { uid: 'seen' },
    )
    .sinkTo(sink());
  byShop
    .join(byShop, { between: ['-1 min', '1 min'] }, (left) => left.amount, { uid: 'pairs' })
    .sinkTo(sink());
  sales.asyncMap(() => new Promise<number>(() => {}), { uid: 'calls' }).sinkTo(sink());
  sales
    .process(
      {
        output: ofType<never>(),
        state: { kept: operatorListState<string>() },
        onElement: ({ shop }, ctx) => ctx.state.kept.add(shop),
      },
      { uid: 'list' },
    )
    .sinkTo(sink());
});

const sources = { sales: testSource<Sale>({ watermarks: 'by hand' }) };
const files = new MemoryFiles();

function side(savepoint: Savepoint): Savepoint {
  for (const [path, bytes] of savepoint.data) files.contents.set(path, bytes);
  return savepoint;
}

const compare = (a: Savepoint, b: Savepoint): SnapshotComparison => compareSnapshots(side(a), side(b), files);
const rows = ({ states }: SnapshotComparison) =>
  states
    .filter(({ added, removed, changed }) => added + removed + changed > 0)
    .map(({ uid, role, added, removed, changed }) => `${uid} ${role} +${added} -${removed} ~${changed}`);

function entries(a: Savepoint, b: Savepoint, uid: string, state: string): readonly EntryDifference[] {
  return compareEntryPage(
    a,
    b,
    { uid, state, changes: ['added', 'removed', 'changed'], keyContains: null, cursor: 0, limit: 99 },
    files,
  ).entries;
}

const shopping = () => testPipeline(shops, { sources, now: noon, parallelism: 2 });

function twoSavepoints(): readonly [Savepoint, Savepoint, ReturnType<typeof shopping>] {
  const job = shopping();
  const sell = (shop: string, amount: number, at: number) =>
    job.source('sales').push({ shop, amount, time: noon + at * minute });
  sell('a', 1, 0);
  sell('b', 2, 1);
  sell('c', 100, 1);
  const before = job.savepoint();
  job.advance('30 s');
  // c comes to the same sum as it had; a goes into another window, b stays in its own.
  sell('c', 100, 2);
  sell('b', 3, 3);
  sell('a', 4, 12);
  job.source('sales').watermark(noon + 10 * minute);
  return [before, job.savepoint(), job];
}

test('what was processed between two savepoints stands in the words of what it is', () => {
  const [a, b] = twoSavepoints();
  const compared = compare(a, b);
  expect(compared).toMatchObject({ samePlan: true, remarks: [], planChanges: [] });
  expect(compared.sources).toMatchObject({ total: 1, records: 4 });
  expect(compared.sources.ranges).toMatchObject([
    // A watermark that is pushed by hand counts as a record of the test's source.
    { operator: 'sales', change: 'advanced', a: 3, b: 7, records: 4, watermarkB: noon + 12 * minute - 1 },
  ]);
  const committables = rows(compared).filter((row) => row.includes('committables'));
  expect(committables).toHaveLength(4);
  expect(rows(compared).filter((row) => !committables.includes(row))).toEqual([
    'sales splits +0 -0 ~1',
    'tumbling windows +1 -3 ~0',
    'tumbling event-time-timers +1 -3 ~0',
    'sliding panes +1 -0 ~2',
    'sliding event-time-timers +3 -3 ~0',
    'session windows +1 -3 ~0',
    'session sessions +1 -3 ~0',
    'session event-time-timers +1 -3 ~0',
    'seen state +0 -0 ~2',
    'seen event-time-timers +1 -3 ~0',
    'seen processing-time-timers +3 -0 ~0',
    'pairs join-buffer +1 -3 ~0',
    'pairs join-buffer +1 -3 ~0',
    'pairs event-time-timers +2 -6 ~0',
    'calls async-calls +3 -0 ~0',
    'list state +3 -0 ~0',
  ]);
  // c was touched, and has the value that it had.
  expect(compared.states.find(({ role, uid }) => uid === 'seen' && role === 'state')).toMatchObject({
    unchanged: 1,
    touched: 1,
  });
});

test('windows, sessions and timers are shown with their times', () => {
  const [a, b] = twoSavepoints();
  compare(a, b);
  const at = (minutes: number) => noon + minutes * minute;
  expect(entries(a, b, 'tumbling', 'windows')).toMatchObject([
    { change: 'removed', key: '"a"', window: { start: at(0), end: at(10) }, after: null },
    { change: 'added', key: '"a"', window: { start: at(10), end: at(20) } },
    { change: 'removed', key: '"b"', window: { start: at(0), end: at(10) } },
    { change: 'removed', key: '"c"', window: { start: at(0), end: at(10) } },
  ]);
  const first = (uid: string, state: string) => entries(a, b, uid, state)[0];
  // Sliding windows share panes, here of five minutes.
  expect(first('sliding', 'panes')).toMatchObject({
    change: 'added',
    window: { start: at(10), end: at(15) },
  });
  // A session's end stands in a state of its own, also for the one that is over.
  const ofA = { change: 'removed', key: '"a"', window: { start: at(0), end: at(5) } };
  expect(first('session', 'windows')).toMatchObject(ofA);
  expect(first('session', 'sessions')).toMatchObject(ofA);
  expect(first('tumbling', 'event-time-timers')).toMatchObject({
    change: 'removed',
    time: at(10) - 1,
    window: { start: at(0), end: at(10) },
  });
  expect(first('seen', 'event-time-timers')).toMatchObject({
    change: 'removed',
    time: at(1),
    namespace: '"remind"',
    window: null,
  });
  expect(first('seen', 'processing-time-timers')).toMatchObject({ change: 'added', time: at(1.5) });
  expect(first('pairs', 'left')).toMatchObject({ change: 'removed', time: at(0) });
  expect(first('seen', 'seen')).toMatchObject({
    before: '1',
    after: '5',
    touchedBefore: noon,
    touchedAfter: noon + 30_000,
  });
  expect(first('calls', 'in-flight')).toMatchObject({ change: 'added', before: null });
});

test('after nothing but a rescale there is nothing to show', () => {
  const [, , job] = twoSavepoints();
  // What is prepared is committed at a restore; here before.
  job.checkpoint();
  const saved = job.savepoint();
  for (const parallelism of [1, 3, 5]) {
    const after = testPipeline(shops, { sources, now: noon }).restore(saved, { parallelism, now: noon });
    const compared = compare(saved, after.savepoint());
    expect(rows(compared)).toEqual([]);
    expect(compared.states.some(({ unchanged }) => unchanged > 0)).toBe(true);
    expect(compared.planChanges.every((change) => change.includes('parallelism'))).toBe(true);
  }
});

test("everything that our operators keep has a role, and an author's state is his own", () => {
  const [a, b] = twoSavepoints();
  const own = compare(a, b).states.filter(({ role }) => role === 'state');
  expect(own.map(({ uid, state }) => `${uid} ${state}`)).toEqual(['seen seen', 'list kept']);
});
