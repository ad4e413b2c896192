/**
 * A pipeline file becomes one ES module with a source map: workspace files and npm packages are bundled in, `sluice`
 * stays outside and is bound to the modules of the running version by their address. So the job's version is the hash of
 * the author's code alone (addresses taken out again), and a pipeline runs wherever it lies, without an install.
 *
 * The bundle is a real file in the data directory: a debugger finds it and its source map there.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, build, type Loader, type Plugin, stop } from 'esbuild';
import type { LaunchFailure } from '../protocol/launch.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { launchFailure } from './launchFailure.ts';
import { moduleUrls } from './ownFiles.ts';

export interface Bundle {
  /** Of the module; its map lies beside it with `.map` appended. Absolute. */
  readonly path: string;
  /** Hash of the author's code. */
  readonly version: string;
}

export type BundleOutcome =
  | { readonly ok: true; readonly bundle: Bundle }
  | { readonly ok: false; readonly failure: LaunchFailure };

/** `pipelineFile` is absolute; messages name it relative to the working directory, as its author would. */
export async function bundlePipeline(
  pipelineFile: string,
  data: DataDirectory,
  workingDirectory: string,
): Promise<BundleOutcome> {
  const shown = shownPath(pipelineFile, workingDirectory);
  if (statSync(pipelineFile, { throwIfNoEntry: false })?.isFile() !== true) {
    const message = `There is no pipeline file ${shown}; check the path.`;
    return { ok: false, failure: launchFailure('does-not-compile', message, { exitCode: 3 }) };
  }
  try {
    const { outputFiles } = await build({
      entryPoints: [pipelineFile],
      // Comments in the output name files relative to this, which would otherwise be part of the hash.
      absWorkingDir: dirname(pipelineFile),
      outdir: data.bundles,
      entryNames: 'pipeline',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      sourcemap: 'linked',
      sourcesContent: true,
      legalComments: 'none',
      logLevel: 'silent',
      // What CommonJS packages inside an ES module call to reach Node's own modules.
      banner: {
        js: "import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);",
      },
      plugins: [ownModules, ownPlace(pipelineFile)],
    });
    const module = outputFiles.find((file) => file.path.endsWith('.mjs'));
    const map = outputFiles.find((file) => file.path.endsWith('.map'));
    if (module === undefined || map === undefined) throw new Error('esbuild made no module');
    return { ok: true, bundle: write(data, pipelineFile, module.text, map.text) };
  } catch (error) {
    return { ok: false, failure: compileFailure(error, pipelineFile, workingDirectory) };
  } finally {
    // Its service process would outlive a runtime that is killed by moments.
    await stop();
  }
}

/** As people say it: relative to where they stand when it lies below. */
export function shownPath(path: string, workingDirectory: string): string {
  const steps = relative(workingDirectory, path);
  return steps === '' || steps.startsWith('..') ? path : steps;
}

const ownModules: Plugin = {
  name: 'sluice',
  setup({ onResolve }) {
    onResolve({ filter: /^sluice($|\/)/ }, ({ path }) => {
      const url = moduleUrls.get(path);
      if (url !== undefined) return { path: url, external: true };
      return {
        errors: [{ text: `There is no module ${path}; there are ${[...moduleUrls.keys()].join(', ')}.` }],
      };
    });
  },
};

/** In a bundle `import.meta` would speak of the bundle; the author means the file. */
const ownPlace = (pipelineFile: string): Plugin => ({
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return null;
      const source = await readFile(path, 'utf8');
      if (!source.includes('import.meta.')) return null;
      const contents = source
        .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href))
        .replaceAll(/\bimport\.meta\.filename\b/g, JSON.stringify(path))
        .replaceAll(/\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path)));
      return {
        contents,
        loader: loaderOf(path),
        resolveDir: dirname(path === pipelineFile ? pipelineFile : path),
      };
    });
  },
});

function loaderOf(path: string): Loader {
  const extension = extname(path).replace(/^\.[cm]?/, '');
  return extension === 'ts' || extension === 'tsx' || extension === 'jsx' ? extension : 'js';
}

function write(data: DataDirectory, pipelineFile: string, code: string, map: string): Bundle {
  const version = versionOf(code, pipelineFile);
  const directory = join(data.bundles, version);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'pipeline.mjs');
  // Sources in the map are relative to where esbuild thought that it writes; make them absolute.
  const parsed = JSON.parse(map) as { sources: string[] };
  parsed.sources = parsed.sources.map((source) => pathToFileURL(join(data.bundles, source)).href);
  replaceFile(`${path}.map`, JSON.stringify(parsed));
  replaceFile(path, code);
  return { path, version };
}

function versionOf(code: string, pipelineFile: string): string {
  let own = code;
  for (const [name, url] of moduleUrls) own = own.replaceAll(url, name);
  own = own.replaceAll(pathToFileURL(dirname(pipelineFile)).href, '').replaceAll(dirname(pipelineFile), '');
  return createHash('sha256').update(own).digest('hex').slice(0, 16);
}

/** A run of the same version may be loading it at this moment: it is replaced in one step, and only when it changed. */
function replaceFile(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    // Not there yet.
  }
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function compileFailure(error: unknown, pipelineFile: string, workingDirectory: string): LaunchFailure {
  const first = (error as Partial<BuildFailure>).errors?.[0];
  if (first === undefined) {
    return launchFailure(
      'internal',
      `${shownPath(pipelineFile, workingDirectory)} could not be bundled: ${String(error)}`,
    );
  }
  const others = ((error as BuildFailure).errors.length ?? 1) - 1;
  const more = others === 0 ? '' : ` (and ${others} more)`;
  if (first.location === null) {
    const message = `${shownPath(pipelineFile, workingDirectory)} does not compile: ${first.text}${more}`;
    return launchFailure('does-not-compile', message);
  }
  // esbuild names files relative to the pipeline's directory and counts columns from 0.
  const file = join(dirname(pipelineFile), first.location.file);
  const location = { file, line: first.location.line, column: first.location.column + 1 };
  const place = `${shownPath(file, workingDirectory)}:${location.line}:${location.column}`;
  return launchFailure('does-not-compile', `${place} does not compile: ${first.text}${more}`, { location });
}
