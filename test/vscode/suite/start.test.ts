/** The window that `npm start` opens: told by a variable what to run, it runs it as soon as the extension is awake. */
import assert from 'node:assert/strict';
import { eventually, test, workbench } from '../harness/testing.ts';
import { jobs, putPipeline, stopEverything, useFakeRuntime } from './support/editor.ts';

test('the pipeline that npm start names runs, and its dashboard opens', async () => {
  await useFakeRuntime();
  const file = putPipeline('started.ts', 'flights-weather');
  process.env.SLUICE_RUN = file;
  await eventually(async () =>
    assert.deepEqual(
      (await jobs()).map((job) => [job.file, job.phase]),
      [[file, 'running']],
    ),
  );
  const page = await workbench();
  // Named after the file until the dashboard knows the job.
  await page.locator('.tab', { hasText: /flights-weather|started\.ts/ }).waitFor();
  await stopEverything();
});
