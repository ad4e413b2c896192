/** What goes wrong ends with its exit code and one sentence that names the culprit, and loses nothing. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandEnd, runCommand, startCommand } from './sluiceCommand.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-errors-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pipelineFile = (name: string) => fileURLToPath(new URL(`./pipelines/${name}.ts`, import.meta.url));
const workspace = () => mkdtempSync(join(root, 'w-'));

/** The sentence on stderr, which has to be one. */
function sentenceOf({ stderr }: CommandEnd): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('sluice: '));
  expect(lines, stderr).toHaveLength(1);
  return (lines[0] ?? '').slice('sluice: '.length);
}

describe.concurrent('one sentence names the culprit', () => {
  test('a pipeline that does not compile: file and line', async () => {
    const cwd = workspace();
    writeFileSync(
      join(cwd, 'broken.ts'),
      "import { pipeline } from 'sluice';\nexport default pipeline('x', (env) => {\n  env.;\n});\n",
    );
    const end = await runCommand(['run', 'broken.ts'], { cwd });
    expect(end.code).toBe(1);
    expect(sentenceOf(end)).toMatch(/^broken\.ts:3:\d+ does not compile: /);
  });

  test('an import that is not there: file and line', async () => {
    const cwd = workspace();
    writeFileSync(join(cwd, 'lost.ts'), "\nimport './nowhere.ts';\n");
    const end = await runCommand(['run', 'lost.ts'], { cwd });
    expect(end.code).toBe(1);
    expect(sentenceOf(end)).toMatch(/^lost\.ts:2:\d+ does not compile: Could not resolve "\.\/nowhere\.ts"/);
  });

  test('a pipeline file that is not there: its path', async () => {
    const end = await runCommand(['run', 'nothing.ts'], { cwd: workspace() });
    expect(end.code).toBe(3);
    expect(sentenceOf(end)).toContain('nothing.ts');
  });

  test('a pipeline that throws while it is evaluated: file and line', async () => {
    const cwd = workspace();
    writeFileSync(
      join(cwd, 'throws.ts'),
      'const settings = undefined as unknown as { n: number };\n\nexport default settings.n;\n',
    );
    const end = await runCommand(['run', 'throws.ts'], { cwd });
    expect(end.code).toBe(1);
    expect(sentenceOf(end)).toMatch(/^throws\.ts:3 threw while the pipeline was evaluated: TypeError: /);
  });

  test('a plan that cannot be run: the operator and its line', async () => {
    const cwd = workspace();
    writeFileSync(
      join(cwd, 'twice.ts'),
      `import { pipeline } from 'sluice';
import { collection, text } from 'sluice/connectors';
export default pipeline('twice', (env) => {
  const words = env.fromSource(collection(['a']), { uid: 'same' });
  words.sinkTo(text.sink('out'), { uid: 'same' });
});
`,
    );
    const end = await runCommand(['run', 'twice.ts'], { cwd });
    expect(end.code).toBe(1);
    expect(sentenceOf(end)).toMatch(/same.*twice\.ts:5/);
  });

  test('an operator that throws: operator, subtask, record, and a stack in its own source', async () => {
    const cwd = workspace();
    const end = await runCommand(['run', pipelineFile('throwing')], { cwd });
    expect(end.code).toBe(1);
    expect(sentenceOf(end)).toMatch(
      /^checked\[0\] failed on the record 7: RangeError: seven is not allowed at .*throwing\.ts:6$/,
    );
    expect(end.stderr).toMatch(/at check \(.*throwing\.ts:6:\d+\)/);
    expect(end.stderr).not.toMatch(/dist\/runtime|pipeline\.mjs/);
  });

  test('a missing source file: its path', async () => {
    const end = await runCommand(['run', pipelineFile('missingSource')], { cwd: workspace() });
    expect(end.code).toBe(3);
    expect(sentenceOf(end)).toContain('data/not-there.txt');
  });

  test('--serve on a port in use: the port', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const end = await runCommand(['run', pipelineFile('paced'), '--serve', String(port)], {
      cwd: workspace(),
    });
    server.close();
    expect(end.code).toBe(2);
    expect(sentenceOf(end)).toContain(String(port));
  });

  test('a second run on one data directory: the running one', async () => {
    const cwd = workspace();
    const first = startCommand(['run', pipelineFile('paced'), '--json'], { cwd });
    await first.object('running');
    const second = await runCommand(['run', pipelineFile('paced')], { cwd });
    const jobs = await runCommand(['jobs', '--json'], { cwd });
    expect(second.code).toBe(2);
    const { pid } = JSON.parse(jobs.stdout) as { pid: number };
    expect(sentenceOf(second)).toContain(`process ${pid}`);
    // The first one does not mind.
    await first.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
  });

  test('a second job that writes to the same directory: the running one', async () => {
    const cwd = workspace();
    const first = startCommand(['run', pipelineFile('paced'), '--json', '--data', 'one'], { cwd });
    await first.object('running');
    const second = await runCommand(['run', pipelineFile('paced'), '--data', 'two'], { cwd });
    first.child.kill('SIGINT');
    await first.ended;
    expect(second.code).toBe(2);
    expect(sentenceOf(second)).toMatch(/out is written to by the running job paced \(process \d+/);
  });

  test('an unknown option is wrong usage', async () => {
    expect((await runCommand(['run', 'x.ts', '--paralelism', '2'], { cwd: workspace() })).code).toBe(2);
    expect((await runCommand(['run', 'x.ts', '--parallelism', 'two'], { cwd: workspace() })).code).toBe(2);
  });

  test('a savepoint that is not there: its name', async () => {
    const cwd = workspace();
    const end = await runCommand(['run', pipelineFile('paced'), '--from', '20200101-000000-nothing'], {
      cwd,
    });
    expect(end.code).toBe(3);
    expect(sentenceOf(end)).toContain('20200101-000000-nothing');
    expect((await runCommand(['savepoint', 'show', 'nothing'], { cwd })).code).toBe(3);
  });
});

describe('with a savepoint', () => {
  const cwd = workspace();
  let savepoint = '';

  beforeAll(async () => {
    const command = startCommand(['run', pipelineFile('paced'), '--json'], { cwd });
    await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
    command.child.kill('SIGINT');
    const { savepoint: taken } = await command.object<{ savepoint: { id: string } }>('interrupted');
    savepoint = taken.id;
    await command.ended;
  });

  const damaged = async (damage: (directory: string) => void) => {
    const directory = join(workspace(), 'damaged');
    cpSync(join(cwd, '.sluice/savepoints', savepoint), directory, { recursive: true });
    damage(directory);
    const before = readdirSync(join(cwd, 'out'));
    const end = await runCommand(['run', pipelineFile('paced'), '--from', directory], { cwd });
    expect(readdirSync(join(cwd, 'out'))).toEqual(before);
    expect(end.code).toBe(4);
    return sentenceOf(end);
  };
  const dataFile = (directory: string) => {
    const name = readdirSync(directory).find((file) => file.startsWith('count')) ?? '';
    return join(directory, name);
  };

  test('a truncated data file is named', async () => {
    expect(await damaged((directory) => truncateSync(dataFile(directory), 100))).toMatch(
      /count-[^ ]* has 100 bytes instead of/,
    );
  });

  test('a flipped byte of a data file is named', async () => {
    const sentence = await damaged((directory) => {
      const bytes = readFileSync(dataFile(directory));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      writeFileSync(dataFile(directory), bytes);
    });
    expect(sentence).toMatch(/count-[^ ]* is damaged/);
  });

  test('a missing data file is named', async () => {
    expect(await damaged((directory) => rmSync(dataFile(directory)))).toMatch(/count-[^ ]* is missing/);
  });

  test('an edited manifest is named', async () => {
    const sentence = await damaged((directory) => {
      const manifest = join(directory, 'manifest.json');
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"parallelism": 1', '"parallelism": 2'));
    });
    expect(sentence).toContain('manifest.json');
  });

  test('nothing falls back by itself: the newest older point that is whole is named, with how to go on from it', async () => {
    const own = workspace();
    cpSync(cwd, own, { recursive: true });
    const command = startCommand(['run', pipelineFile('paced'), '--json', '--from', savepoint], {
      cwd: own,
      ownGroup: true,
    });
    await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
    process.kill(-command.pid, 'SIGKILL');
    await command.ended;
    const checkpoints = join(own, '.sluice/jobs/paced/checkpoints');
    for (const name of readdirSync(checkpoints)) {
      if (!name.startsWith('.')) truncateSync(dataFile(join(checkpoints, name)), 100);
    }
    const refused = await runCommand(['run', pipelineFile('paced'), '--from', 'latest'], { cwd: own });
    expect(refused.code).toBe(4);
    const goOn = `savepoint #\\d+: go on from it with --from ${savepoint}( --supersede, which renames .*)?\\.$`;
    expect(sentenceOf(refused)).toMatch(
      new RegExp(`count-[^ ]* has 100 bytes instead of .*; nothing was restored\\. The newest .* ${goOn}`),
    );
  });

  test('state for a uid that the pipeline lacks: the uid', async () => {
    const end = await runCommand(['run', pipelineFile('otherUid'), '--from', savepoint], { cwd });
    expect(end.code).toBe(4);
    expect(sentenceOf(end)).toMatch(/state seen of count.*--allow-non-restored-state/);
  });

  test('parts that a fresh run would double: refused, and renamed with consent', async () => {
    const refused = await runCommand(['run', pipelineFile('paced')], { cwd });
    expect(refused.code).toBe(4);
    expect(sentenceOf(refused)).toMatch(/out holds \d+ parts?.*--supersede/);
  });

  test('after all of that the job goes on from the savepoint', async () => {
    const command = startCommand(['run', pipelineFile('paced'), '--from', savepoint, '--json'], { cwd });
    await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
    command.child.kill('SIGINT');
    expect((await command.ended).code).toBe(130);
    const lines = readdirSync(join(cwd, 'out'))
      .filter((name) => name.startsWith('part-'))
      .flatMap((name) =>
        readFileSync(join(cwd, 'out', name), 'utf8')
          .trimEnd()
          .split('\n'),
      );
    expect(new Set(lines).size).toBe(lines.length);
  });
});

test('J6 what the command line says about restarts goes before what the pipeline says', async () => {
  const cwd = workspace();
  const end = await runCommand(
    ['run', pipelineFile('throwing'), '--restart', 'fixed-delay:attempts=2,delay=20ms'],
    {
      cwd,
    },
  );
  expect(end.code).toBe(1);
  expect(end.stderr).toContain('The job is not restarted: it was restarted twice, and no more is allowed.');
  expect(end.stderr).toContain('(restart 2)');
  const wrong = await runCommand(['run', pipelineFile('throwing'), '--restart', 'sometimes'], { cwd });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('there is no strategy sometimes');
  const never = await runCommand(['run', pipelineFile('throwing'), '--stuck-after', 'soon'], { cwd });
  expect(never.code).toBe(2);
});
