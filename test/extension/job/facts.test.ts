/** What is known of a job after a snapshot and some notices; the names of the tests are the rules. */
import { expect, test } from 'vitest';
import {
  checkpointsShownMax,
  factsOf,
  fold,
  type JobFacts,
  lastCompleted,
  type Notice,
  savepointUnderWay,
} from '../../../extension/job/facts.ts';
import type { CheckpointEvent } from '../../../runtime/protocol/checkpoints.ts';
import { checkpoint, engineNow, ourNow, sample, snapshot, stall } from '../examples.ts';

const facts = factsOf(snapshot, ourNow);
const events = (...given: CheckpointEvent[]): Notice => ({
  method: 'checkpoint/events',
  params: { events: given },
});
const triggered = (
  sequence: number,
  id: number,
  kind: 'checkpoint' | 'savepoint' = 'checkpoint',
): CheckpointEvent => ({
  type: 'triggered',
  sequence,
  at: engineNow,
  checkpoint: {
    ...checkpoint(id, { kind, status: 'in-progress', acknowledged: 0, completedAt: null, path: null }),
    subtasks: [],
  },
});
const acknowledged = (sequence: number, id: number): CheckpointEvent => ({
  type: 'acknowledged',
  sequence,
  at: engineNow + 5,
  checkpoint: id,
  report: {
    subtask: { vertex: 'weather', index: 0 },
    status: 'acknowledged',
    startDelayMs: 0,
    alignmentMs: 0,
    syncMs: 0,
    asyncMs: 0,
    acknowledgedAfterMs: 5,
    stateBytes: 0,
    processedInFlightBytes: 0,
    persistedInFlightBytes: 0,
    channels: [],
  },
});
const completed = (sequence: number, id: number): CheckpointEvent => ({
  type: 'completed',
  sequence,
  at: engineNow,
  summary: checkpoint(id),
});

function after(...notices: Notice[]): JobFacts {
  let current = facts;
  for (const notice of notices) {
    const next = fold(current, notice);
    if (next === 'gap') throw new Error('a gap');
    current = next;
  }
  return current;
}

test('the difference of the clocks is kept', () => expect(facts.clockAheadMs).toBe(1_000));

test('the last completed checkpoint is not the newest one', () => {
  expect(lastCompleted(facts)?.id).toBe(42);
  expect(lastCompleted(after(events(triggered(101, 43))))?.id).toBe(42);
  expect(lastCompleted(after(events(triggered(101, 43), completed(102, 43))))?.id).toBe(43);
});

test('a savepoint under way counts its acknowledgements', () => {
  const current = after(
    events(triggered(101, 43, 'savepoint')),
    events(acknowledged(102, 43), acknowledged(103, 43)),
  );
  expect(savepointUnderWay(current)).toMatchObject({ id: 43, acknowledged: 2, tasks: 3 });
  expect(savepointUnderWay(facts)).toBeNull();
});

test('what the snapshot contained may come once more', () => {
  expect(
    after(events(triggered(99, 41), triggered(100, 42), triggered(101, 43))).checkpoints.map(({ id }) => id),
  ).toEqual([43, 42, 41]);
});

test('a missing event is noticed', () => {
  expect(fold(facts, events(triggered(102, 43)))).toBe('gap');
  expect(fold(facts, events(triggered(101, 43), completed(103, 43)))).toBe('gap');
});

test('a discarded checkpoint stays in the history and can no longer be restored', () => {
  const current = after(events({ type: 'discarded', sequence: 101, at: engineNow, checkpoints: [42] }));
  expect(current.checkpoints[0]).toMatchObject({ id: 42, path: null, status: 'completed' });
});

test('the history is bounded', () => {
  const many = Array.from({ length: 100 }, (_, index) => triggered(101 + index, 43 + index));
  expect(after(events(...many)).checkpoints).toHaveLength(checkpointsShownMax);
});

test('telemetry changes what it names and nothing else', () => {
  const current = after({
    method: 'telemetry',
    params: { at: 0, subtasks: [sample('enrich', 1, 1, 1)], channels: [], splits: [], metrics: [] },
  });
  expect([current.subtasks.get('enrich[1]')?.busy, current.subtasks.get('enrich[0]')?.busy]).toEqual([
    1, 0.2,
  ]);
});

test('a new deployment knows no rates yet', () => {
  expect(after({ method: 'graph/changed', params: { graph: snapshot.graph } }).subtasks.size).toBe(0);
});

test('a stall opens, is explained anew and closes', () => {
  const open = after({ method: 'stall/changed', params: { stall } });
  expect(open.stalls).toHaveLength(1);
  const explained = fold(open, {
    method: 'stall/changed',
    params: { stall: { ...stall, hops: stall.hops.slice(0, 1) } },
  }) as JobFacts;
  expect(explained.stalls.map(({ hops }) => hops.length)).toEqual([1]);
  expect(
    (fold(explained, { method: 'stall/changed', params: { stall: { ...stall, closedAt: 1 } } }) as JobFacts)
      .stalls,
  ).toEqual([]);
});
