/** What the suites do again and again in the editor: files, commands, rows, notifications. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { SluiceApi } from '../../../../extension/main.ts';
import { eventually, workbench, workspaceFolder } from '../../harness/testing.ts';

export function extension(): vscode.Extension<SluiceApi> {
  const found = vscode.extensions.getExtension<SluiceApi>('sluice.sluice');
  assert.ok(found, 'the extension is not there');
  return found;
}

export async function jobs(): Promise<ReturnType<SluiceApi['jobs']>> {
  return (await extension().activate()).jobs();
}

/** Writes a file of the workspace. */
export function put(path: string, text: string): string {
  const file = join(workspaceFolder().fsPath, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

export async function open(path: string): Promise<void> {
  const file = join(workspaceFolder().fsPath, path);
  await vscode.window.showTextDocument(vscode.Uri.file(file), { viewColumn: vscode.ViewColumn.One });
}

export async function configure(settings: Record<string, unknown>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await vscode.workspace.getConfiguration('sluice').update(name, value, vscode.ConfigurationTarget.Global);
  }
}

/** From now on runtimes are scripted ones: `sluice.nodePath` names a program that starts test/extension/fakeRuntime.ts. */
export async function useFakeRuntime(): Promise<void> {
  const fake = join(extension().extensionPath, 'test/extension/fakeRuntime.ts');
  assert.ok(existsSync(fake));
  const program = put('.fake/node', `#!/bin/sh\nexec "${process.execPath}" "${fake}"\n`);
  chmodSync(program, 0o755);
  await configure({ nodePath: program });
}

/** A file that makes a pipeline, as far as its text goes. */
export function putPipeline(path: string, name: string): string {
  const text = `import { pipeline } from 'sluice';\n\nexport default pipeline('${name}', (env) => {\n  void env;\n});\n`;
  return put(path, text);
}

export async function clickLens(title: string): Promise<void> {
  const page = await workbench();
  await page.locator('.codelens-decoration a', { hasText: title }).first().click();
}

export async function runCommand(title: string): Promise<void> {
  const page = await workbench();
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
}

export async function showSluice(): Promise<void> {
  await vscode.commands.executeCommand('workbench.view.extension.sluice');
}

/** A row of one of the three views, by a text in it. */
export async function row(view: 'Jobs' | 'Checkpoints' | 'Savepoints', text: string | RegExp) {
  const page = await workbench();
  const pane = page.locator('.pane', { has: page.locator(`.pane-header[aria-label^="${view} Section"]`) });
  return pane.locator('.monaco-list-row', { hasText: text }).first();
}

/** The text of every row that a view shows. */
export async function rowsOf(view: 'Jobs' | 'Checkpoints' | 'Savepoints'): Promise<readonly string[]> {
  const page = await workbench();
  const pane = page.locator('.pane', { has: page.locator(`.pane-header[aria-label^="${view} Section"]`) });
  return pane.locator('.monaco-list-row').allInnerTexts();
}

/** Clicks an inline action of a row, by its title. */
export async function clickAction(
  view: 'Jobs' | 'Checkpoints' | 'Savepoints',
  text: string | RegExp,
  action: string,
) {
  const found = await row(view, text);
  await found.hover();
  await found.locator(`.action-label[aria-label^="${action}"]`).first().click();
}

export async function notification(text: string | RegExp) {
  const page = await workbench();
  // A window under test shows no toasts; what they would say stands in the list.
  const item = page.locator('.notifications-center .notification-list-item', { hasText: text }).first();
  await eventually(
    async () => {
      await vscode.commands.executeCommand('notifications.showList');
      await item.waitFor({ timeout: 500 });
    },
    { withinMs: 15_000 },
  );
  return item;
}

export async function closeNotifications(): Promise<void> {
  await vscode.commands.executeCommand('notifications.clearAll');
}

export async function answerInput(text: string): Promise<void> {
  const page = await workbench();
  const input = page.locator('.quick-input-widget:visible input');
  await input.waitFor();
  await input.fill(text);
  await page.keyboard.press('Enter');
}

/** Every job is stopped and gone, whatever a test before left. */
export async function stopEverything(): Promise<void> {
  for (const { file } of await jobs()) {
    await vscode.commands.executeCommand('sluice.stop', vscode.Uri.file(file));
  }
  await eventually(
    async () =>
      assert.deepEqual(
        (await jobs()).filter(({ pid }) => pid !== null),
        [],
      ),
    { withinMs: 12_000 },
  );
  for (const { file } of await jobs())
    await vscode.commands.executeCommand('sluice.removeJob', vscode.Uri.file(file));
}

/** As a crash would. A pid that is missing must not become that of our own group. */
export function killHard(pid: number | null | undefined): void {
  assert.ok(typeof pid === 'number' && pid > 1, 'there is no process to kill');
  process.kill(pid, 'SIGKILL');
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function picture(name: string): Promise<void> {
  const folder = process.env.SLUICE_VSCODE_PICTURES ?? '';
  mkdirSync(folder, { recursive: true });
  await (await workbench()).screenshot({ path: join(folder, `${name}.png`) });
}
