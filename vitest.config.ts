/**
 * Three runs of one runner. `unit` imports source files and needs no build; `process` starts what `npm run build`
 * made, as a user would; `e2e` drives it in a browser. The tests in VS Code have a runner of their own (test/vscode).
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** These run what was built; all other rooms are unit tests. */
const processRooms = 'test/{host,cli,chaos,examples,guide}/**/*.test.ts';
const pageRooms = 'test/e2e/**/*.test.ts';
const editorRooms = 'test/vscode/**';

const resolve = {
  alias: [
    { find: /^sluice$/, replacement: here('runtime/api/index.ts') },
    { find: /^sluice\/connectors$/, replacement: here('runtime/connectors/index.node.ts') },
    { find: /^sluice\/testing$/, replacement: here('runtime/testing/index.ts') },
    // The bundles take msgpackr without its native addon; so do the tests.
    { find: /^msgpackr$/, replacement: here('node_modules/msgpackr/index.js') },
  ],
};

export default defineConfig({
  test: {
    // The runner itself has little to do: two processors are two workers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          // They wait for nothing; the limit is for what hangs, on a machine that may be busy.
          testTimeout: 30_000,
          // They share nothing that changes, so that a file need not load the engine for itself.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [processRooms, pageRooms, editorRooms],
          server: { deps: { inline: ['msgpackr'] } },
        },
      },
      {
        test: {
          name: 'process',
          include: [processRooms],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [pageRooms],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
