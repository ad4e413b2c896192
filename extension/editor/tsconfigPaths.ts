/**
 * The `paths` entry that lets TypeScript find Sluice's types without an `npm install`, added to a tsconfig.json as its
 * author wrote it: comments and layout stay. Pure; null when the text is none that this can be done to.
 */
export const typePaths = {
  sluice: ['./.sluice/types/runtime/api/index.d.ts'],
  'sluice/connectors': ['./.sluice/types/connectors.d.ts'],
  'sluice/testing': ['./.sluice/types/runtime/testing/index.d.ts'],
} as const;

/** For a folder without one: as the runtime bundles pipelines. */
const freshConfig = {
  compilerOptions: {
    target: 'ES2023',
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    paths: typePaths,
  },
};

export function withTypePaths(tsconfig: string | null): string | null {
  if (tsconfig === null) return `${JSON.stringify(freshConfig, null, 2)}\n`;
  // An older version knew fewer: what is missing is added.
  const missing = Object.entries(typePaths).filter(([name]) => !tsconfig.includes(`"${name}"`));
  if (missing.length === 0) return tsconfig;
  // Paths are then relative to it.
  if (/"baseUrl"\s*:\s*"(?!\.\/?")/.test(tsconfig)) return null;
  const entries = missing.map(([name, [path]]) => `"${name}": ["${path}"]`);
  const changed =
    insertedInto(tsconfig, 'paths', entries) ??
    insertedInto(tsconfig, 'compilerOptions', [`"paths": { ${entries.join(', ')} }`]) ??
    insertedInto(tsconfig, null, [`"compilerOptions": { "paths": { ${entries.join(', ')} } }`]);
  return changed !== null && isReadable(changed) ? changed : null;
}

export function hasTypePaths(tsconfig: string): boolean {
  return tsconfig.includes('.sluice/types/');
}

/** The members put at the beginning of the object of that name, or of the whole one. */
function insertedInto(text: string, name: string | null, members: readonly string[]): string | null {
  const opening = name === null ? /^\s*\{/ : new RegExp(`"${name}"\\s*:\\s*\\{`);
  const found = opening.exec(text);
  if (found === null) return null;
  const at = found.index + found[0].length;
  const before = text.slice(0, at);
  const indent = `${/(^|\n)([ \t]*)[^\n]*$/.exec(before)?.[2] ?? ''}  `;
  const isEmpty = /^\s*\}/.test(text.slice(at));
  const lines = members.map((member) => `\n${indent}${member}`).join(',');
  return `${before}${lines}${isEmpty ? `\n${indent.slice(2)}` : ','}${text.slice(at)}`;
}

function isReadable(jsonWithComments: string): boolean {
  const bare = jsonWithComments
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, text: string | undefined) => text ?? '')
    .replace(/,(\s*[}\]])/g, '$1');
  try {
    JSON.parse(bare);
    return true;
  } catch {
    return false;
  }
}
