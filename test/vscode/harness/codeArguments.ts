/**
 * The command line of `code`, as far as `@vscode/test-electron` uses it, and what becomes of it in a workbench that
 * runs in a browser: options of the server and a payload in the page's address.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CodeArguments {
  readonly options: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
}

/** `--name=value` and bare `--name`; everything else is a path to open. */
export function parseCodeArguments(args: readonly string[]): CodeArguments {
  const options = new Map<string, string>();
  const paths: string[] = [];
  for (const argument of args) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) paths.push(localPath(argument));
    else options.set(name, value ?? 'true');
  }
  return { options, paths };
}

/**
 * Where the page is that a window would be. Paths become `vscode-remote://` addresses of the page's own host and
 * port; anything else is refused silently. The payload is only read by a server that was started with
 * `--enable-smoke-test-driver`.
 */
export function workbenchUrl({ options, paths }: CodeArguments, authority: string): string {
  const remote = (path: string) => `vscode-remote://${authority}${encodeURI(localPath(path))}`;
  const payload: [string, string][] = [
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
  ];
  for (const name of ['extensionDevelopmentPath', 'extensionTestsPath']) {
    const path = options.get(name);
    if (path !== undefined) payload.push([name, remote(path)]);
  }
  const query = new URLSearchParams();
  const [path] = paths;
  if (path === undefined) query.set('ew', 'true');
  else if (path.endsWith('.code-workspace')) query.set('workspace', path);
  else if (statSync(path).isDirectory()) query.set('folder', path);
  else {
    query.set('folder', dirname(path));
    payload.push(['openFile', remote(path)]);
  }
  query.set('payload', JSON.stringify(payload));
  return `http://${authority}/?${query}`;
}

function localPath(path: string): string {
  return resolve(path.startsWith('file://') ? fileURLToPath(path) : path);
}
