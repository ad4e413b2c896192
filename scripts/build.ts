/**
 * `npm run build`: everything that is shipped, into `dist/` (or `--out`). esbuild makes the bundles, tsc the
 * declarations, all at once.
 *
 *   dist/runtime/    ES modules that share chunks, so that a pipeline's `import 'sluice'` and the worker that runs
 *                    it meet in one and the same module. Packages are bundled in; only esbuild and classic-level are not:
 *                    a program, and an addon with its binaries, that have to lie in node_modules.
 *   dist/extension/  one CommonJS file, as the extension host wants it.
 *   dist/webview/    one self-contained page script; `import source from './x.ts?bundle'` gives it a worker as text.
 *   dist/types/      what a pipeline author's editor reads.
 *
 * Only the entry points that exist are built. Files are replaced in one step and only when they changed, because a
 * runtime may be starting from them at this very moment.
 */
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
const dist = resolve(root, options.out);

/** The first source file that exists is built; an entry point without any is a room that is not there yet. */
const runtimeEntryPoints: Record<string, readonly string[]> = {
  api: ['runtime/api/index.ts'],
  connectors: ['runtime/connectors/index.node.ts'],
  testing: ['runtime/testing/index.ts'],
  cli: ['runtime/host/cli/main.ts'],
  runtime: ['runtime/host/runtimeMain.ts'],
  plannerWorker: ['runtime/host/plannerWorker.ts', 'runtime/host/threads/plannerWorker.ts'],
  taskWorker: ['runtime/host/taskWorker.ts', 'runtime/host/threads/taskWorker.ts'],
  utilityWorker: ['runtime/host/utilityWorker.ts', 'runtime/host/threads/utilityWorker.ts'],
};

/** Chunks of an earlier build stay this long: a runtime that was started from them may load one late. */
const staleAfterMs = 60 * 60 * 1000;

const bundledText: Plugin = {
  name: 'bundled-text',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?bundle$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(/\?bundle$/, '')),
      namespace: 'bundle',
    }));
    onLoad({ filter: /./, namespace: 'bundle' }, async ({ path }) => {
      const result = await build({ ...browser, entryPoints: [path], sourcemap: false });
      notePackages(result);
      return { contents: result.outputFiles[0]?.text ?? '', loader: 'text' };
    });
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  metafile: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  // Names and line breaks go only from what a browser loads; a stack from elsewhere stays readable.
  minifySyntax: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  // The entry of msgpackr for Node looks for a native addon first.
  alias: { msgpackr: join(root, 'node_modules/msgpackr/index.js') },
} satisfies BuildOptions;

const browser = {
  ...common,
  platform: 'browser',
  format: 'iife',
  target: 'es2023',
  minify: true,
  loader: { '.svg': 'text', '.ttf': 'dataurl' },
} satisfies BuildOptions;

const startedAt = performance.now();
const bundledPackages = new Set<string>();
const ok = await Promise.all([buildRuntime(), buildExtension(), buildWebview(), buildTypes()]);
await writeLicences();
console.log(`Built in ${Math.round(performance.now() - startedAt)} ms.`);
if (!ok.every(Boolean)) process.exitCode = 1;

async function buildRuntime(): Promise<boolean> {
  const entryPoints: Record<string, string> = {};
  for (const [name, candidates] of Object.entries(runtimeEntryPoints)) {
    const source = await firstThatExists(candidates);
    if (source !== undefined) entryPoints[name] = source;
  }
  if (Object.keys(entryPoints).length === 0) return true;
  const built = await bundle('runtime', {
    ...common,
    entryPoints,
    platform: 'node',
    format: 'esm',
    splitting: true,
    target: 'node22',
    external: ['esbuild', 'classic-level'],
    chunkNames: 'chunks/[name]-[hash]',
    // What CommonJS packages inside an ES module call to reach Node's own modules.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
  });
  if (built && 'cli' in entryPoints) await chmod(join(dist, 'runtime/cli.js'), 0o755);
  return built;
}

async function buildExtension(): Promise<boolean> {
  const source = await firstThatExists(['extension/main.ts']);
  if (source === undefined) return true;
  return bundle('extension', {
    ...common,
    entryPoints: { main: source },
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    outExtension: { '.js': '.cjs' },
    external: ['vscode'],
  });
}

async function buildWebview(): Promise<boolean> {
  const source = await firstThatExists(['webview/main.ts']);
  if (source === undefined) return true;
  const built = await bundle('webview', {
    ...browser,
    entryPoints: { dashboard: source },
    plugins: [bundledText],
  });
  const assets = join(root, 'webview/static');
  if (await exists(assets)) await cp(assets, join(dist, 'webview'), { recursive: true });
  return built;
}

/** The declarations of what authors import, and of whatever those mention. */
async function buildTypes(): Promise<boolean> {
  if ((await firstThatExists(['runtime/api/index.ts'])) === undefined) return true;
  const ok = await new Promise<boolean>((done) => {
    const compiler = spawn('tsc', ['-p', 'tsconfig.types.json', '--outDir', join(dist, 'types')], {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    compiler.on('error', () => done(false));
    compiler.on('exit', (code) => done(code === 0));
  });
  const connectors = await firstThatExists(runtimeEntryPoints.connectors ?? []);
  if (connectors !== undefined) {
    await replaceFile(join(dist, 'types/connectors.d.ts'), `export * from './${connectors}';\n`);
  }
  return ok;
}

async function bundle(
  directory: string,
  options: BuildOptions & { write: false; metafile: true },
): Promise<boolean> {
  const outdir = join(dist, directory);
  const result = await build({ ...options, outdir }).catch(() => null);
  // esbuild has said why on stderr.
  if (result === null) return false;
  notePackages(result);
  await Promise.all(result.outputFiles.map((file) => replaceFile(file.path, file.contents)));
  await removeStale(outdir, new Set(result.outputFiles.map((file) => file.path)));
  return true;
}

function notePackages({ metafile }: { readonly metafile: Metafile }): void {
  for (const input of Object.keys(metafile.inputs)) {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    if (name !== undefined) bundledPackages.add(name);
  }
}

/** What the licences of the bundled packages ask for: their text goes where the code goes. */
async function writeLicences(): Promise<void> {
  const texts = [...bundledPackages].sort().map(async (name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${license}\n` : await readFile(join(folder, file), 'utf8');
    return `${name} ${version}\n\n${text}`;
  });
  await replaceFile(join(dist, 'licences.txt'), (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`));
}

async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(Buffer.from(contents))) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

async function removeStale(directory: string, current: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const isCode = /\.(c?js|css)(\.map)?$/.test(name);
    if (current.has(path) || !isCode) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleAfterMs) await rm(path, { force: true });
  }
}

async function firstThatExists(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) if (await exists(join(root, candidate))) return candidate;
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
