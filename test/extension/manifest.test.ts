/** The manifest and the code name the same commands, views and settings; menus speak of nothing else. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly icon?: string;
      readonly category: string;
    }[];
    readonly menus: Record<string, readonly { readonly command: string; readonly when?: string }[]>;
    readonly views: Record<string, readonly { readonly id: string }[]>;
    readonly viewsWelcome: readonly { readonly view: string }[];
    readonly configuration: { readonly properties: Record<string, unknown> };
  };
}

const { contributes, activationEvents } = JSON.parse(
  readFileSync(`${root}/package.json`, 'utf8'),
) as Manifest;
const commands = contributes.commands.map(({ command }) => command).sort();
const views = Object.values(contributes.views)
  .flat()
  .map(({ id }) => id)
  .sort();

async function code(): Promise<string> {
  const texts: string[] = [];
  for await (const file of glob('extension/**/*.ts', { cwd: root }))
    texts.push(readFileSync(`${root}/${file}`, 'utf8'));
  return texts.join('\n');
}

test('every command of the manifest is registered, and every registered one is in it', async () => {
  const registered = [...(await code()).matchAll(/(?:register|registerCommand)\(\s*'(sluice\.\w+)'/g)].map(
    ([, id]) => id,
  );
  expect(registered.sort()).toEqual(commands);
});

test('menus and welcomes speak of commands and views that exist', () => {
  const named = Object.values(contributes.menus).flat();
  expect(named.map(({ command }) => command).filter((command) => !commands.includes(command))).toEqual([]);
  const nls = readFileSync(`${root}/package.nls.json`, 'utf8');
  const linked = [...nls.matchAll(/command:(sluice\.\w+)/g)].map(([, id]) => id ?? '');
  expect(linked.filter((command) => !commands.includes(command))).toEqual([]);
  const clauses = named.map(({ when }) => when ?? '').join(' ');
  const viewsNamed = [...clauses.matchAll(/view == (sluice\.\w+)/g)].map(([, id]) => id ?? '');
  expect(viewsNamed.filter((view) => !views.includes(view))).toEqual([]);
});

test('every view has a welcome for when it is empty', () => {
  expect([...new Set(contributes.viewsWelcome.map(({ view }) => view))].sort()).toEqual(views);
});

test('every context key of a when clause is set by somebody', async () => {
  const text = JSON.stringify(contributes);
  const keys = [
    ...new Set(
      [...text.matchAll(/\bsluice\.((?:any|editor|is|savepoints)[A-Z]\w*)/g)].map(([, key]) => key ?? ''),
    ),
  ];
  const source = await code();
  const isSet = (key: string) => new RegExp(`set\\(\\s*'${key}'|'sluice\\.${key}'`).test(source);
  expect(keys.filter((key) => !isSet(key))).toEqual([]);
  expect(keys.length).toBeGreaterThan(4);
});

test('settings that are read exist, and those that exist are read', async () => {
  const read = [...(await code()).matchAll(/settings\(\)\.get(?:<\w+>)?\('(\w+)'/g)].map(
    ([, name]) => `sluice.${name}`,
  );
  expect([...new Set(read)].sort()).toEqual(Object.keys(contributes.configuration.properties).sort());
});

test('everything has an icon and stands under one category', () => {
  expect(
    contributes.commands.filter(({ icon, category }) => icon === undefined || category !== 'Sluice'),
  ).toEqual([]);
});

test('nothing is activated for nothing', () => {
  expect(activationEvents).toEqual(['onLanguage:typescript', 'onWebviewPanel:sluice.dashboard']);
});
