/** Savepoints of the real runtime by commands: taken, listed and compared while nothing runs, labelled, gone on from. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { eventually, test, webview, workspaceFolder } from '../harness/testing.ts';
import {
  answerInput,
  clickAction,
  configure,
  jobs,
  notification,
  open,
  picture,
  row,
  rowsOf,
  runCommand,
  showSluice,
  stopEverything,
} from './support/editor.ts';
import { committed, example, expected, hurry, putExamples } from './support/example.ts';

const file = () => vscode.Uri.file(join(workspaceFolder().fsPath, example));
const isThere = async (text: string) =>
  assert.ok((await rowsOf('Savepoints')).some((found) => found.includes(text)));

test('a job is stopped with a savepoint by a command', async () => {
  putExamples(4);
  await configure({ openDashboardOnRun: false, checkpointIntervalMs: 500, stallNotificationAfterSeconds: 0 });
  await showSluice();
  await open(example);
  await vscode.commands.executeCommand('sluice.run', file());
  await (await row('Checkpoints', /#\d+.*KiB.*ago/)).waitFor({ timeout: 90_000 });
  await runCommand('Sluice: Take Savepoint');
  await answerInput('While it ran');
  await eventually(() => isThere('While it ran'), { withinMs: 30_000 });
  await runCommand('Sluice: Stop with Savepoint');
  await answerInput('The last word');
  await (await row('Jobs', /slow-channel.*stopped with a savepoint/)).waitFor({ timeout: 90_000 });
  await eventually(async () => assert.equal((await jobs())[0]?.pid, null));
});

test('both are listed while nothing runs, and labelled', async () => {
  await stopEverything();
  await vscode.commands.executeCommand('sluice.refreshSavepoints');
  await eventually(() => isThere('The last word'), { withinMs: 15_000 });
  await isThere('While it ran');
  const labelled = vscode.commands.executeCommand('sluice.labelSavepoint');
  await answerInput('The last word');
  await answerInput('Before lunch');
  await labelled;
  await eventually(() => isThere('Before lunch'), { withinMs: 15_000 });
});

test('and compared', async () => {
  await clickAction('Savepoints', 'While it ran', 'Select for Compare');
  await eventually(() => isThere('selected for compare'));
  await clickAction('Savepoints', 'Before lunch', 'Compare with Selected');
  const page = await webview();
  const positions = page.getByRole('region', { name: 'Source positions' });
  await positions.locator('tbody tr').first().waitFor({ timeout: 90_000 });
  await picture('compare-without-a-job');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});

test('a path is copied', async () => {
  const copied = vscode.commands.executeCommand('sluice.copyPath');
  await answerInput('Before lunch');
  await copied;
  assert.ok(existsSync(join(await vscode.env.clipboard.readText(), 'manifest.json')));
});

test(
  'going on from the last one ends with every record committed once',
  async () => {
    hurry();
    await vscode.commands.executeCommand('sluice.continue', file());
    await (await row('Jobs', /slow-channel.*finished/)).waitFor({ timeout: 300_000 });
    assert.deepEqual(committed(), expected());
    const folders = readdirSync(join(workspaceFolder().fsPath, '.sluice/savepoints'));
    assert.equal(folders.filter((name) => !name.startsWith('.')).length, 2);
  },
  { timeoutMs: 310_000 },
);

test('and once more says that there is nothing left to do', async () => {
  await vscode.commands.executeCommand('sluice.continue', file());
  await notification(/had finished already/);
});
