/** The real runtime, killed: the extension says so, brings it back, and what is committed is exactly right. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, test } from '../harness/testing.ts';
import {
  clickLens,
  closeNotifications,
  configure,
  jobs,
  killHard,
  notification,
  open,
  picture,
  put,
  row,
  rowsOf,
  showSluice,
} from './support/editor.ts';
import { committed, example, expected, hurry, putExamples } from './support/example.ts';

const checkpointsCompleted = async () =>
  (await rowsOf('Checkpoints')).filter((text) => / ms |\d s · /.test(text)).length;

/** Milliseconds until it runs again. */
async function killRuntime(): Promise<number> {
  const [before] = await jobs();
  killHard(before?.pid);
  const killedAt = performance.now();
  await eventually(async () => {
    const [now] = await jobs();
    assert.ok(now?.phase === 'running' && now.pid !== before?.pid, JSON.stringify(now));
  });
  const backAfterMs = Math.round(performance.now() - killedAt);
  console.log(`    back after ${backAfterMs} ms`);
  return backAfterMs;
}

test(
  'an example whose runtime is killed before and after its first checkpoint commits every record once',
  async () => {
    putExamples(6);
    await configure({ recovery: 'automatic', openDashboardOnRun: false, checkpointIntervalMs: 400 });
    await showSluice();
    await open(example);
    await clickLens('Run');
    await eventually(async () => assert.equal((await jobs())[0]?.phase, 'running'));
    const backAfterMs = [await killRuntime()];
    await eventually(async () => assert.ok((await checkpointsCompleted()) > 0), { withinMs: 60_000 });
    backAfterMs.push(await killRuntime());
    await notification(/It goes on from #\d+/);
    await picture('recovered');
    await eventually(async () => assert.ok((await checkpointsCompleted()) > 2), { withinMs: 60_000 });
    hurry();
    backAfterMs.push(await killRuntime());
    await (await row('Jobs', /slow-channel.*finished/)).waitFor({ timeout: 180_000 });
    assert.deepEqual(committed(), expected());
    // One of three may meet a machine that has other things to do.
    assert.ok(Math.min(...backAfterMs) < 2_000, `back after ${backAfterMs.join(', ')} ms`);
  },
  { timeoutMs: 300_000 },
);

test('a pipeline that does not compile has its line marked', async () => {
  await closeNotifications();
  const file = put(
    'broken.ts',
    "import { pipeline } from 'sluice';\nexport default pipeline('broken', (env) => {\n  env.(;\n});\n",
  );
  await open('broken.ts');
  await vscode.commands.executeCommand('sluice.run', vscode.Uri.file(file));
  await notification(/broken\.ts/);
  await eventually(() => {
    const found = vscode.languages
      .getDiagnostics(vscode.Uri.file(file))
      .filter(({ source }) => source === 'Sluice');
    assert.deepEqual(
      found.map(({ range }) => range.start.line),
      [2],
    );
  });
});

test('an operator that throws has its line marked, with operator, subtask and message', async () => {
  await closeNotifications();
  const text = [
    "import { pipeline } from 'sluice';",
    "import { jsonl } from 'sluice/connectors';",
    "export default pipeline('throwing', (env) => {",
    "  env.fromSource(jsonl.source<{ delay: number }>('examples/data/flights.jsonl'), { uid: 'flights' })",
    '    .map((flight) => {',
    "      if (flight.delay > 10) throw new RangeError('too late');",
    '      return flight;',
    "    }, { uid: 'check' })",
    "    .sinkTo(jsonl.sink('out/throwing'), { uid: 'out' });",
    '});',
    '',
  ].join('\n');
  const file = put('throwing.ts', text);
  await open('throwing.ts');
  await vscode.commands.executeCommand('sluice.run', vscode.Uri.file(file));
  await notification(/too late/);
  await eventually(() => {
    const found = vscode.languages
      .getDiagnostics(vscode.Uri.file(file))
      .filter(({ source }) => source === 'Sluice');
    assert.deepEqual(
      found.map(({ range }) => range.start.line),
      [5],
    );
    assert.match(found[0]?.message ?? '', /check\[0\]: RangeError: too late/);
  });
  await picture('operator-throws');
});
