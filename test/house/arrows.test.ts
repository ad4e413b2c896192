/** The arrows of the table are kept by the tree as it is, and by the check that says so. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { arrowViolations, roomOf, rooms } from './arrows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function sourceFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const pattern = '{runtime,webview,extension,examples,scripts,bench,test}/**/*.{ts,mjs}';
  for await (const path of glob(pattern, { cwd: root })) {
    const file = path.replaceAll('\\', '/');
    files.set(file, readFileSync(`${root}/${file}`, 'utf8'));
  }
  return files;
}

test('no file imports what the table forbids its folder', async () => {
  const files = await sourceFiles();
  expect(files.size).toBeGreaterThan(20);
  expect(arrowViolations(files)).toEqual([]);
});

test('every source folder stands in the table', async () => {
  expect([...(await sourceFiles()).keys()].filter((file) => roomOf(file) === undefined)).toEqual([]);
});

test('the folders without Node in the table are those of the core configuration', () => {
  const withoutComments = readFileSync(`${root}/tsconfig.core.json`, 'utf8').replace(/^\s*\/\/.*$/gm, '');
  const { include } = JSON.parse(withoutComments) as { include: string[] };
  // The dashboard's pages know the document, the gateways know fetch; both are free of Node all the same.
  const others = ['webview', 'runtime/gateways'];
  const withoutNode = Object.keys(rooms).filter((room) => rooms[room]?.node !== 'always');
  expect(withoutNode.filter((room) => !others.includes(room)).sort()).toEqual([...include].sort());
});

test('the controls of the retired toolkit stand behind one module', async () => {
  const users = [...(await sourceFiles())].filter(
    ([file, text]) => file.startsWith('webview/') && /from '@vscode\/webview-ui-toolkit/.test(text),
  );
  expect(users.length).toBeLessThanOrEqual(1);
});

/** As `{ z }` it brings every locale into every bundle: 443 KB and 17 ms of start-up instead of 91 KB and 6 ms. */
test('zod is imported as a namespace', async () => {
  const named = [...(await sourceFiles())].filter(
    ([file, text]) => !file.startsWith('test/') && /import \{[^}]*\} from 'zod'/.test(text),
  );
  expect(named.map(([file]) => file)).toEqual([]);
});

test.each([
  [
    'a core folder that reads a file',
    'runtime/state/a.ts',
    "import { open } from 'node:fs';",
    'imports node:fs',
  ],
  [
    'an arrow that points up',
    'runtime/base/a.ts',
    "import { b } from '../state/b.ts';",
    'imports runtime/state/b.ts',
  ],
  [
    'a type that crosses',
    'runtime/api/a.ts',
    "import type { B } from '../engine/b.ts';",
    'imports runtime/engine/b.ts',
  ],
  ['a re-export', 'runtime/graph/a.ts', "export { b } from '../api/b.ts';", 'imports runtime/api/b.ts'],
  ['a re-export of all', 'runtime/graph/a.ts', "export * from '../api/b.ts';", 'imports runtime/api/b.ts'],
  ['a bare import', 'webview/model/a.ts', "import '../views/b.ts';", 'imports webview/views/b.ts'],
  [
    'an import over lines',
    'extension/a.ts',
    "import {\n  b,\n} from '../runtime/base/b.ts';",
    'imports runtime/base/b.ts',
  ],
  [
    'an import() with a name',
    'extension/a.ts',
    "await import('../runtime/host/b.ts');",
    'imports runtime/host/b.ts',
  ],
  ['an import() without', 'runtime/engine/a.ts', 'await import(name);', 'imports what only a run can tell'],
  [
    'a type from an import()',
    'runtime/api/a.ts',
    "let b: import('../server/b.ts').B;",
    'imports runtime/server/b.ts',
  ],
  ['a require()', 'runtime/state/a.ts', "require('node:crypto');", 'imports node:crypto'],
  ['a package of another room', 'runtime/engine/a.ts', "import { z } from 'zod';", 'imports the package zod'],
  [
    'a deep import of it',
    'runtime/base/a.ts',
    "import 'msgpackr/pack';",
    'imports the package msgpackr/pack',
  ],
  ['Node in a connector', 'runtime/connectors/a.ts', "import 'node:fs';", 'imports node:fs'],
  [
    'a way around by the root',
    'examples/a.ts',
    "import '../runtime/api/index.ts';",
    'imports runtime/api/index.ts',
  ],
  ['a folder with a like name', 'runtime/api/a.ts', "import '../base2/b.ts';", 'imports runtime/base2/b.ts'],
])('%s is found', (_, file, text, problem) => {
  expect(arrowViolations(new Map([[file, text]]))).toEqual([`${file} ${problem}`]);
});

test.each([
  ['inside a folder', 'runtime/engine/channels/a.ts', "import { b } from '../tasks/b.ts';"],
  ['along an arrow', 'runtime/api/a.ts', "import { b } from '../state/b.ts';"],
  ['in a comment', 'runtime/base/a.ts', "/** import { a } from 'sluice'; */ // import 'zod'"],
  ['in a template', 'runtime/host/a.ts', "const starter = `import { pipeline } from 'sluice';`;"],
  ['Node where a connector has it', 'runtime/connectors/a.node.ts', "import 'node:fs';"],
  ['a part of a package', 'webview/views/a.ts', "import { css } from 'lit/decorators.js';"],
  ['an author', 'examples/a.ts', "import { jsonl } from 'sluice/connectors';"],
])('%s is no violation', (_, file, text) => {
  expect(arrowViolations(new Map([[file, text]]))).toEqual([]);
});
