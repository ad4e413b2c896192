/** A tsconfig.json with the entry for Sluice's types, and all else as it was. */
import { expect, test } from 'vitest';
import { typePaths, withTypePaths } from '../../../extension/editor/tsconfigPaths.ts';

const entries = [
  '"sluice": ["./.sluice/types/runtime/api/index.d.ts"]',
  '"sluice/connectors": ["./.sluice/types/connectors.d.ts"]',
  '"sluice/testing": ["./.sluice/types/runtime/testing/index.d.ts"]',
].join(', ');

test('a folder without one gets one', () => {
  expect(JSON.parse(withTypePaths(null) ?? '')).toMatchObject({
    compilerOptions: { paths: typePaths, strict: true },
  });
});

test.each<[string, string, string | null]>([
  [
    'comments stay',
    '{\n  // mine\n  "compilerOptions": {\n    "strict": true, // yes\n  },\n}\n',
    `{\n  // mine\n  "compilerOptions": {\n    "paths": { ${entries} },\n    "strict": true, // yes\n  },\n}\n`,
  ],
  ['empty options', '{ "compilerOptions": {} }', `{ "compilerOptions": {\n  "paths": { ${entries} }\n} }`],
  [
    'no options',
    '{\n  "include": ["src"]\n}',
    `{\n  "compilerOptions": { "paths": { ${entries} } },\n  "include": ["src"]\n}`,
  ],
  [
    'an entry of its own',
    '{\n  "compilerOptions": {\n    "paths": {\n      "a": ["b"]\n    }\n  }\n}',
    '{\n  "compilerOptions": {\n    "paths": {\n      "sluice": ["./.sluice/types/runtime/api/index.d.ts"],\n      "sluice/connectors": ["./.sluice/types/connectors.d.ts"],\n      "sluice/testing": ["./.sluice/types/runtime/testing/index.d.ts"],\n      "a": ["b"]\n    }\n  }\n}',
  ],
  [
    'the entries of an older version',
    '{ "compilerOptions": { "paths": { "sluice": ["./x"], "sluice/connectors": ["./y"] } } }',
    '{ "compilerOptions": { "paths": {\n  "sluice/testing": ["./.sluice/types/runtime/testing/index.d.ts"], "sluice": ["./x"], "sluice/connectors": ["./y"] } } }',
  ],
  ['another base', '{ "compilerOptions": { "baseUrl": "src" } }', null],
  ['nothing that can be read', 'not json', null],
  ['an unfinished file', '{ "compilerOptions": {', null],
])('%s', (_, before, after) => expect(withTypePaths(before)).toBe(after));

test('it is added once', () => {
  const once = withTypePaths('{}') ?? '';
  expect(withTypePaths(once)).toBe(once);
});
