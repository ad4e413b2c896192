/** Real processes, real `kill -9`, real files. More of it: `npm run chaos -- --runs 100`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { chaosRun } from './chaosRun.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixedSeeds = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
const freshSeed = 1_000 + Math.floor(Math.random() * 1_000_000);

describe.concurrent('a keyed job with two sources and a file sink', () => {
  test.each(fixedSeeds)(
    'killed and continued (seed %i), it commits every record exactly once',
    async (seed) => {
      const result = await chaosRun(seed, join(root, String(seed)));
      expect(result.kills[0]).toMatch(/before the first checkpoint$/);
      expect(
        result.kills.some((kill) => kill.endsWith('after a checkpoint')),
        result.log,
      ).toBe(true);
      expect({ exitCode: result.exitCode, ...result.deviation }, result.log).toEqual({
        exitCode: 0,
        missing: [],
        unexpected: [],
      });
    },
  );

  // Its seed is new every time: what it finds is reported and becomes a fixed seed.
  test('a run from a fresh seed is reported', async () => {
    const { deviation, exitCode, kills } = await chaosRun(freshSeed, join(root, String(freshSeed)));
    const isRight = exitCode === 0 && deviation.missing.length + deviation.unexpected.length === 0;
    console.log(
      `${isRight ? 'right' : 'WRONG'}: chaos seed ${freshSeed}, ${kills.join(', ')}, exit code ${exitCode}`,
    );
  });
});
