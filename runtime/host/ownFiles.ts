/**
 * Where the files of the running version lie. The same code runs as built (`dist/runtime/*.js`, with this module in
 * a chunk beside or below them) and straight from its sources; what `sluice` means in a pipeline follows it.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(import.meta.url);
const isSource = here.endsWith('.ts');
const directory = basename(dirname(here)) === 'chunks' ? dirname(dirname(here)) : dirname(here);

export type EntryPoint = 'cli' | 'runtime' | 'plannerWorker' | 'taskWorker' | 'utilityWorker';

const sourceFiles: Record<EntryPoint, string> = {
  cli: 'cli/main.ts',
  runtime: 'runtimeMain.ts',
  plannerWorker: 'plannerWorker.ts',
  taskWorker: 'taskWorker.ts',
  utilityWorker: 'utilityWorker.ts',
};

/** Absolute path of a program or worker of this version. */
export function entryPoint(name: EntryPoint): string {
  return isSource ? join(directory, sourceFiles[name]) : join(directory, `${name}.js`);
}

/** What a pipeline imports, as the URL of this version's own module. */
export const moduleUrls: ReadonlyMap<string, string> = new Map([
  ['sluice', moduleUrl('../api/index.ts', 'api.js')],
  ['sluice/connectors', moduleUrl('../connectors/index.node.ts', 'connectors.js')],
  // For tests that stand in the pipeline's own file.
  ['sluice/testing', moduleUrl('../testing/index.ts', 'testing.js')],
]);

/** The dashboard's files. */
export const webviewDirectory = join(directory, isSource ? '../../dist/webview' : '../webview');

/** Everything that belongs to Sluice itself lies below it; frames of it are of no use to an author. */
export const ownRoot = pathToFileURL(isSource ? dirname(directory) : directory).href;

export const runtimeVersion: string = readVersion();

function moduleUrl(source: string, built: string): string {
  return pathToFileURL(join(directory, isSource ? source : built)).href;
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(directory, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
