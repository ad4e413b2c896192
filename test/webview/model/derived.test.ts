import { expect, test } from 'vitest';
import { alignmentOf } from '../../../webview/model/alignment.ts';
import {
  byOperator,
  differingParts,
  distanceOf,
  readable,
  totalsOf,
} from '../../../webview/model/comparison.ts';
import { initialState, type JobState, subscribed } from '../../../webview/model/dashboardState.ts';
import { axisTicks, ganttOf } from '../../../webview/model/gantt.ts';
import { riverOf } from '../../../webview/model/river.ts';
import { openStall, verdictOf } from '../../../webview/model/stall.ts';
import { summarize } from '../../../webview/model/statistics.ts';
import { mostBlamed, stripOf } from '../../../webview/model/strip.ts';
import { baselineId, beforeEnrichId } from '../../fakeEngine/flightsSavepoints.ts';
import { type ScenarioName, scenario } from '../../fakeEngine/scenarios.ts';

async function jobOf(name: ScenarioName): Promise<{ job: JobState; now: number }> {
  const engine = scenario(name);
  const state = subscribed(initialState, await engine.request('job/subscribe', {}), engine.now);
  return { job: state.job as JobState, now: engine.now };
}

test('in a stall every channel says whether it has delivered the barrier, and what is buffered behind it', async () => {
  const { job, now } = await jobOf('stall');
  const alignment = alignmentOf(job, job.checkpoints[0]!, now);
  expect(
    alignment.subtasks.map(({ name, arrived, channels }) => `${name} ${arrived}/${channels.length}`),
  ).toEqual(['enrich[0] 2/3', 'enrich[1] 2/3']);
  expect(
    alignment.subtasks[0]?.channels.map(({ from, arrivedAfterMs, bufferedRecords }) => [
      from.name,
      arrivedAfterMs !== null,
      bufferedRecords,
    ]),
  ).toEqual([
    ['parse[0]', true, 4_096],
    ['parse[1]', true, 3_897],
    ['weather[0]', false, null],
  ]);
  expect(alignment.shutGates).toBe(4);
  expect(alignment.notSeen).toBe(3);
  expect(alignment.bufferedRecords).toBe(
    job.graph.channels
      .map(({ id }) => job.channels.get(id)!)
      .filter(({ blocked }) => blocked)
      .reduce((sum, { queuedRecords }) => sum + queuedRecords, 0),
  );
});

test('the verdict says who waits for whom, since when, why, and where', async () => {
  const { job, now } = await jobOf('stall');
  const verdict = verdictOf(job, openStall(job)!, now);
  expect(verdict.headline).toBe('enrich has waited 6.30 s for weather[0].');
  expect(verdict.cause).toBe(
    'weather[0] has not sent barrier 42: it is inside decodeMetar on one record (split 0, offset 120,871), for 6.34 s so far. Usual is 4 ms.',
  );
  expect(verdict.location).toMatchObject({ line: 31, column: 13 });
  expect(verdict.unaligned).toContain('has not entered the stream');
});

test('the verdict falls back to the operator’s own line', async () => {
  const { job, now } = await jobOf('stall');
  const stall = openStall(job)!;
  const hops = stall.hops.map((hop) => ({ ...hop, location: null }));
  expect(verdictOf(job, { ...stall, hops }, now).location).toMatchObject({
    file: '/projects/flights/weather.ts',
    line: 31,
    column: 4,
  });
});

test('the river shuts one gate, holds one barrier, and names the cause', async () => {
  const { job, now } = await jobOf('stall');
  const river = riverOf(job, now);
  expect(
    river.edges.filter(({ gate }) => gate !== null).map(({ id, gate }) => [id, gate?.shut, gate?.channels]),
  ).toEqual([['parse-enrich', 4, 4]]);
  expect(river.edges.filter(({ waitedForMs }) => waitedForMs !== null).map(({ id }) => id)).toEqual([
    'weather-enrich',
  ]);
  expect(river.edges.filter(({ heldMs }) => heldMs !== null).map(({ id }) => id)).toEqual(['weather-enrich']);
  expect(river.vertices.filter(({ tone }) => tone === 'cause').map(({ id }) => id)).toEqual(['weather']);
  expect(river.vertices.map(({ name, foot }) => `${name}: ${foot.kind}`)).toEqual([
    'flights: acknowledged',
    'parse: acknowledged',
    'weather: holds',
    'enrich: aligning',
    'delay-window: not-here',
    'out: not-here',
  ]);
});

test('the Gantt puts the holder first and leaves no gap between the phases', async () => {
  const { job, now } = await jobOf('stall');
  const running = ganttOf(job, job.checkpoints[0]!, now);
  expect(running.rows[0]).toMatchObject({
    name: 'weather[0]',
    status: 'holds',
    note: 'held in decodeMetar, weather.ts:31',
  });
  const done = ganttOf(job, job.checkpoints.find(({ id }) => id === 38)!, now);
  for (const { segments, totalMs } of done.rows) {
    for (const [index, segment] of segments.entries())
      expect(segment.fromMs).toBe(index === 0 ? 0 : segments[index - 1]?.toMs);
    expect(segments.at(-1)?.toMs).toBe(totalMs);
  }
  expect(done.rows.filter(({ straggler }) => straggler).map(({ name }) => name)).toEqual(['weather[0]']);
});

test('the strip stacks waiting on the snapshot only where it mattered', async () => {
  const { job, now } = await jobOf('stall');
  const { bars } = stripOf(job, now);
  expect(bars.filter(({ waitingMs }) => waitingMs > 0).map(({ id }) => id)).toEqual([8, 17, 24, 31, 38, 42]);
  // A failed one is hollow: what it did until then is no snapshot and no wait.
  expect(bars.filter(({ status }) => status === 'failed').map(({ id }) => id)).toEqual([19, 29]);
  expect(bars.filter(({ kind }) => kind === 'savepoint').map(({ id }) => id)).toEqual([12, 30]);
  expect(bars.every(({ height, snapshotHeight }) => height <= 1 && snapshotHeight <= height)).toBe(true);
  expect(mostBlamed(job)).toEqual({ name: 'weather[0]', times: 4, of: 20 });
});

test.each([
  [[], null],
  [[null], null],
  [[7], { min: 7, p50: 7, p99: 7, max: 7 }],
  [[4, 1, 3, 2], { min: 1, avg: 2.5, p50: 2.5, max: 4 }],
])('the summary of %j', (values, expected) => {
  const summary = summarize(values);
  if (expected === null) expect(summary).toBeNull();
  else expect(summary).toMatchObject(expected);
});

test.each([
  [6_340, 1_000, 2_000],
  [732, 100, 200],
  [3_990, 500, 1_000],
  [3, 0.5, 1],
])('an axis over %s ms has round steps', (end, least, most) => {
  const ticks = axisTicks(end);
  const step = ticks[1]! - ticks[0]!;
  expect(step).toBeGreaterThanOrEqual(least);
  expect(step).toBeLessThanOrEqual(most);
  expect(ticks.at(-1)).toBeLessThanOrEqual(end);
});

test('a comparison adds up', async () => {
  const comparison = await scenario('running').request('savepoint/compare', {
    a: baselineId,
    b: beforeEnrichId,
  });
  expect(totalsOf(comparison.states)).toMatchObject({ added: 10_613, removed: 4_424, changed: 4_117 });
  expect(byOperator(comparison).map(({ name }) => name)).toEqual([
    'flights',
    'weather',
    'enrich',
    'delay-window',
    'out',
  ]);
  expect(distanceOf(comparison)).toMatchObject({ wallClockMs: 540_000, records: 1_045_440 });
});

test('only the words that differ are marked', () => {
  const { before, after } = differingParts(
    readable('{"count":4112,"mean":11.3}'),
    readable('{"count":10274,"mean":11.3}'),
  );
  expect(before.filter(({ differs }) => differs).map(({ text }) => text)).toEqual(['4112']);
  expect(after.filter(({ differs }) => differs).map(({ text }) => text)).toEqual(['10274']);
  expect(before.map(({ text }) => text).join('')).toBe('{ count: 4112, mean: 11.3 }');
});
