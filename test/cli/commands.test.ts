/** Every command as it is typed, on one job that runs meanwhile; and the shapes of --json. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  comparison,
  preflight,
  savepointDetails,
  savepointSummary,
} from '../../runtime/protocol/savepoints.ts';
import { committedLines } from '../chaos/chaosRun.ts';
import { objectsOf, type RunningCommand, runCommand, startCommand } from './sluiceCommand.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-commands-'));
const pipelineFile = fileURLToPath(new URL('./pipelines/paced.ts', import.meta.url));
let job: RunningCommand;

beforeAll(async () => {
  job = startCommand(['run', pipelineFile, '--serve', '--json'], { cwd });
  await job.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
});

afterAll(async () => {
  job.child.kill('SIGKILL');
  await job.ended;
  rmSync(cwd, { recursive: true, force: true });
});

const sluice = async (...args: string[]) => {
  const end = await runCommand([...args, '--json'], { cwd });
  return { ...end, objects: objectsOf(end.stdout) };
};

test('plan shows operators, states and lines, and leaves nothing behind', async () => {
  const { objects } = await sluice('plan', pipelineFile);
  const { graph } = objects[0] as unknown as {
    graph: { operators: { uid: string; location: { file: string } }[] };
  };
  expect(graph.operators.map(({ uid }) => uid)).toEqual(['numbers', 'count', 'out']);
  expect(graph.operators[0]?.location).toMatchObject({ file: pipelineFile, line: expect.any(Number) });
});

test('jobs lists the running one, without its token; the file that names it is for its owner only', async () => {
  const { objects } = await sluice('jobs');
  expect(objects).toEqual([expect.objectContaining({ type: 'job', job: 'paced', pid: expect.any(Number) })]);
  expect(JSON.stringify(objects)).not.toContain('token');
  expect(statSync(join(cwd, '.sluice/jobs/paced/running.json')).mode & 0o777).toBe(0o600);
});

test('the dashboard is served at the printed address, its token in the fragment', async () => {
  const { address } = await job.object<{ address: string }>('serving');
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/);
  const page = await fetch(address);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
});

test('savepoints are taken, listed, shown, labelled, compared, checked, restored and deleted', async () => {
  const taken = await sluice('savepoint', 'take', '--label', 'First one', '--notes', 'before lunch');
  const first = savepointSummary.parse(taken.objects[0]);
  expect(first).toMatchObject({
    label: 'First one',
    notes: 'before lunch',
    kind: 'savepoint',
    stopped: false,
  });
  expect(first.id).toMatch(/^\d{8}-\d{6}-first-one$/);
  const second = savepointSummary.parse((await sluice('savepoint', 'take')).objects[0]);

  const listed = (await sluice('savepoint', 'list')).objects.map(
    (object) => savepointSummary.parse(object).id,
  );
  expect(listed).toEqual([second.id, first.id]);

  const shown = savepointDetails.parse((await sluice('savepoint', 'show', first.id)).objects[0]);
  expect(shown.operators.map(({ uid }) => uid)).toEqual(['numbers', 'count', 'out']);
  expect(shown.keys).toBe(37);
  expect(shown.sources).toHaveLength(4);

  const labelled = await sluice('savepoint', 'label', first.id, 'Another name');
  expect(labelled.objects[0]).toMatchObject({ id: first.id, label: 'Another name', notes: 'before lunch' });

  const compared = comparison.parse((await sluice('savepoint', 'compare', first.id, second.id)).objects[0]);
  expect(compared.samePlan).toBe(true);
  expect(compared.states.find(({ state }) => state === 'seen')).toMatchObject({
    added: 0,
    removed: 0,
    changed: 37,
  });
  const entries = await sluice(
    'savepoint',
    'compare',
    first.id,
    second.id,
    '--uid',
    'count',
    '--state',
    'seen',
    '--key',
    'k36',
  );
  expect(entries.objects).toEqual([
    expect.objectContaining({ type: 'entry', change: 'changed', key: '"k36"' }),
  ]);
  // By label, for a person, and against the newest checkpoint of the running job.
  const told = (await runCommand(['savepoint', 'compare', 'another NAME', 'latest'], { cwd })).stdout;
  expect(told).toMatch(/^A {2}Another name: savepoint #\d+ of \w+/);
  expect(told).toMatch(/Sources read [\d,]+ records in between:/);
  expect((await sluice('savepoint', 'compare', first.id, 'latest', '--uid', 'count')).code).toBe(2);

  const checked = await sluice('savepoint', 'preflight', first.id, pipelineFile, '--parallelism', '2');
  const found = preflight.parse(checked.objects[0]);
  expect(found.items.find(({ state }) => state === 'seen')).toMatchObject({ verdict: 'rescaled' });
  expect(found.needs).toEqual(['supersede']);
  expect(checked.code).toBe(4);

  const refused = await sluice('savepoint', 'restore', first.id);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain('--supersede');
  const restored = await sluice('savepoint', 'restore', first.id, '--supersede', '--parallelism', '2');
  expect(restored.stderr).toBe('');
  expect(restored.objects[0]).toMatchObject({
    type: 'restored',
    job: { parallelism: 2, restoredFrom: { label: 'Another name' } },
  });
  expect(readdirSync(join(cwd, 'out')).some((name) => name.startsWith('.superseded-part-'))).toBe(true);

  expect((await sluice('savepoint', 'delete', second.id)).code).toBe(0);
  expect((await sluice('savepoint', 'show', second.id)).code).toBe(3);
  expect((await sluice('savepoint', 'delete', '../jobs')).code).toBe(3);
});

test('checkpoints are listed and shown', async () => {
  const { objects } = await sluice('checkpoint', 'list');
  const newest = savepointSummary.parse(objects[0]);
  // Three are kept; the fourth is dropped when the newest is complete.
  expect(objects.length).toBeLessThanOrEqual(4);
  // It may be subsumed at any moment.
  const shown = await sluice('checkpoint', 'show', String(newest.checkpointId));
  if (shown.code === 0)
    expect(savepointDetails.parse(shown.objects[0]).checkpointId).toBe(newest.checkpointId);
  else expect(shown.code).toBe(3);
});

test('a running job is switched to another checkpoint mode and back, and says what does not go together', async () => {
  const unaligned = await sluice('checkpoint', 'mode', 'unaligned', '--aligned-timeout', '2s');
  expect(unaligned.objects).toEqual([
    {
      type: 'checkpoint-mode',
      job: 'paced',
      checkpoints: expect.objectContaining({
        mode: 'exactly-once',
        unaligned: true,
        alignedTimeoutMs: 2_000,
      }),
    },
  ]);
  const next = await sluice('savepoint', 'take', 'paced');
  expect(next.code).toBe(0);
  const refused = await sluice('checkpoint', 'mode', 'aligned', 'paced', '--aligned-timeout', '2s');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('Only unaligned checkpoints have an aligned timeout');
  expect((await sluice('checkpoint', 'mode', 'at-least-once')).code).toBe(0);
  expect((await sluice('checkpoint', 'mode', 'sideways')).code).toBe(2);
  const back = await runCommand(['checkpoint', 'mode', 'aligned'], { cwd });
  expect(back.stdout).toBe('The checkpoints of paced are aligned from now on, until this run ends.\n');
});

test('stop ends the job with a savepoint, and says how to go on', async () => {
  const stopped = await runCommand(['stop', '--label', 'The end'], { cwd });
  expect(stopped.stdout).toMatch(
    /^paced has stopped with the savepoint \d{8}-\d{6}-the-end\.\nGo on with: sluice run .*paced\.ts --from \d{8}-\d{6}-the-end\n$/,
  );
  const ended = await job.object<{ status: string; savepoint: { label: string } }>('ended');
  expect(ended).toMatchObject({ status: 'suspended', savepoint: { label: 'The end' } });
  expect((await job.ended).code).toBe(0);
  expect((await sluice('jobs')).objects).toEqual([]);
  expect((await sluice('stop')).code).toBe(3);
});

test('a job that had finished has nothing left to do', async () => {
  const own = mkdtempSync(join(cwd, 'own-'));
  const run = (...more: string[]) =>
    runCommand(['run', pipelineFile, ...more], { cwd: own, env: { PACED_COUNT: '500' } });
  expect((await run('--from', 'latest')).stdout).toMatch(
    /paced starts empty: there is no checkpoint or savepoint/,
  );
  const again = await run('--from', 'latest');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('had finished already');
});

test('a second Ctrl-C stops at once, and what was committed stays a whole', async () => {
  const own = mkdtempSync(join(cwd, 'twice-'));
  const command = startCommand(['run', pipelineFile, '--json'], { cwd: own });
  await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
  command.child.kill('SIGINT');
  command.child.kill('SIGINT');
  const end = await command.ended;
  expect(end.code).toBe(130);
  const again = startCommand(['run', pipelineFile, '--from', 'latest', '--json'], { cwd: own });
  await again.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
  again.child.kill('SIGINT');
  expect((await again.ended).code).toBe(130);
  const lines = committedLines(join(own, 'out'));
  expect(new Set(lines).size).toBe(lines.length);
});

test('a runtime that is killed is going again from the last checkpoint, by itself', async () => {
  const own = mkdtempSync(join(cwd, 'killed-'));
  const command = startCommand(['run', pipelineFile, '--json'], { cwd: own });
  await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
  const running = JSON.parse(readFileSync(join(own, '.sluice/jobs/paced/running.json'), 'utf8')) as {
    process: { pid: number };
  };
  process.kill(running.process.pid, 'SIGKILL');
  const recovered = await command.object<{ recoveredAfterMs: number | null }>(
    'running',
    ({ recoveredAfterMs }) => recoveredAfterMs !== null,
  );
  // The budget is 2 s on a machine that has nothing else to do.
  expect(recovered.recoveredAfterMs).toBeLessThan(10_000);
  command.child.kill('SIGINT');
  await command.ended;
});
