/** Everything that is said is said in both languages, with the same placeholders; nothing is translated for nobody. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8');
const table = (file: string) => JSON.parse(read(file)) as Record<string, string>;
const placeholders = (text: string) => [...text.matchAll(/\{\d+\}/g)].map(([found]) => found).sort();

async function saidTexts(): Promise<readonly string[]> {
  const texts = new Set<string>();
  for await (const file of glob('extension/**/*.ts', { cwd: root })) {
    for (const [, text] of read(file).matchAll(/\b(?:t|say)\(\s*'((?:\\.|[^'\\])*)'/g)) {
      texts.add((text ?? '').replace(/\\(.)/g, '$1'));
    }
  }
  return [...texts].sort();
}

test('every text of the code is in the bundles, and no other', async () => {
  const said = await saidTexts();
  expect(said.length).toBeGreaterThan(80);
  expect(Object.keys(table('l10n/bundle.l10n.zh-cn.json')).sort()).toEqual(said);
  expect(Object.keys(table('l10n/bundle.l10n.json')).sort()).toEqual(said);
});

test('only literal texts are said, so that they can be found', async () => {
  for await (const file of glob('extension/**/*.ts', { cwd: root })) {
    const computed = [...read(file).matchAll(/\b(?:t|say)\((?!\s*')[^)]*\)/g)].map(
      ([found]) => `${file}: ${found}`,
    );
    expect(computed).toEqual([]);
  }
});

test('every %key% of the manifest has a text in both languages, and every text a key', () => {
  const keys = [
    ...new Set([...read('package.json').matchAll(/"%([^%]+)%"/g)].map(([, key]) => key ?? '')),
  ].sort();
  expect(Object.keys(table('package.nls.json')).sort()).toEqual(keys);
  expect(Object.keys(table('package.nls.zh-cn.json')).sort()).toEqual(keys);
});

test.each([
  ['package.nls.json', 'package.nls.zh-cn.json'],
  ['l10n/bundle.l10n.json', 'l10n/bundle.l10n.zh-cn.json'],
])('%s and its translation have the same placeholders and commands', (english, chinese) => {
  const [originals, translations] = [table(english), table(chinese)];
  const commands = (text: string) => [...text.matchAll(/\(command:[^)]+\)/g)].map(([found]) => found);
  for (const [key, original] of Object.entries(originals)) {
    const translation = translations[key] ?? '';
    expect([key, placeholders(translation)]).toEqual([key, placeholders(original)]);
    expect([key, commands(translation)]).toEqual([key, commands(original)]);
    expect(translation).toMatch(/\p{Script=Han}|^Sluice/u);
  }
});
