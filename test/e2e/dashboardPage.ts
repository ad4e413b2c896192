/** The built dashboard in a real browser, in front of the scripted engine behind a real socket. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { FakeEngine } from '../fakeEngine/fakeEngine.ts';
import { type FakeServer, startFakeServer } from '../fakeEngine/fakeServer.ts';

export interface OpenedDashboard {
  readonly page: Page;
  readonly server: FakeServer;
  /** What the page wrote to its console as an error, policy violations among it. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export interface DashboardOptions {
  readonly theme?: 'dark' | 'light' | 'hc' | 'hc-light';
  readonly width?: number;
  readonly ui?: object;
}

export async function openDashboard(
  browser: Browser,
  engine: FakeEngine,
  { theme = 'dark', width = 1_400, ui }: DashboardOptions = {},
): Promise<OpenedDashboard> {
  const server = await startFakeServer(engine);
  const context: BrowserContext = await browser.newContext({
    viewport: { width, height: 900 },
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  if (ui !== undefined)
    await page.addInitScript((state) => sessionStorage.setItem('sluice.ui', JSON.stringify(state)), ui);
  await page.goto(server.url.replace('/#', `/?theme=${theme}#`));
  await page.locator('.app h1').first().waitFor();
  return {
    page,
    server,
    errors,
    close: async () => {
      await context.close();
      await server.close();
    },
  };
}
