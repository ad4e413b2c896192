/** A pipeline file becomes one module whose name is the hash of the author's code alone. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { bundlePipeline } from '../../runtime/host/bundle.ts';
import { dataDirectory } from '../../runtime/host/dataDirectory.ts';
import { sourceMaps } from '../../runtime/host/sourceMaps.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
/** Writes the files into a workspace of their own; the first one is the pipeline. */
async function bundle(files: Readonly<Record<string, string>>) {
  const workspace = join(root, `workspace-${count++}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
  const pipelineFile = join(workspace, Object.keys(files)[0] ?? '');
  const outcome = await bundlePipeline(pipelineFile, dataDirectory(join(workspace, '.sluice')), workspace);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return { ...outcome.bundle, workspace, code: readFileSync(outcome.bundle.path, 'utf8') };
}

const pipeline = "import { pipeline } from 'sluice';\nexport default pipeline('x', () => {});\n";

test('the same code has the same version wherever it lies', async () => {
  const [first, second] = [await bundle({ 'p.ts': pipeline }), await bundle({ 'p.ts': pipeline })];
  expect(first.version).toBe(second.version);
  expect(first.version).toMatch(/^[0-9a-f]{16}$/);
});

test('a change in an imported file or package is another version', async () => {
  const main = "import { n } from './lib/n.ts';\nimport { m } from 'some-package';\nexport default n + m;\n";
  const files = (n: number, m: number) => ({
    'p.ts': main,
    'lib/n.ts': `export const n = ${n};`,
    'node_modules/some-package/package.json': '{"name":"some-package","main":"index.js"}',
    'node_modules/some-package/index.js': `exports.m = ${m};`,
  });
  const versions = [
    await bundle(files(1, 1)),
    await bundle(files(2, 1)),
    await bundle(files(1, 2)),
    await bundle(files(1, 1)),
  ].map(({ version }) => version);
  expect(new Set(versions).size).toBe(3);
  expect(versions[3]).toBe(versions[0]);
});

test('sluice stays outside and is bound to the running version', async () => {
  const { code } = await bundle({
    'p.ts': `import { jsonl } from 'sluice/connectors';\n${pipeline}export { jsonl };`,
  });
  expect(code).toMatch(/from "file:.*runtime\/api\/index\.ts"/);
  expect(code).toMatch(/from "file:.*runtime\/connectors\/index\.node\.ts"/);
});

test('a package of CommonJS may ask for what Node has', async () => {
  const { path } = await bundle({
    'p.ts': "import { home } from 'old-package';\nexport default home;",
    'node_modules/old-package/index.js': "exports.home = require('os').homedir();",
  });
  expect(((await import(path)) as { default: string }).default).toMatch(/./);
});

test('import.meta speaks of the file that the author wrote', async () => {
  const { path, workspace } = await bundle({
    'sub/p.ts': 'export default [import.meta.url, import.meta.dirname, import.meta.filename];',
  });
  const { default: places } = (await import(path)) as { default: string[] };
  expect(places).toEqual([`file://${workspace}/sub/p.ts`, `${workspace}/sub`, `${workspace}/sub/p.ts`]);
});

test('a frame of the bundle is shown as the line that the author wrote', async () => {
  const { path, workspace, code } = await bundle({
    'p.ts': "import { fail } from './lib/fail.ts';\nexport default fail;\n",
    'lib/fail.ts': '\n\nexport function fail(): never {\n  throw new Error("no");\n}\n',
  });
  const lines = code.split('\n');
  const line = lines.findIndex((text) => text.includes('throw new Error')) + 1;
  const column = (lines[line - 1]?.indexOf('new Error') ?? 0) + 1;
  const mapped = sourceMaps(path).stack(
    [
      'Error: no',
      `    at fail (${pathToFileURL(path).href}:${line}:${column})`,
      `    at step (${new URL('../../runtime/engine/task.ts', import.meta.url).href}:1:1)`,
      '    at process.processImmediate (node:internal/timers:1:1)',
    ].join('\n'),
  );
  const place = { file: join(workspace, 'lib/fail.ts'), line: 4, column: 9 };
  expect(mapped).toEqual({ text: `Error: no\n    at fail (${place.file}:4:9)`, location: place });
});

test('a module of sluice that does not exist is named', async () => {
  await expect(bundle({ 'p.ts': "import 'sluice/nothing';" })).rejects.toThrow(
    /p\.ts:1:\d+ does not compile: There is no module sluice\/nothing/,
  );
});
