/**
 * The test run inside the extension host: VS Code calls `run`. It runs the collected tests in order, prints a line
 * for each, takes a picture of the window when one fails, and at the very end writes the counts: a run that was cut
 * short leaves no file and has failed for whoever started it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type CollectedTest, collectedTests, workbench } from './testing.ts';

export async function run(): Promise<void> {
  const {
    SLUICE_VSCODE_RESULT: resultFile,
    SLUICE_VSCODE_PICTURES: pictures,
    SLUICE_VSCODE_ONLY: only,
  } = process.env;
  if (resultFile === undefined || pictures === undefined)
    throw new Error('Not started by test/vscode/run.ts.');
  const chosen = collectedTests.filter(({ name }) => only === undefined || name.includes(only));
  let failed = 0;
  for (const test of chosen) {
    const startedAt = performance.now();
    const error = await outcome(test);
    console.log(
      `  ${error === null ? '✓' : '✗'} ${test.name} (${Math.round(performance.now() - startedAt)} ms)`,
    );
    if (error === null) continue;
    failed += 1;
    console.log(indented(error.stack ?? error.message));
    console.log(indented(await picture(test.name, pictures)));
  }
  writeFileSync(resultFile, JSON.stringify({ passed: chosen.length - failed, failed }));
  if (failed > 0) throw new Error(`${failed} of ${chosen.length} tests failed.`);
}

async function outcome({ body, timeoutMs }: CollectedTest): Promise<Error | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    await Promise.race([body(), tooLong]);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}

async function picture(name: string, folder: string): Promise<string> {
  try {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}.png`);
    await (await workbench()).screenshot({ path });
    return `Picture: ${path}`;
  } catch (error) {
    return `No picture: ${error}`;
  }
}

function indented(text: string): string {
  return text.replace(/^/gm, '      ');
}
