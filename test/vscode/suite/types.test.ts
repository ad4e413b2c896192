/** TypeScript finds Sluice's types without an install, once its user has agreed. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { eventually, test, workspaceFolder } from '../harness/testing.ts';
import { notification, open, picture, put } from './support/editor.ts';

const text = `import { pipeline } from 'sluice';
import { jsonl } from 'sluice/connectors';

export default pipeline('typed', (env) => {
  const flights = env.fromSource(jsonl.source<{ delay: number }>('flights.jsonl'), { uid: 'flights' });
  const wrong: string = flights.map((flight) => flight.delay);
  void wrong;
});
`;

const problems = (file: string) =>
  vscode.languages
    .getDiagnostics(vscode.Uri.file(file))
    .map(({ code }) => (typeof code === 'object' ? code.value : code));

test(
  'a paths entry is offered where sluice is not found, and puts its types in reach',
  async () => {
    const file = put('typed.ts', text);
    await open('typed.ts');
    await eventually(() => assert.ok(problems(file).includes(2307)), { withinMs: 30_000 });
    const offer = await notification(/TypeScript does not find Sluice/);
    assert.equal(existsSync(join(workspaceFolder().fsPath, '.sluice')), false, 'nothing is written unasked');
    await picture('types-offered');
    await offer.locator('.monaco-button', { hasText: 'Set Up Types' }).click();
    // Found, and precise: what is wrong is the assignment, not the import.
    await eventually(() => assert.deepEqual(problems(file), [2322]), { withinMs: 60_000 });
  },
  { timeoutMs: 150_000 },
);
