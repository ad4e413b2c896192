/** A comparison that takes long, and values that are long, as the dashboard goes about them. */
import { expect, test } from 'vitest';
import type { RequestMethod } from '../../runtime/protocol/messages.ts';
import { DashboardController } from '../../webview/controller.ts';
import type { RpcClient } from '../../webview/transport/rpc.ts';
import { baselineId, beforeEnrichId } from '../fakeEngine/flightsSavepoints.ts';
import { scenario } from '../fakeEngine/scenarios.ts';

/** Comparisons are answered when the test says so; everything else at once, by the scripted engine. */
async function slowly() {
  const engine = scenario('running');
  const asked: {
    readonly method: RequestMethod;
    readonly params: object;
    readonly signal: AbortSignal | undefined;
  }[] = [];
  let answer: () => void = () => {};
  const rpc: RpcClient = {
    request: async (method, params, signal) => {
      asked.push({ method, params: params as object, signal });
      if (method === 'savepoint/compare')
        await new Promise<void>((resolve, reject) => {
          answer = resolve;
          signal?.addEventListener('abort', () => reject(new Error('It was cancelled.')));
        });
      return engine.request(method, params);
    },
    dispose: () => {},
  };
  const controller = new DashboardController({
    now: () => engine.now,
    reconnect: () => {},
    openSource: () => {},
    openTextDiff: null,
    run: null,
    showLog: null,
    copy: () => {},
    canOpenSource: true,
    loadUi: () => null,
    saveUi: () => {},
    changed: () => {},
  });
  controller.connection({ kind: 'live', generation: 1 });
  await controller.begin(rpc, 1);
  const settle = async () => {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  };
  const comparisons = () => asked.filter(({ method }) => method === 'savepoint/compare');
  return { controller, comparisons, settle, answer: () => answer() };
}

const pair = { kind: 'compare', a: baselineId, b: beforeEnrichId } as const;

test('progress of this comparison is shown, and of no other', async () => {
  const { controller, settle, comparisons } = await slowly();
  controller.show(pair);
  await settle();
  const { progress } = comparisons()[0]!.params as { progress: string };
  controller.notified('savepoint/progress', { progress: 'another', done: 5, total: 9 });
  expect(controller.state.compare?.progress).toBeNull();
  controller.notified('savepoint/progress', { progress, done: 1, total: 9 });
  expect(controller.state.compare?.progress).toEqual({ done: 1, total: 9 });
});

test('a comparison that is stopped says so, and can be made again', async () => {
  const { controller, settle, answer } = await slowly();
  controller.show(pair);
  await settle();
  controller.cancelCompare();
  await settle();
  expect(controller.state.compare?.comparison).toEqual({
    kind: 'failed',
    message: 'The comparison was stopped.',
  });
  controller.compareAgain();
  await settle();
  answer();
  await settle();
  expect(controller.state.compare?.comparison.kind).toBe('loaded');
});

test('whoever looks at another pair has stopped the comparison before', async () => {
  const { controller, settle, comparisons, answer } = await slowly();
  controller.show(pair);
  await settle();
  controller.show({ ...pair, a: beforeEnrichId, b: baselineId });
  await settle();
  expect(comparisons().map(({ signal }) => signal?.aborted)).toEqual([true, false]);
  answer();
  await settle();
  expect(controller.state.compare?.comparison).toMatchObject({
    kind: 'loaded',
    value: { a: { id: beforeEnrichId } },
  });
});

test('all of a shortened entry is shown when it is asked for, until another state is chosen', async () => {
  const { controller, settle, answer } = await slowly();
  controller.show(pair);
  await settle();
  answer();
  await settle();
  await controller.selectState('enrich', 'pending');
  const entry = controller.state.compare?.entries.find(({ isShortened }) => isShortened);
  await controller.showWhole(entry!);
  expect(controller.state.compare?.whole.get(entry!.at)).toEqual({
    before: entry!.before,
    after: entry!.after,
  });
  await controller.selectState('enrich', 'latest');
  expect(controller.state.compare?.whole.size).toBe(0);
});
