/** What happens before anything is installed, with an npm that only writes down how it was called. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const bootstrap = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Packages = Record<string, { version: string; optional?: boolean }>;

/** Runs it in a clone with this lock file and this content of node_modules; what npm was asked, and the exit code. */
function check({
  lock,
  installed,
  exitCode = 0,
}: {
  lock: Packages;
  installed: Packages | null;
  exitCode?: number;
}) {
  const root = mkdtempSync(join(tmpdir(), 'sluice-bootstrap-'));
  folders.push(root);
  mkdirSync(join(root, 'scripts'));
  cpSync(bootstrap, join(root, 'scripts/bootstrap.mjs'));
  writeFileSync(join(root, 'scripts/test.ts'), `process.exit(${exitCode});`);
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...lock } }));
  if (installed !== null) {
    mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    executable(join(root, 'node_modules/node/bin/node'), `exec "${process.execPath}" "$@"`);
  }
  mkdirSync(join(root, 'bin'));
  executable(
    join(root, 'bin/npm'),
    `echo "$@" > asked; mkdir -p node_modules/node/bin; ln -sf "${process.execPath}" node_modules/node/bin/node`,
  );
  const { npm_execpath: _, ...env } = process.env;
  const PATH = [join(root, 'bin'), env.PATH].join(delimiter);
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/bootstrap.mjs'), 'test'], {
    env: { ...env, PATH },
  });
  const asked = join(root, 'asked');
  return { npm: existsSync(asked) ? readFileSync(asked, 'utf8').split(' ')[0] : 'not asked', status };
}

function executable(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}

const zod = { version: '4.6.7' };

test.each([
  ['a fresh clone is installed', { lock: { zod }, installed: null }, 'ci'],
  ['what is installed is left alone', { lock: { zod }, installed: { zod } }, 'not asked'],
  ['an older version is replaced', { lock: { zod }, installed: { zod: { version: '4.6.6' } } }, 'ci'],
  ['a new package is installed', { lock: { zod, ws: zod }, installed: { zod } }, 'ci'],
  [
    'a package for another platform is not missed',
    { lock: { zod, win: { version: '1.0.0', optional: true } }, installed: { zod } },
    'not asked',
  ],
])('%s', (_, given, npm) => {
  expect(check(given)).toEqual({ npm, status: 0 });
});

test('the exit code is that of what was started', () => {
  expect(check({ lock: { zod }, installed: { zod }, exitCode: 7 }).status).toBe(7);
});
