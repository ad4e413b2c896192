import { describe, expect, test } from 'vitest';
import type { NotificationMethod, NotificationParams } from '../../../runtime/protocol/messages.ts';
import {
  type DashboardState,
  engineNow,
  initialState,
  notified,
  subscribed,
} from '../../../webview/model/dashboardState.ts';
import { type ScenarioName, scenario } from '../../fakeEngine/scenarios.ts';

type Message = { [M in NotificationMethod]: readonly [M, NotificationParams<M>] }[NotificationMethod];

/** A minute of a job as messages, and what a client that subscribes before and one that subscribes after it is told. */
async function minuteOf(name: ScenarioName, earlierMs: number) {
  const engine = scenario(name, earlierMs);
  const before = await engine.request('job/subscribe', {});
  const messages: Message[] = [];
  engine.listen((method, params) => messages.push([method, params] as unknown as Message));
  engine.advance(60_000);
  return { before, messages, after: await engine.request('job/subscribe', {}), now: engine.now };
}

function fold(state: DashboardState, messages: readonly Message[], now: number): DashboardState {
  return messages.reduce((folded, [method, params]) => notified(folded, method, params as never, now), state);
}

describe.each<[ScenarioName, number]>([
  ['running', 20_000],
  ['stall', 20_000],
  ['running', 0],
])('%s, %d ms early', (name, earlierMs) => {
  test('messages folded over an early snapshot give what a late snapshot tells', async () => {
    const { before, messages, after, now } = await minuteOf(name, earlierMs);
    const folded = fold(subscribed(initialState, before, now), messages, now);
    const fresh = subscribed(initialState, after, now);
    expect(folded.needsResync).toBe(false);
    expect(folded.job?.checkpoints).toEqual(fresh.job?.checkpoints);
    expect(folded.job?.counts).toEqual(fresh.job?.counts);
    expect(folded.job?.sequence).toBe(fresh.job?.sequence);
    expect(folded.job?.channels).toEqual(fresh.job?.channels);
    expect(folded.job?.subtasks).toEqual(fresh.job?.subtasks);
    expect(folded.job?.metrics).toEqual(fresh.job?.metrics);
    expect(folded.job?.stalls.filter(({ closedAt }) => closedAt === null)).toEqual(
      fresh.job?.stalls.filter(({ closedAt }) => closedAt === null),
    );
  });
});

test('at every moment of a checkpoint the folded picture is the one that a new subscriber gets', async () => {
  const engine = scenario('running', 10_000);
  let state = subscribed(initialState, await engine.request('job/subscribe', {}), 0);
  engine.listen((method, params) => {
    state = notified(state, method, params, 0);
  });
  for (let step = 0; step < 60; step++) {
    engine.advance(35);
    const { checkpoints, sequence } = await engine.request('job/subscribe', {});
    expect(state.job?.checkpoints).toEqual(checkpoints);
    expect(state.job?.sequence).toBe(sequence);
  }
});

test('a gap in the sequence asks for a new subscription, and what came twice is ignored', async () => {
  const { before, messages, now } = await minuteOf('running', 20_000);
  const events = messages.filter(([method]) => method === 'checkpoint/events');
  const start = subscribed(initialState, before, now);
  expect(fold(start, [events[1]!], now).needsResync).toBe(true);
  const once = fold(start, [events[0]!], now);
  expect(fold(once, [events[0]!], now).job).toEqual(once.job);
});

test('what a sample does not mention stays as it was', async () => {
  const { before, now } = await minuteOf('running', 0);
  const start = subscribed(initialState, before, now);
  const empty = notified(
    start,
    'telemetry',
    { at: before.at + 100, subtasks: [], channels: [], splits: [], metrics: [] },
    now,
  );
  expect(empty.job?.subtasks).toEqual(start.job?.subtasks);
  expect(empty.job?.channels).toEqual(start.job?.channels);
  expect(empty.job?.splits).toEqual(start.job?.splits);
  expect(empty.job?.sampledAt).toBe(before.at + 100);
});

test('a new graph forgets the samples of the old one', async () => {
  const { before, now } = await minuteOf('running', 0);
  const changed = notified(
    subscribed(initialState, before, now),
    'graph/changed',
    { graph: before.graph },
    now,
  );
  expect(changed.job?.channels.size).toBe(0);
  expect(changed.job?.subtasks.size).toBe(0);
});

test('ages follow the engine’s clock, and stand still while disconnected', async () => {
  const { before } = await minuteOf('running', 0);
  const live = {
    ...subscribed(initialState, before, 1_000),
    connection: { kind: 'live', generation: 1 } as const,
  };
  expect(engineNow(live, 1_250)).toBe(before.at + 250);
  const lost: DashboardState = {
    ...live,
    connection: { kind: 'lost', since: 1_500, reason: '', retryAt: null },
  };
  expect(engineNow(lost, 9_000)).toBe(before.at + 500);
  expect(engineNow(lost, 99_000)).toBe(before.at + 500);
});
