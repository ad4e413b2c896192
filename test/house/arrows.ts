/**
 * The arrows: who may import whom. The table below is the only source of the rule (docs/architecture.md explains it);
 * `arrowViolations` holds a tree of files against it. Type imports count like any other: a type that crosses a
 * folder ties the two together as firmly as a call.
 *
 * What a folder may *know* (a clock, a file, the document) is kept by one tsconfig per environment instead.
 */
import { posix } from 'node:path';

interface Room {
  /** Folders (or files) of ours that it may import, beside itself. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Whether it may import Node's own modules; `in .node.ts` only in files with that ending. */
  readonly node: 'never' | 'in .node.ts' | 'always';
}

const core = (folders: readonly string[], packages: readonly string[] = []): Room => ({
  folders,
  packages,
  node: 'never',
});
const anything: Room = { folders: [''], packages: ['*'], node: 'always' };

/** The longest path that a file's path begins with is its room. */
export const rooms: Readonly<Record<string, Room>> = {
  'runtime/base': core([]),
  'runtime/protocol': core([], ['zod']),
  'runtime/state': core(['runtime/base'], ['msgpackr']),
  'runtime/operators': core(['runtime/base', 'runtime/state']),
  // A plan lists its states before anything runs, so it knows their declarations.
  'runtime/graph': core(['runtime/base', 'runtime/state', 'runtime/operators']),
  'runtime/api': core(['runtime/base', 'runtime/state', 'runtime/operators', 'runtime/graph']),
  'runtime/checkpoint': core(['runtime/base', 'runtime/state', 'runtime/graph']),
  'runtime/engine': core(
    ['runtime/base', 'runtime/state', 'runtime/operators', 'runtime/graph', 'runtime/checkpoint'],
    ['msgpackr'],
  ),
  'runtime/connectors': {
    folders: ['runtime/base', 'runtime/operators'],
    packages: ['ws'],
    node: 'in .node.ts',
  },
  // Runs a pipeline in memory for its author's tests: what host does with threads and files, without both.
  'runtime/testing': core([
    'runtime/base',
    'runtime/state',
    'runtime/operators',
    'runtime/graph',
    'runtime/api',
    'runtime/checkpoint',
    'runtime/engine',
    'runtime/connectors',
  ]),
  'runtime/server': core([
    'runtime/base',
    'runtime/protocol',
    'runtime/graph',
    'runtime/checkpoint',
    'runtime/engine',
  ]),
  'runtime/gateways': core(['runtime/base', 'runtime/protocol']),
  'runtime/host': {
    folders: ['runtime'],
    packages: ['@jridgewell/trace-mapping', 'classic-level', 'commander', 'esbuild', 'vscode-jsonrpc', 'ws'],
    node: 'always',
  },
  'webview/protocol': core(['runtime/protocol'], ['zod']),
  'webview/model': core(['runtime/protocol', 'webview/protocol']),
  'webview/layout': core(['runtime/protocol', 'webview/protocol'], ['@dagrejs/dagre']),
  webview: core(
    ['runtime/protocol', 'webview'],
    ['@vscode/webview-ui-toolkit', 'chart.js', 'lit', 'vscode-jsonrpc'],
  ),
  extension: {
    folders: ['runtime/protocol', 'webview/protocol'],
    packages: ['vscode', 'vscode-jsonrpc', 'ws'],
    node: 'always',
  },
  examples: { folders: [], packages: ['sluice'], node: 'always' },
  scripts: anything,
  bench: anything,
  test: anything,
};

/** One sentence per import that the table forbids; `files` maps paths from the root to their text. */
export function arrowViolations(files: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [file, text] of files) {
    const home = roomOf(file);
    if (home === undefined) continue;
    const room = rooms[home] as Room;
    for (const specifier of importsOf(text)) {
      const problem = problemWith(specifier, file, home, room);
      if (problem !== null) violations.push(`${file} ${problem}`);
    }
  }
  return violations;
}

function problemWith(specifier: string | null, file: string, home: string, room: Room): string | null {
  if (specifier === null) return room.node === 'never' ? 'imports what only a run can tell' : null;
  if (specifier.startsWith('node:')) {
    const may = room.node === 'always' || (room.node === 'in .node.ts' && file.endsWith('.node.ts'));
    return may ? null : `imports ${specifier}`;
  }
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier.replace(/\?.*$/, ''));
    const isInside = (folder: string) =>
      folder === '' || target === folder || target.startsWith(`${folder}/`);
    return [home, ...room.folders].some(isInside) ? null : `imports ${target}`;
  }
  const isOf = (name: string) => name === '*' || specifier === name || specifier.startsWith(`${name}/`);
  return room.packages.some(isOf) ? null : `imports the package ${specifier}`;
}

export function roomOf(file: string): string | undefined {
  const owners = Object.keys(rooms).filter((room) => file.startsWith(`${room}/`));
  return owners.sort((a, b) => b.length - a.length)[0];
}

/** Every specifier that a file imports or re-exports; null for one that is computed. Comments and templates are no code. */
function importsOf(text: string): (string | null)[] {
  const code = text.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, kept) => kept ?? '` `',
  );
  const named = /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.+?)\1/g;
  const bare = /\bimport\s*(['"])(.+?)\1/g;
  const called = /\b(?:import|require)\s*\(\s*(['"])(.+?)\1/g;
  const computed = /\b(?:import|require)\s*\(\s*[^'"\s]/g;
  return [
    ...[named, bare, called].flatMap((pattern) =>
      [...code.matchAll(pattern)].map((match) => match[2] as string),
    ),
    ...[...code.matchAll(computed)].map(() => null),
  ];
}
