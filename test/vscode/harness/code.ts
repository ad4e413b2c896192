#!/usr/bin/env node
/**
 * Stands in for the executable `code`, so that `@vscode/test-electron` can run extension tests where no desktop
 * VS Code is: it starts code-server's VS Code server, opens the workbench in a headless Chromium, lets the tests run
 * in the real Node extension host and ends with their exit code.
 *
 * It is not Electron: `env.uiKind` is Web and `process.execPath` is plain Node. Say "VS Code 1.139.1 (code-server)".
 *
 * Environment: SLUICE_VSCODE_RESULT  a file that the test run writes at its end; without it the run has failed, since
 *                                    the workbench reports a killed extension host as exit code 0
 *              SLUICE_VSCODE_LOG=1   everything that server and page say
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { format } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath } from '../../../scripts/chromium.ts';
import { parseCodeArguments, workbenchUrl } from './codeArguments.ts';
import { type CodeServer, startCodeServer } from './codeServer.ts';
import { installCodeServer } from './install.ts';

const limitMs = 10 * 60 * 1000;
const talksMuch = process.env.SLUICE_VSCODE_LOG === '1';

/** What the workbench says for itself, beside what the extension host prints. */
const chatter =
  /^(Res(olving|olved) connection token|Creating a socket|\[reconnection-grace-time\]|Updating additional builtin|\[Service Worker\]|\[AgentHost|\[RemoteAgentHost|\[AccountPolicyGate\]|\[ChatModelSelection\]|\[perf\]|Ignoring fetching additional builtin|Canceled: Canceled|\[remote-connection\]|Connection error: Unknown reconnection token|(Error: )?Could not locate the bindings file|(Error: )?Cannot find module '.*(watchdog|vscode-sqlite3)|.*open-vsx\.org|Settings Sync|Creation of workbench contribution|Timed out waiting for authentication provider|Started local extension host|Extension host \(|The web worker extension host)/;

/** For a quiet window that stays off the network; a test's own settings.json wins. */
const defaultSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.openRepositoryInParentFolders': 'never',
};

const args = parseCodeArguments(process.argv.slice(2));
const temporary = mkdtempSync(join(tmpdir(), 'code-'));
let server: CodeServer | undefined;
let browser: Browser | undefined;
let isEnding = false;

endWithParent();
setTimeout(() => fail(`The tests took longer than ${limitMs / 1000} s.`, 124), limitMs).unref();
main().catch((error: Error) => fail(error.stack ?? error.message));

async function main(): Promise<void> {
  const userData = args.options.get('user-data-dir') ?? join(temporary, 'user-data');
  const settings = join(userData, 'User/settings.json');
  if (!existsSync(settings)) {
    mkdirSync(join(userData, 'User'), { recursive: true });
    writeFileSync(settings, JSON.stringify(defaultSettings, null, 2));
  }
  const extensions = args.options.get('extensions-dir') ?? join(temporary, 'extensions');
  const folders = { codeServer: installCodeServer(), temporary, userData, extensions };
  server = await startCodeServer(folders, (text) => talksMuch && process.stderr.write(text));
  void server.died.then(() => fail('The server of VS Code has died.'));
  await openWorkbench(`127.0.0.1:${server.port}`);
}

async function openWorkbench(authority: string): Promise<void> {
  const debuggingPort = args.options.get('remote-debugging-port');
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      ...(debuggingPort === undefined
        ? []
        : [`--remote-debugging-port=${debuggingPort}`, '--remote-debugging-address=127.0.0.1']),
    ],
  });
  browser.on('disconnected', () => fail('The browser went away.'));
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: `http://${authority}` });
  const page = await context.newPage();
  page.on('crash', () => fail('The page of the workbench crashed.'));
  page.on('pageerror', (error) => talksMuch && console.error('page:', error.message));
  page.on('console', (message) => talksMuch && console.error('page:', message.type(), message.text()));
  // Both before the page is loaded, and both without an answer, or the page waits for ever.
  await page.exposeFunction('codeAutomationLog', (type: string, values: unknown) => print(type, values));
  await page.exposeFunction('codeAutomationExit', (code: number) => {
    setTimeout(() => endWith(code), 0);
  });
  await page.goto(workbenchUrl(args, authority));
}

/** The tests have ended, or so the workbench says. */
function endWith(code: number): void {
  const resultFile = process.env.SLUICE_VSCODE_RESULT;
  if (code === 0 && resultFile !== undefined && !existsSync(resultFile)) {
    fail('The extension host ended before the tests did.');
  } else void end(code);
}

function fail(reason: string, code = 1): void {
  if (isEnding) return;
  console.error(reason);
  void end(code);
}

async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await Promise.race([browser?.close(), delay(5_000)]);
  await server?.stop();
  rmSync(temporary, { recursive: true, force: true });
  process.exit(code);
}

/** Nothing is left behind: not after a signal, and not after the death of whoever started us. */
function endWithParent(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(130));
  process.stdout.on('error', () => void end(130));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void end(130), 1_000).unref();
}

/** Raw printf arguments of the page's console: what the extension host printed, and the workbench's own chatter. */
function print(type: string, values: unknown): void {
  const list: unknown[] = Array.isArray(values) ? values : [values];
  const [first] = list;
  const text = first instanceof Object && 'message' in first ? first.message : first;
  if (!talksMuch && typeof text === 'string' && chatter.test(text)) return;
  (type === 'error' || type === 'warn' ? process.stderr : process.stdout).write(`${format(...list)}\n`);
}
