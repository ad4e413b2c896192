import { expect, test } from 'vitest';
import { baselineId, beforeEnrichId, wrongId } from '../fakeEngine/flightsSavepoints.ts';
import { scenario } from '../fakeEngine/scenarios.ts';
import { dashboardOn } from './inMemoryDashboard.ts';

test('a savepoint that is taken by hand appears, selected, with its label', async () => {
  const dashboard = await dashboardOn(scenario('running'));
  const taking = dashboard.controller.takeSavepoint('Before the change', '');
  await dashboard.settle();
  expect(dashboard.controller.state.pending.map(({ kind }) => kind)).toEqual(['take-savepoint']);
  await dashboard.advance(2_000);
  await taking;
  const [newest] = dashboard.controller.state.savepoints;
  expect(newest?.label).toBe('Before the change');
  expect(dashboard.controller.state.ui.selectedSavepoint).toBe(newest?.id);
  expect(dashboard.controller.state.pending).toEqual([]);
});

test('a restore needs every consent, and then says what it was restored from', async () => {
  const dashboard = await dashboardOn(scenario('running'));
  const { controller } = dashboard;
  await controller.openRestore(beforeEnrichId);
  await controller.restore();
  expect(controller.state.dialog).toMatchObject({
    kind: 'restore',
    refusal: expect.stringContaining('consent'),
  });
  expect(controller.state.job?.info.restoredFrom).toBeNull();
  controller.consent({ supersede: true });
  controller.consent({ allowNonRestoredState: true });
  const restoring = controller.restore();
  await dashboard.advance(1_000);
  await restoring;
  expect(controller.state.dialog).toBeNull();
  expect(controller.state.job?.info.restoredFrom).toMatchObject({
    label: 'Before enrich v2',
    checkpointId: 30,
  });
});

test('what is impossible stays impossible with every consent', async () => {
  const dashboard = await dashboardOn(scenario('running'));
  await dashboard.controller.openRestore(wrongId);
  dashboard.controller.consent({ supersede: true, allowNonRestoredState: true });
  await dashboard.controller.restore();
  expect(dashboard.controller.state.dialog).toMatchObject({ kind: 'restore', refusal: expect.any(String) });
  expect(dashboard.controller.state.job?.info.status).toBe('running');
});

test('two savepoints are compared with the older one as A, page by page', async () => {
  const dashboard = await dashboardOn(scenario('running'));
  const { controller } = dashboard;
  controller.selectForCompare(beforeEnrichId);
  controller.selectForCompare(baselineId);
  await dashboard.settle();
  expect(controller.state.ui.view).toEqual({ kind: 'compare', a: baselineId, b: beforeEnrichId });
  expect(controller.state.compare?.selected).toEqual({ uid: 'delay-window', state: 'panes' });
  expect(controller.state.compare?.entries).toHaveLength(100);
  await controller.moreEntries();
  expect(controller.state.compare?.entries).toHaveLength(200);
  await controller.toggleChange('changed');
  expect(controller.state.compare?.entries.some(({ change }) => change === 'changed')).toBe(false);
});

test('a stall is ended by switching to unaligned checkpoints, and the new mode is shown', async () => {
  const dashboard = await dashboardOn(scenario('stall'));
  await dashboard.settle();
  await dashboard.controller.switchMode(true);
  await dashboard.settle();
  const { job } = dashboard.controller.state;
  expect(job?.info.checkpointConfig).toMatchObject({ mode: 'exactly-once', unaligned: true });
  expect(job?.checkpoints.find(({ id }) => id === 42)?.failure?.reason).toBe('USER_ABORTED');
  await dashboard.controller.switchMode(false);
  expect(dashboard.controller.state.job?.info.checkpointConfig.unaligned).toBe(false);
});

test('aborting the checkpoint opens the gates and ends the stall', async () => {
  const dashboard = await dashboardOn(scenario('stall'));
  const { controller } = dashboard;
  await controller.abortCheckpoint(42);
  await dashboard.advance(200);
  expect(controller.state.job?.stalls.every(({ closedAt }) => closedAt !== null)).toBe(true);
  expect(controller.state.job?.checkpoints[0]).toMatchObject({
    id: 42,
    status: 'failed',
    failure: { reason: 'USER_ABORTED' },
  });
  expect([...controller.state.job!.channels.values()].some(({ blocked }) => blocked)).toBe(false);
});

test('without a job savepoints can still be looked at', async () => {
  const dashboard = await dashboardOn(scenario('no-job'));
  expect(dashboard.controller.state.connection.kind).toBe('no-job');
  expect(dashboard.controller.state.savepoints).toHaveLength(4);
});
