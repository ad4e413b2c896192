/** The window itself: what every other suite takes for granted. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { test, workbench, workspaceFolder } from '../harness/testing.ts';

test('the workbench opens the workspace', async () => {
  console.log(`    VS Code ${vscode.version} (${vscode.env.appName})`);
  const readme = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(workspaceFolder(), 'README.md'));
  assert.match(Buffer.from(readme).toString(), /workspace of the tests/);
});

test('the manifest of the extension is accepted', () => {
  const extension = vscode.extensions.getExtension('sluice.sluice');
  assert.equal(extension?.packageJSON.name, 'sluice');
});

test('the window can be driven and seen', async () => {
  const page = await workbench();
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').fill('>About');
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await page.keyboard.press('Escape');
});
