/** The extension in the editor, over a scripted runtime: what a user sees and clicks before any record flows. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, test, webview, workbench } from '../harness/testing.ts';
import {
  answerInput,
  clickAction,
  clickLens,
  closeNotifications,
  configure,
  isAlive,
  jobs,
  killHard,
  notification,
  open,
  picture,
  put,
  putPipeline,
  row,
  rowsOf,
  runCommand,
  showSluice,
  stopEverything,
  useFakeRuntime,
} from './support/editor.ts';

test('every view says what to do while it is empty', async () => {
  await useFakeRuntime();
  await showSluice();
  const page = await workbench();
  await page.locator('.welcome-view-content', { hasText: 'No job is running' }).waitFor();
  await page.locator('.welcome-view-content', { hasText: 'Checkpoints appear here' }).waitFor();
  await page.locator('.welcome-view-content', { hasText: 'No savepoints yet' }).waitFor();
  await picture('views-empty');
});

test('Run stands above a pipeline and in the title of its editor, and nowhere else', async () => {
  putPipeline('running.ts', 'flights-weather');
  put('other.ts', 'export const pipeline = (name: string) => name;\npipeline("no stream");\n');
  await open('other.ts');
  const page = await workbench();
  await page.locator('.editor-instance', { hasText: 'no stream' }).waitFor();
  assert.equal(await page.locator('.codelens-decoration').count(), 0);
  await open('running.ts');
  await page.locator('.codelens-decoration a', { hasText: 'Run' }).waitFor();
  await page.locator('.editor-actions .action-label[aria-label^="Run Pipeline"]').first().waitFor();
});

test('a click runs it: dashboard, trees, status bar', async () => {
  await clickLens('Run');
  const page = await workbench();
  await page.locator('.tab', { hasText: 'flights-weather' }).waitFor();
  await (await row('Jobs', /flights-weather.*running/)).waitFor();
  await eventually(async () => assert.ok((await rowsOf('Jobs')).length > 4));
  await eventually(async () =>
    assert.ok((await rowsOf('Checkpoints')).some((text) => text.startsWith('#42'))),
  );
  await eventually(async () =>
    assert.ok((await rowsOf('Savepoints')).some((text) => text.includes('Before enrich v2'))),
  );
  await page.locator('.statusbar-item', { hasText: /flights-weather · #4\d .* ago/ }).waitFor();
  await picture('job-running');
});

test('the dashboard is shown and starts over after it was hidden', async () => {
  await vscode.commands.executeCommand(
    'sluice.openDashboard',
    vscode.Uri.file((await jobs())[0]?.file ?? ''),
  );
  const shown = async () =>
    (await webview()).locator('text=/flights-weather/').first().waitFor({ timeout: 40_000 });
  await shown();
  const page = await workbench();
  await page.locator('.tab', { hasText: 'flights-weather' }).click();
  putPipeline('cover.ts', 'cover');
  await vscode.window.showTextDocument(vscode.Uri.file(put('cover.txt', 'over it')), {
    viewColumn: vscode.ViewColumn.Two,
  });
  await page.locator('.tab', { hasText: 'flights-weather' }).click();
  await shown();
});

test('a savepoint is taken by a command, with a label', async () => {
  await open('running.ts');
  await runCommand('Sluice: Take Savepoint');
  await answerInput('taken by a test');
  await (await row('Savepoints', 'taken by a test')).waitFor({ timeout: 60_000 });
});

test('two savepoints are compared by two clicks', async () => {
  await clickAction('Savepoints', 'Before enrich v2', 'Select for Compare');
  await (await row('Savepoints', /Before enrich v2.*selected for compare/)).waitFor();
  await clickAction('Savepoints', 'taken by a test', 'Compare with Selected');
  await eventually(async () =>
    assert.ok(!(await rowsOf('Savepoints')).some((text) => text.includes('selected for compare'))),
  );
});

test('a killed runtime is announced, and goes on when asked', async () => {
  await closeNotifications();
  const [before] = await jobs();
  killHard(before?.pid);
  const toast = await notification(/ended unexpectedly/);
  await (await row('Jobs', /flights-weather.*crashed/)).waitFor();
  await picture('runtime-killed');
  await toast.locator('.monaco-button', { hasText: 'Go On' }).click();
  await (await row('Jobs', /flights-weather.*running/)).waitFor();
  assert.notEqual((await jobs())[0]?.pid, before?.pid);
});

test('or by setting at once', async () => {
  await closeNotifications();
  await configure({ recovery: 'automatic' });
  const [before] = await jobs();
  killHard(before?.pid);
  await eventually(async () => {
    const [now] = await jobs();
    assert.ok(now?.phase === 'running' && now.pid !== before?.pid);
  });
  await notification(/It goes on from/);
  await configure({ recovery: undefined });
});

test('Stop ends the process', async () => {
  const pid = (await jobs())[0]?.pid ?? 0;
  await stopEverything();
  assert.equal(isAlive(pid), false);
});

test('a stalled job is loud in the status bar', async () => {
  putPipeline('stall.ts', 'flights-weather');
  await open('stall.ts');
  await vscode.commands.executeCommand(
    'sluice.run',
    vscode.Uri.file(putPipeline('stall.ts', 'flights-weather')),
  );
  const page = await workbench();
  await page.locator('.statusbar-item.warning-kind', { hasText: /flights-weather · stalled/ }).waitFor();
  await picture('job-stalled');
  await stopEverything();
});

test('a pipeline that does not compile has its line marked', async () => {
  await closeNotifications();
  const file = putPipeline('no-compile.ts', 'broken');
  await open('no-compile.ts');
  await vscode.commands.executeCommand('sluice.run', vscode.Uri.file(file));
  await notification(/does not compile/);
  await eventually(() => {
    const found = vscode.languages
      .getDiagnostics(vscode.Uri.file(file))
      .filter(({ source }) => source === 'Sluice');
    assert.deepEqual(
      found.map(({ range }) => range.start.line),
      [2],
    );
  });
  await picture('does-not-compile');
});
