import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baselineId, beforeEnrichId } from '../fakeEngine/flightsSavepoints.ts';
import { scenario } from '../fakeEngine/scenarios.ts';
import { launchBrowser } from './browser.ts';
import { openDashboard } from './dashboardPage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

test('a savepoint is taken with a click and stands in the list', async () => {
  const { page, server, errors, close } = await openDashboard(browser, scenario('running'));
  server.realTime();
  await page.getByRole('button', { name: 'Take savepoint', exact: true }).first().click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Label' }).fill('Before the change');
  await page.getByRole('dialog').getByRole('button', { name: 'Take savepoint' }).click();
  await page.getByRole('list', { name: 'Savepoints' }).getByText('Before the change').waitFor();
  expect(server.engine.savepoints[0]?.label).toBe('Before the change');
  expect(errors).toEqual([]);
  await close();
});

test('a restore shows its pre-flight, asks for two consents, and proves what it did', async () => {
  const { page, server, errors, close } = await openDashboard(browser, scenario('running'));
  server.realTime();
  await page.getByRole('button', { name: 'Before enrich v2' }).click();
  await page.getByRole('button', { name: 'Restore Before enrich v2' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Nothing has been touched.').waitFor();
  const go = dialog.locator('vscode-button', { hasText: 'Stop and restore' });
  expect(await go.getAttribute('disabled')).not.toBeNull();
  await dialog.getByRole('checkbox', { name: 'Drop it' }).click();
  await dialog.getByText('One consent is missing.').waitFor();
  expect(await go.getAttribute('disabled')).not.toBeNull();
  await dialog.getByRole('checkbox', { name: 'Supersede them' }).click();
  await dialog.getByText('Everything can be restored.').waitFor();
  await go.click();
  await page.getByText('Restored from “Before enrich v2”').waitFor();
  await page.getByText('the first checkpoint since').waitFor();
  expect(server.engine.job.restoredFrom?.checkpointId).toBe(30);
  expect(errors).toEqual([]);
  await close();
});

test('a job that has ended says why it is not taken up again, before anything is asked', async () => {
  const { page, errors, close } = await openDashboard(browser, scenario('finished'));
  await page.getByRole('button', { name: 'Before enrich v2' }).click();
  await page.getByRole('button', { name: 'Restore Before enrich v2' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The job is finished: run its pipeline from this savepoint instead.').waitFor();
  expect(
    await dialog.locator('vscode-button', { hasText: 'Restore' }).getAttribute('disabled'),
  ).not.toBeNull();
  expect(errors).toEqual([]);
  await close();
});

test('two savepoints are compared by choosing one and then the other', async () => {
  const { page, errors, close } = await openDashboard(browser, scenario('running'));
  await page.getByRole('button', { name: 'Baseline, six minutes in' }).click();
  await page.getByRole('button', { name: 'Compare Baseline, six minutes in' }).click();
  await page.getByRole('button', { name: 'Compare with Before enrich v2' }).click();
  await page.getByText('1,045,440 source records').waitFor();
  await page.getByText('Rows 1 to 100 of 1,324').waitFor();
  await page.getByRole('button', { name: '655 changed' }).click();
  await page.getByText('Rows 1 to 100 of 669').waitFor();
  await page.getByRole('button', { name: 'latest' }).click();
  await page.getByRole('heading', { name: 'enrich, latest' }).waitFor();
  expect(errors).toEqual([]);
  await close();
});

test('a stall is seen, walked upstream, and ended', async () => {
  const { page, server, errors, close } = await openDashboard(browser, scenario('stall'));
  await page.getByText('enrich has waited').first().waitFor();
  expect(await page.locator('[data-vertex="weather"]').getAttribute('class')).toContain('cause');
  await page.getByRole('button', { name: 'Walk upstream' }).click();
  await page.getByRole('heading', { name: 'Walk upstream to the cause' }).waitFor();
  await page.getByRole('button', { name: 'Abort checkpoint 42' }).click();
  server.realTime();
  await page.getByText('over', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'flights-weather' }).click();
  await page
    .getByText('41 completed', { exact: false })
    .or(page.getByText('failed', { exact: false }))
    .first()
    .waitFor();
  expect(server.engine.world.checkpoints.at(-1)?.failure?.reason).toBe('USER_ABORTED');
  expect(errors).toEqual([]);
  await close();
});

test('a lost connection keeps the last picture, and comes back by itself', async () => {
  const { page, server, close } = await openDashboard(browser, scenario('running'));
  await page.getByText('10 of 10 tasks acknowledged').waitFor();
  server.drop(true);
  await page.getByText('Disconnected.').waitFor();
  expect(await page.locator('[data-vertex="flights"]').count()).toBe(1);
  server.accept();
  await page.getByText('Disconnected.').waitFor({ state: 'detached' });
  await close();
});

test('the token leaves the address bar, and a reload still works', async () => {
  const { page, server, close } = await openDashboard(browser, scenario('running'));
  expect(page.url()).not.toContain(server.token);
  await page.reload();
  await page.locator('[data-vertex="flights"]').waitFor();
  await close();
});

test('what was being looked at survives a reload', async () => {
  const { page, close } = await openDashboard(browser, scenario('running'), {
    ui: { view: { kind: 'compare', a: baselineId, b: beforeEnrichId } },
  });
  await page.getByText('Rows 1 to 100 of 1,324').waitFor();
  await close();
});

test('the metrics of a vertex are there when it is chosen, by click or by keyboard, and move', async () => {
  const { page, server, errors, close } = await openDashboard(browser, scenario('running'));
  const section = page.getByRole('region', { name: 'Metrics of enrich' });
  const row = (name: string) => section.getByRole('row', { name: new RegExp(`^${name}`) });
  await page.locator('[data-vertex="parse"]').click({ position: { x: 4, y: 4 } });
  expect(await page.locator('section.metrics').count()).toBe(0);
  await page.locator('[data-vertex="enrich"]').focus();
  await page.keyboard.press('Space');
  await row('without weather all 27,').waitFor();
  expect(await page.locator('[data-vertex="enrich"]').getAttribute('aria-current')).toBe('true');
  await section.getByText('Not known: its function failed').first().waitFor({ state: 'attached' });
  server.engine.advance(60_000);
  await row('without weather all 28,').waitFor();
  await section.getByRole('button', { name: 'Every subtask' }).click();
  await section.getByRole('row', { name: /^\[1\] 1\d,\d+ 9.1\/s/ }).waitFor();
  await page.locator('[data-vertex="enrich"]').focus();
  await page.keyboard.press('Space');
  await section.waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
  await close();
});

test('streams in words say which side output flows where', async () => {
  const { page, close } = await openDashboard(browser, scenario('orders'));
  const streams = page.getByRole('list', { name: 'Streams' });
  await streams
    .getByText('check to rejects, side output rejected, rebalance: 104/s')
    .waitFor({ state: 'attached' });
  await streams.getByText('check to depot, custom: 1.89k/s').waitFor({ state: 'attached' });
  await streams
    .getByText('depot to audit → ledger, side output review, rebalance: 378/s')
    .waitFor({ state: 'attached' });
  await close();
});

test('arrows follow the streams, and every vertex says what it is', async () => {
  const { page, close } = await openDashboard(browser, scenario('stall'));
  await page.locator('[data-vertex="weather"]').focus();
  await page.keyboard.press('ArrowRight');
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.vertex);
  expect(await focused()).toBe('enrich');
  await page.keyboard.press('ArrowRight');
  expect(await focused()).toBe('delay-window');
  await page.keyboard.press('ArrowLeft');
  expect(await focused()).toBe('enrich');
  expect(await page.locator('[data-vertex="weather"]').getAttribute('aria-label')).toContain(
    'holds barrier 42',
  );
  await close();
});

test('a thousand vertices are laid out beside the page and drawn in time', async () => {
  const { page, server, close } = await openDashboard(browser, scenario('large'));
  await page.locator('.river-surface[data-laid-out="1000"]').waitFor({ timeout: 45_000 });
  const spent = await page.evaluate(async () => {
    const started = performance.now();
    await new Promise(requestAnimationFrame);
    return performance.now() - started;
  });
  expect(spent).toBeLessThan(2_000);
  server.engine.advance(500);
  expect(await page.locator('[data-vertex]').count()).toBe(1_000);
  await close();
});
