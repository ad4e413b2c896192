/**
 * What Sluice is for, from end to end in a real VS Code: somebody opens an example, runs it with a click, sees the
 * graph and a barrier that waits in alignment while one channel is slow, takes two savepoints, compares them, goes
 * back to the first one by clicking, and the committed output is in the end that of a run that nobody disturbed.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { eventually, test, webview, workbench, workspaceFolder } from '../harness/testing.ts';
import {
  answerInput,
  clickLens,
  configure,
  jobs,
  open,
  picture,
  row,
  rowsOf,
  runCommand,
  showSluice,
} from './support/editor.ts';
import { committed, example, expected, hurry, putExamples, supersededParts } from './support/example.ts';

/** A barrier waits behind a few seconds of inspections. */
const pace = 1.25;

async function takeSavepoint(label: string): Promise<void> {
  const page = await webview();
  await page.getByRole('button', { name: 'Take savepoint' }).first().click();
  const dialog = page.locator('dialog[open]');
  await dialog.locator('vscode-text-field input').fill(label);
  await dialog.locator('vscode-button', { hasText: 'Take savepoint' }).click();
  await page.locator('.savepoints .name', { hasText: label }).waitFor({ timeout: 90_000 });
}

/** Choosing a row brings out its tools. */
async function pressSavepointTool(name: string, tool: RegExp): Promise<void> {
  const page = await webview();
  const found = page.locator('.savepoints li', { has: page.locator('.name', { hasText: name }) });
  const button = found.getByRole('button', { name: tool });
  if ((await button.count()) === 0) await found.locator('.name').click();
  await button.click();
}

test('an example is opened and run by a click, and its graph is in the webview', async () => {
  putExamples(pace);
  await configure({ checkpointIntervalMs: 1_000, stallNotificationAfterSeconds: 0 });
  await showSluice();
  await open(example);
  const clickedAt = performance.now();
  await clickLens('Run');
  const page = await webview();
  await page.locator('[data-vertex="match"]').waitFor({ timeout: 120_000 });
  console.log(`    click to graph: ${Math.round(performance.now() - clickedAt)} ms`);
  for (const vertex of ['announcements', 'flights', 'inspect'])
    await page.locator(`[data-vertex="${vertex}"]`).waitFor();
  await (await row('Jobs', /slow-channel/)).waitFor();
  await picture('dashboard-beside-the-code');
  // Its whole width from here on.
  await vscode.commands.executeCommand(
    'sluice.openDashboard',
    vscode.Uri.file((await jobs())[0]?.file ?? ''),
  );
  await vscode.commands.executeCommand('workbench.action.closeEditorsInOtherGroups');
});

test('a barrier is seen waiting in alignment while one channel is slow', async () => {
  const page = await webview();
  const channels = page.locator('.channels');
  await channels
    .locator('tr', { hasText: 'inspect' })
    .filter({ hasText: 'waited for' })
    .waitFor({ timeout: 90_000 });
  await channels.locator('[title="Gate shut"]').first().waitFor({ timeout: 90_000 });
  await picture('dashboard-alignment');
});

test(
  'two savepoints are taken by clicking',
  async () => {
    await takeSavepoint('The first one');
    await takeSavepoint('The second one');
    await eventually(async () => assert.equal((await rowsOf('Savepoints')).length, 2));
  },
  { timeoutMs: 200_000 },
);

test('they are compared', async () => {
  await pressSavepointTool('The first one', /^Compare (with )?The first one/);
  await pressSavepointTool('The second one', /^Compare (with )?The second one/);
  const page = await webview();
  const positions = page.getByRole('region', { name: 'Source positions' });
  await positions.locator('tbody tr').first().waitFor({ timeout: 90_000 });
  assert.match(await positions.innerText(), /flights/);
  await page.locator('.tree', { hasText: 'match' }).waitFor();
  await picture('dashboard-compare');
  await page.locator('.crumbs .link').first().click();
});

test(
  'the first one is restored by clicking, with consent to supersede what was committed after it',
  async () => {
    await pressSavepointTool('The first one', /^Restore The first one/);
    const page = await webview();
    const dialog = page.locator('dialog[open]');
    const consent = dialog.locator('vscode-checkbox', { hasText: 'Supersede them' });
    await consent.waitFor({ timeout: 90_000 });
    const restore = dialog.locator('vscode-button', { hasText: 'restore' });
    assert.notEqual(await restore.getAttribute('disabled'), null, 'nothing happens without consent');
    await picture('dashboard-restore');
    await consent.click();
    await restore.click();
    await page.locator('.band', { hasText: 'Restored from “The first one”' }).waitFor({ timeout: 90_000 });
    assert.ok(supersededParts().length > 0);
  },
  { timeoutMs: 240_000 },
);

test(
  'and what is committed in the end is what an undisturbed run commits',
  async () => {
    await runCommand('Sluice: Stop with Savepoint');
    await answerInput('Enough seen');
    await (await row('Jobs', /slow-channel.*stopped with a savepoint/)).waitFor({ timeout: 90_000 });
    hurry();
    await vscode.commands.executeCommand(
      'sluice.continue',
      vscode.Uri.file(join(workspaceFolder().fsPath, example)),
    );
    await (await row('Jobs', /slow-channel.*finished/)).waitFor({ timeout: 200_000 });
    assert.deepEqual(committed(), expected());
    await picture('dashboard-finished');
    assert.equal((await jobs())[0]?.phase, 'ended');
  },
  { timeoutMs: 400_000 },
);

test('nothing of it is left behind when it is closed', async () => {
  const pid = (await jobs())[0]?.pid;
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  await eventually(async () => assert.equal((await jobs())[0]?.pid, null), { withinMs: 8_000 });
  assert.ok(typeof pid === 'number');
  await (await workbench())
    .locator('.statusbar-item', { hasText: 'slow-channel' })
    .waitFor({ state: 'detached' });
});
