/**
 * What a suite in VS Code imports: `test`, the folder that is open, and the window as Playwright sees it. Tests are
 * collected when their file is loaded and run one after the other by `extensionHost.ts`; they assert with
 * `node:assert`.
 */
import { type Browser, chromium, type Page } from 'playwright-core';
import * as vscode from 'vscode';

export interface CollectedTest {
  readonly name: string;
  readonly timeoutMs: number;
  readonly body: () => Promise<void> | void;
}

export const collectedTests: CollectedTest[] = [];

/** A name is a sentence. A test that takes longer than its limit has failed. */
export function test(name: string, body: CollectedTest['body'], { timeoutMs = 180_000 } = {}): void {
  collectedTests.push({ name, timeoutMs, body });
}

/** The temporary copy of the workspace that is open in the window. */
export function workspaceFolder(): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder === undefined) throw new Error('No folder is open.');
  return folder.uri;
}

let browser: Promise<Browser> | undefined;

/** The window, driven through its remote debugging port: clicks, keys and pictures as a user would have them. */
export async function workbench(): Promise<Page> {
  browser ??= chromium.connectOverCDP(`http://127.0.0.1:${process.env.SLUICE_VSCODE_DEBUGGING_PORT}`);
  for (const context of (await browser).contexts()) {
    for (const page of context.pages()) {
      if ((await page.locator('.monaco-workbench').count()) > 0) return page;
    }
  }
  throw new Error('The window of the workbench was not found.');
}

/** The document inside the webview that is showing: VS Code wraps it in two frames. */
export async function webview() {
  const page = await workbench();
  return page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

/** Waits for what a test expects to become true; the error is that of the last try. */
export async function eventually(
  check: () => Promise<void> | void,
  { withinMs = 10_000 } = {},
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
