/**
 * `npm run screenshots [name …]`: every screen of the dashboard, dark and light, 400 and 1,400 px wide, in front of the
 * scripted engine, into docs/screenshots. Clocks stand still, so that a picture changes only when the look does.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../test/e2e/browser.ts';
import { startFakeServer } from '../test/fakeEngine/fakeServer.ts';
import { baselineId, beforeEnrichId, wrongId } from '../test/fakeEngine/flightsSavepoints.ts';
import { newLimitsId, quietId } from '../test/fakeEngine/ordersSavepoints.ts';
import { type ScenarioName, scenario } from '../test/fakeEngine/scenarios.ts';
import { smallPng } from './smallPng.ts';

interface Screen {
  readonly name: string;
  readonly scenario: ScenarioName;
  readonly height?: number;
  /** What a user does before the picture is taken. */
  readonly arrange?: (page: Page, width: number) => Promise<void>;
  /** UI state that the page begins with. */
  readonly ui?: object;
  readonly themes?: readonly string[];
  readonly drop?: boolean;
  /** Only what a window shows: dialogs, and pages that go on and on. */
  readonly clipped?: boolean;
  /** Only this part of the page. */
  readonly only?: string;
}

const screens: readonly Screen[] = [
  { name: 'overview', scenario: 'running' },
  { name: 'metrics', scenario: 'running', ui: { selectedVertex: 'enrich' } },
  {
    name: 'metrics-subtasks',
    scenario: 'running',
    ui: { selectedVertex: 'delay-window', allSubtasks: true },
    only: 'section.metrics',
    clipped: true,
  },
  {
    name: 'metrics-chain',
    scenario: 'running',
    ui: { selectedVertex: 'weather' },
    only: 'section.metrics',
    clipped: true,
  },
  { name: 'side-outputs', scenario: 'orders', ui: { selectedVertex: 'check' } },
  {
    name: 'keyless-states',
    scenario: 'orders',
    ui: { view: { kind: 'compare', a: quietId, b: newLimitsId } },
    clipped: true,
  },
  {
    name: 'keyless-states-savepoint',
    scenario: 'orders',
    ui: { view: { kind: 'savepoint', savepoint: newLimitsId } },
  },
  {
    name: 'keyless-states-restore',
    scenario: 'orders',
    ui: { view: { kind: 'restore', savepoint: newLimitsId } },
    clipped: true,
  },
  { name: 'stall', scenario: 'stall', themes: ['dark', 'light', 'hc', 'hc-light'] },
  { name: 'stall-walk', scenario: 'stall', ui: { view: { kind: 'stall', id: 7 } } },
  { name: 'checkpoint', scenario: 'running', ui: { view: { kind: 'checkpoint', id: 38 } } },
  { name: 'checkpoint-failed', scenario: 'running', ui: { view: { kind: 'checkpoint', id: 29 } } },
  {
    name: 'history-table',
    only: 'section[aria-label="Checkpoints"]',
    clipped: true,
    scenario: 'running',
    ui: { checkpointsAs: 'table' },
  },
  {
    name: 'history-chart',
    only: 'section[aria-label="Checkpoints"]',
    clipped: true,
    scenario: 'running',
    ui: { checkpointsAs: 'chart' },
  },
  {
    name: 'take-savepoint',
    scenario: 'running',
    arrange: (page) => click(page, 'Take savepoint'),
    clipped: true,
  },
  { name: 'savepoint', scenario: 'running', ui: { view: { kind: 'savepoint', savepoint: beforeEnrichId } } },
  {
    name: 'compare',
    scenario: 'running',
    ui: { view: { kind: 'compare', a: baselineId, b: beforeEnrichId } },
    clipped: true,
  },
  {
    name: 'restore',
    scenario: 'running',
    ui: { view: { kind: 'restore', savepoint: beforeEnrichId } },
    clipped: true,
  },
  {
    name: 'restore-impossible',
    scenario: 'running',
    ui: { view: { kind: 'restore', savepoint: wrongId } },
    clipped: true,
  },
  { name: 'restored', height: 560, clipped: true, scenario: 'restored' },
  { name: 'at-least-once', height: 560, clipped: true, scenario: 'at-least-once' },
  { name: 'empty', scenario: 'empty' },
  { name: 'finished', height: 560, clipped: true, scenario: 'finished' },
  { name: 'failed', clipped: true, scenario: 'failed' },
  { name: 'restarting', height: 560, clipped: true, scenario: 'restarting' },
  { name: 'events', scenario: 'failed', ui: { view: { kind: 'events' } } },
  { name: 'no-job', scenario: 'no-job' },
  { name: 'disconnected', height: 560, clipped: true, scenario: 'running', drop: true },
  { name: 'large', scenario: 'large', themes: ['dark'] },
];

const watchedMs = 20_000;
const directory = join(fileURLToPath(new URL('..', import.meta.url)), 'docs/screenshots');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const into = process.argv.find((argument) => argument.startsWith('--into='))?.slice(7) ?? directory;
await mkdir(into, { recursive: true });
const browser = await launchBrowser();
let bytes = 0;
let pictures = 0;
try {
  for (const screen of screens.filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
    for (const theme of screen.themes ?? ['dark', 'light'])
      for (const width of [400, 1_400]) await shoot(screen, theme, width);
} finally {
  await browser.close();
}
console.log(`${pictures} pictures, ${Math.round(bytes / 1_024)} KiB, in ${into}`);

async function shoot(screen: Screen, theme: string, width: number): Promise<void> {
  // Watched for a while before the picture: the banks of the streams are what was seen.
  const engine = scenario(screen.scenario, isLive(screen) ? watchedMs : 0);
  const server = await startFakeServer(engine);
  const context = await browser.newContext({
    viewport: { width, height: screen.height ?? (width < 560 ? 860 : 900) },
    timezoneId: 'UTC',
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`${screen.name}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && screen.drop !== true)
        console.error(`${screen.name}: ${message.text()}`);
    });
    await page.clock.setFixedTime(engine.now + (isLive(screen) ? watchedMs : 0));
    if (screen.ui !== undefined)
      await page.addInitScript((ui) => sessionStorage.setItem('sluice.ui', JSON.stringify(ui)), screen.ui);
    await page.goto(server.url.replace('/#', `/?theme=${theme}#`));
    await page.locator('h1').first().waitFor();
    await page.evaluate(() => document.fonts.ready);
    if (screen.scenario === 'large')
      await page.locator('.river-surface[data-laid-out]').waitFor({ timeout: 60_000 });
    for (let seconds = 0; seconds < (isLive(screen) ? watchedMs / 1_000 : 0); seconds++) {
      engine.advance(1_000);
      await page.waitForTimeout(4);
    }
    await screen.arrange?.(page, width);
    if (screen.drop === true) {
      server.drop(true);
      await page.getByText('Disconnected.').waitFor();
    }
    await page.waitForTimeout(900);
    const path = join(into, `${screen.name}.${theme}.${width}.png`);
    const picture = smallPng(
      screen.only === undefined
        ? await page.screenshot({ fullPage: screen.clipped !== true, animations: 'disabled' })
        : await page.locator(screen.only).screenshot({ animations: 'disabled' }),
    );
    await writeFile(path, picture);
    bytes += picture.length;
    pictures += 1;
  } finally {
    await context.close();
    await server.close();
  }
}

function isLive({ scenario: name }: Screen): boolean {
  return name === 'running' || name === 'stall' || name === 'orders';
}

async function click(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).first().click();
}
