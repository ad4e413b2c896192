/**
 * Three runs of one runner. `unit` imports source files and needs no build; `process` starts what `npm run build`
 * made, as a user would; `e2e` drives it in a browser. The tests in VS Code have a runner of their own (test/vscode).
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const unitRooms = [
  'base',
  'protocol',
  'state',
  'operators',
  'graph',
  'api',
  'checkpoint',
  'engine',
  'connectors',
  'server',
  'gateways',
  'conformance',
  'simulation',
  'webview',
  'extension',
  'savepoints',
  'house',
];

const resolve = {
  alias: [
    { find: /^sluice$/, replacement: here('runtime/api/index.ts') },
    { find: /^sluice\/connectors$/, replacement: here('runtime/connectors/index.ts') },
    // The bundles take msgpackr without its native addon; so do the tests.
    { find: /^msgpackr$/, replacement: here('node_modules/msgpackr/index.js') },
  ],
};

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: unitRooms.map((room) => `test/${room}/**/*.test.ts`),
          server: { deps: { inline: ['msgpackr'] } },
        },
      },
      {
        test: {
          name: 'process',
          include: ['test/{host,cli,chaos,examples}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
