/** axe on every kind of screen, in the four themes: no violation, of any severity. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baselineId, beforeEnrichId } from '../fakeEngine/flightsSavepoints.ts';
import { newLimitsId, quietId } from '../fakeEngine/ordersSavepoints.ts';
import { type ScenarioName, scenario } from '../fakeEngine/scenarios.ts';
import { launchBrowser } from './browser.ts';
import { type DashboardOptions, openDashboard } from './dashboardPage.ts';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

const screens: readonly (readonly [string, ScenarioName, object | undefined])[] = [
  ['overview', 'running', undefined],
  ['metrics', 'running', { selectedVertex: 'enrich', allSubtasks: true }],
  ['side outputs', 'orders', { selectedVertex: 'check' }],
  ['compare states without keys', 'orders', { view: { kind: 'compare', a: quietId, b: newLimitsId } }],
  ['restore states without keys', 'orders', { view: { kind: 'restore', savepoint: newLimitsId } }],
  ['stall', 'stall', undefined],
  ['stall, walked upstream', 'stall', { view: { kind: 'stall', id: 7 } }],
  ['checkpoint', 'running', { view: { kind: 'checkpoint', id: 38 } }],
  ['history table', 'running', { checkpointsAs: 'table' }],
  ['compare', 'running', { view: { kind: 'compare', a: baselineId, b: beforeEnrichId } }],
  ['restore', 'running', { view: { kind: 'restore', savepoint: beforeEnrichId } }],
  ['savepoint', 'running', { view: { kind: 'savepoint', savepoint: beforeEnrichId } }],
  ['failed', 'failed', undefined],
  ['events', 'failed', { view: { kind: 'events' } }],
  ['empty', 'empty', undefined],
];

/** A theme changes colours and nothing else: one is looked at as a whole, the others for what colours can spoil. */
const colours = ['color-contrast', 'link-in-text-block'];
const looks: readonly (readonly [
  theme: NonNullable<DashboardOptions['theme']>,
  width: number,
  rules: readonly string[] | null,
])[] = [
  ['dark', 400, null],
  ['dark', 1_400, null],
  ['light', 1_400, colours],
  ['hc', 1_400, colours],
  ['hc-light', 1_400, colours],
];

test.each(screens)('%s has no violation in any theme', { timeout: 120_000 }, async (_, name, ui) => {
  const found = looks.map(async ([theme, width, rules]) => {
    const { page, close } = await openDashboard(browser, scenario(name), {
      theme,
      width,
      ...(ui === undefined ? {} : { ui }),
    });
    await page.waitForFunction(isSettled);
    const violated = await violations(page, rules);
    await close();
    return violated.map((violation) => `${theme} ${width}: ${violation}`);
  });
  expect((await Promise.all(found)).flat()).toEqual([]);
});

/** Fonts are there, nothing is being loaded, and two frames have been drawn since. */
async function isSettled(): Promise<boolean> {
  await document.fonts.ready;
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  return document.querySelector('vscode-progress-ring') === null;
}

/** `rules` null: all. */
async function violations(page: Page, rules: readonly string[] | null): Promise<string[]> {
  // The page's policy forbids foreign scripts, and a debugger's evaluation is none.
  await page.evaluate(axe);
  return page.evaluate(async (only) => {
    const { axe: run } = window as unknown as {
      axe: {
        run(
          context: Document,
          options: object,
        ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const result = await run.run(document, {
      resultTypes: ['violations'],
      ...(only === null ? {} : { runOnly: { type: 'rule', values: only } }),
    });
    return result.violations.flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 4)
        .map(
          (one) => `${id}: ${one.html.slice(0, 160)} ${one.failureSummary.split('\n').slice(1, 3).join(' ')}`,
        ),
    );
  }, rules);
}
