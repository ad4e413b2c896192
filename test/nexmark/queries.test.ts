/**
 * Every query against the oracle's answer for the same events: with disorder, at several parallelisms, and with a kill in the
 * middle that goes on from a checkpoint at another one. None of it may change what is committed in the end.
 */
import { collection } from 'sluice/connectors';
import { describe, expect, test } from 'vitest';
import type { NexmarkEvent } from '../../bench/nexmark/model.ts';
import { q0 } from '../../bench/nexmark/q0.ts';
import { q1 } from '../../bench/nexmark/q1.ts';
import { q2 } from '../../bench/nexmark/q2.ts';
import { q3 } from '../../bench/nexmark/q3.ts';
import { q4 } from '../../bench/nexmark/q4.ts';
import { q5 } from '../../bench/nexmark/q5.ts';
import { q6 } from '../../bench/nexmark/q6.ts';
import { q7 } from '../../bench/nexmark/q7.ts';
import { q8 } from '../../bench/nexmark/q8.ts';
import { q11 } from '../../bench/nexmark/q11.ts';
import { q13, type SideInput } from '../../bench/nexmark/q13.ts';
import { q16 } from '../../bench/nexmark/q16.ts';
import { q17 } from '../../bench/nexmark/q17.ts';
import { eventsOf } from './events.ts';
import { localItems, newSellers } from './oracle/joins.ts';
import { enriched, inEuros, passed, selected } from './oracle/stateless.ts';
import { auctionStatistics, channelStatistics } from './oracle/statistics.ts';
import { bidderSessions, highestBids, hotItems } from './oracle/windows.ts';
import { averageByCategory, averageBySeller } from './oracle/winningBids.ts';
import { type Query, type QueryRun, runQuery } from './runQuery.ts';

const midnight = Date.UTC(2015, 6, 15);
const runs: readonly (readonly [string, QueryRun])[] = [
  ['without events', run({ count: 0, seed: 1 }, 1)],
  ['one person and an auction', run({ count: 2, seed: 2 }, 2)],
  ['in order', run({ count: 1_000, seed: 3, eventsPerSecond: 20 }, 1)],
  ['in two subtasks', run({ count: 1_500, seed: 4, outOfOrderGroup: 50 }, 2)],
  ['in three', run({ count: 1_500, seed: 5, outOfOrderGroup: 100 }, 3)],
  ['more subtasks than lanes', run({ count: 600, seed: 6, splits: 1, outOfOrderGroup: 10 }, 3)],
  ['killed and restored', run({ count: 1_500, seed: 7, outOfOrderGroup: 50 }, 1, 1)],
  ['killed at 1, restored at 3', run({ count: 1_500, seed: 8, outOfOrderGroup: 100 }, 1, 3)],
  ['killed at 3, restored at 2', run({ count: 1_500, seed: 9, outOfOrderGroup: 77 }, 3, 2)],
  ['killed at 2, restored at 1', run({ count: 1_300, seed: 10, outOfOrderGroup: 100 }, 2, 1)],
];

function run(events: QueryRun['events'], parallelism: number, restoredAt: number | null = null): QueryRun {
  // A day ends meanwhile.
  const times = { firstEventAt: midnight - 17_003, eventsPerSecond: 25 };
  return { events: { ...times, ...events }, parallelism, restoredAt, seed: events.seed ?? 0 };
}

/** Some auctions have no row. */
const table = Array.from({ length: 60 }, (_row, place) => ({
  key: 1_000 + 2 * place,
  value: `row ${place}`,
}));

const checks: Readonly<Record<string, (run: QueryRun) => void>> = {
  q0: rows(q0, passed),
  q1: rows(q1, inEuros),
  q2: rows(q2, selected),
  q3: rows(q3, localItems),
  q4: lastRows(q4, averageByCategory, (row) => row.category),
  q5: rows(q5, hotItems),
  q6: rows(q6, averageBySeller),
  q7: rows(q7, highestBids),
  q8: rows(q8, newSellers),
  q11: rows(q11, bidderSessions),
  q13: rows(
    (events, out) => q13(events, out, collection<SideInput>([...table, 'end of table'])),
    (events) => enriched(events, table),
  ),
  q16: counting(
    q16,
    channelStatistics,
    (row) => [row.channel, row.day],
    (row) => row.bids.total,
  ),
  q17: counting(
    q17,
    auctionStatistics,
    (row) => [row.auction, row.day],
    (row) => row.totalBids,
  ),
};

describe.each(Object.entries(checks))('%s agrees with the oracle', (_name, check) => {
  test.each(runs)('%s', (_run, run) => check(run));
});

type Oracle<Row> = (events: readonly NexmarkEvent[]) => readonly Row[];

/** Every row is final: nothing is missing, doubled or else. */
function rows<Row>(query: Query<Row>, oracle: Oracle<Row>): (run: QueryRun) => void {
  return (run) => expectSameRows(runQuery(query, run), oracle(eventsOf(run.events)));
}

/** The last row of each key is final. */
function lastRows<Row>(
  query: Query<Row>,
  oracle: Oracle<Row>,
  keyOf: (row: Row) => unknown,
): (run: QueryRun) => void {
  return (run) => {
    const last = byKey(runQuery(query, run), keyOf).map((rows) => rows.at(-1) as Row);
    expectSameRows(last, oracle(eventsOf(run.events)));
  };
}

/** The same, where each row also says how many there were before it: so none may be doubled on the way. */
function counting<Row>(
  query: Query<Row>,
  oracle: Oracle<Row>,
  keyOf: (row: Row) => unknown,
  countOf: (row: Row) => number,
): (run: QueryRun) => void {
  return (run) => {
    const groups = byKey(runQuery(query, run), keyOf);
    for (const rows of groups) expect(rows.map(countOf)).toEqual(rows.map((_row, place) => place + 1));
    expectSameRows(
      groups.map((rows) => rows.at(-1) as Row),
      oracle(eventsOf(run.events)),
    );
  };
}

function byKey<Row>(rows: readonly Row[], keyOf: (row: Row) => unknown): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** In any order: subtasks run side by side. */
function expectSameRows<Row>(actual: readonly Row[], expected: readonly Row[]): void {
  const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();
  expect(sorted(actual)).toEqual(sorted(expected));
}
