/** Wrong usage is one sentence on stderr, and an object with --json; and a stopped job says how to go on, as it can be pasted. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { goOnCommand } from '../../runtime/host/cli/goOnCommand.ts';
import { dataDirectory } from '../../runtime/host/dataDirectory.ts';
import { objectsOf, runCommand } from './sluiceCommand.ts';

test.each<[line: string, sentence: string]>([
  [
    'run x.ts --paralelism 2',
    'There is no option --paralelism (did you mean --parallelism?); sluice run --help shows what there is.',
  ],
  [
    'run x.ts --parallelism two',
    'two is no value for --parallelism <n>: it is a whole number; sluice run --help shows what there is.',
  ],
  [
    'run x.ts --json --parallelism',
    'A value is missing behind --parallelism <n>; sluice run --help shows what there is.',
  ],
  ['run', 'The argument <pipeline> is missing; sluice run --help shows what there is.'],
  [
    'run x.ts --mode twice',
    'twice is no value for --mode <mode>: allowed choices are exactly-once, at-least-once; sluice run --help shows what there is.',
  ],
  ['walk', 'There is no command walk; sluice --help shows what there is.'],
  [
    'savepoint tak',
    'There is no command tak (did you mean take?); sluice savepoint --help shows what there is.',
  ],
  [
    'savepoint show a b c',
    '3 arguments are too many, of 1 at most; sluice savepoint show --help shows what there is.',
  ],
])('sluice %s', async (line, sentence) => {
  const end = await runCommand([...new Set([...line.split(' '), '--json'])], { cwd: tmpdir() });
  expect(end.stderr).toBe(`sluice: ${sentence}\n`);
  expect(end.code).toBe(2);
  expect(objectsOf(end.stdout)).toEqual([{ type: 'error', exitCode: 2, message: sentence, details: null }]);
});

test('help is no error', async () => {
  const end = await runCommand(['run', '--help'], { cwd: tmpdir() });
  expect(end.code).toBe(0);
  expect(end.stdout).toContain('--parallelism <n>');
});

test.each([
  ['as the pipeline says', '/w/.sluice', '/w/a.ts', null, 'sluice run a.ts --from latest'],
  ['at a parallelism', '/w/.sluice', '/w/a.ts', 4, 'sluice run a.ts --from latest --parallelism 4'],
  ['elsewhere', '/w/other', '/w/my jobs/a.ts', null, 'sluice run "my jobs/a.ts" --from latest --data other'],
])('a stopped job goes on with what it was given: %s', (_, data, pipelineFile, parallelism, command) => {
  const context = { data: dataDirectory(data), workingDirectory: '/w' };
  expect(goOnCommand(context, { pipelineFile, parallelism, from: 'latest' })).toBe(command);
});
