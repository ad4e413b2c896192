#!/usr/bin/env node
/** The `sluice` command: what there is to type. Every command's work lies in a file of its own, loaded when it is asked for. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { RestartStrategy } from '../../graph/jobGraph.ts';
import { runtimeVersion } from '../ownFiles.ts';
import { CliError, exitCodes } from './cliError.ts';
import type { CommonOptions } from './commonOptions.ts';
import type { CompareOptions } from './compare.ts';
import { restartFrom } from './restartOption.ts';
import type { RunOptions } from './run.ts';
import { commandOf, usageSentence } from './usage.ts';

const program = new Command('sluice')
  .description('Runs stream pipelines, and takes, restores and compares their savepoints.')
  .version(runtimeVersion)
  .exitOverride()
  // What is wrong is told as everything else is: by `told`, in one sentence.
  .configureOutput({ outputError: () => {} });

withCommonOptions(
  program
    .command('run')
    .description('run a pipeline; Ctrl-C stops it with a savepoint')
    .argument('<pipeline>', 'pipeline file (.ts or .js)')
    .option('--parallelism <n>', 'subtasks per operator', positiveInteger)
    .option('--from <savepoint>', 'go on from `latest`, or from a savepoint by its id or path')
    .option('--serve [port]', 'serve the dashboard for a browser; any free port unless given', port)
    .option('--supersede', 'rename what sinks committed after the restored point', false)
    .option('--allow-non-restored-state', 'drop state that no operator takes', false)
    .option(
      '--claim',
      'hand the savepoint over: it is deleted once newer checkpoints have subsumed it',
      false,
    )
    .option(
      '--checkpoint-interval <duration>',
      'time between checkpoints, `500ms` say, or `off`',
      intervalOrOff,
    )
    .addOption(
      new Option('--mode <mode>', 'what a failure may do to records').choices([
        'exactly-once',
        'at-least-once',
      ]),
    )
    .option('--unaligned', 'let barriers overtake records')
    .option('--aligned-timeout <duration>', 'turn unaligned after this long', duration)
    .option('--full-checkpoints', 'write all state at each checkpoint, not what has changed')
    .option('--checkpoint-timeout <duration>', 'give a checkpoint up after this long', duration)
    .option('--min-pause <duration>', 'rest between two checkpoints', duration)
    .option('--max-concurrent <n>', 'checkpoints under way at once', positiveInteger)
    .option('--tolerable-failures <n>', 'failed checkpoints in a row that the job survives', wholeNumber)
    .option('--retained <n>', 'completed checkpoints that are kept', positiveInteger)
    .addOption(
      new Option(
        '--state-backend <backend>',
        'where keyed state is kept; `disk` when it is larger than memory',
      ).choices(['memory', 'disk']),
    )
    .option(
      '--state-memory <size>',
      'with `disk`: memory for its values, in each task thread, `256mb` say',
      size,
    )
    .option(
      '--restart <strategy>',
      'after a failure: none, or fixed-delay, exponential-delay, failure-rate with their settings, as in fixed-delay:attempts=3,delay=1s',
      parseRestart,
    )
    .option(
      '--stuck-after <duration>',
      "a function that has not come back after this long has failed; or 'never'",
      durationOrNever,
    )
    .option('--no-retain-on-exit', 'delete the checkpoints when the job ends in any way but a failure'),
).action(async (pipeline: string, options: RunOptions) => {
  const { run } = await import('./run.ts');
  process.exitCode = await run(pipeline, options);
});

withCommonOptions(
  program
    .command('plan')
    .description('show the graph and its states; nothing runs')
    .argument('<pipeline>', 'pipeline file')
    .option('--parallelism <n>', 'subtasks per operator', positiveInteger),
).action(async (pipeline: string, options: CommonOptions & { parallelism?: number }) => {
  const { plan } = await import('./plan.ts');
  await plan(pipeline, options);
});

withCommonOptions(program.command('jobs').description('list the jobs that run')).action(
  async (options: CommonOptions) => {
    const { jobs } = await import('./jobs.ts');
    jobs(options);
  },
);

withCommonOptions(
  program
    .command('stop')
    .description('stop a running job with a savepoint')
    .argument('[job]', 'its name; not needed when only one runs')
    .option('--drain', 'let all windows fire first; the savepoint says so', false)
    .option('--label <label>', 'label of the savepoint'),
).action(async (job: string | undefined, options: CommonOptions & { drain: boolean; label?: string }) => {
  const { stop } = await import('./stop.ts');
  await stop(job, options);
});

const savepoint = program.command('savepoint').description('take, look at, compare and restore savepoints');

withCommonOptions(
  savepoint
    .command('take')
    .description('take a savepoint of a running job')
    .argument('[job]', 'its name; not needed when only one runs')
    .option('--label <label>', 'what it is for, in a few words')
    .option('--notes <notes>', 'anything else'),
).action(async (job: string | undefined, options: CommonOptions & { label?: string; notes?: string }) => {
  const { takeSavepoint } = await import('./savepoints.ts');
  await takeSavepoint(job, options);
});

withCommonOptions(savepoint.command('list').description('list savepoints, newest first')).action(
  async (options: CommonOptions) => {
    const { listSavepoints } = await import('./savepoints.ts');
    await listSavepoints(options);
  },
);

withCommonOptions(
  savepoint
    .command('show')
    .description('what is in a savepoint')
    .argument('<savepoint>', 'id, path or label'),
).action(async (id: string, options: CommonOptions) => {
  const { showSavepoint } = await import('./savepoints.ts');
  await showSavepoint(id, options);
});

withCommonOptions(
  savepoint
    .command('compare')
    .description('what differs between two savepoints or checkpoints')
    .argument('<a>', 'id, path or label, or latest')
    .argument('<b>', 'id, path or label, or latest')
    .option('--uid <uid>', 'show the entries of one state: its operator')
    .option('--state <name>', 'show the entries of one state: its name')
    .option('--key <text>', 'only keys whose JSON contains this')
    .addOption(new Option('--change <kind>', 'only these entries').choices(['added', 'removed', 'changed']))
    .option('--full', 'all of every value, however long', false)
    .option('--limit <n>', 'so many entries at most', positiveInteger, 50),
).action(async (a: string, b: string, options: CompareOptions) => {
  const { compareSavepoints } = await import('./compare.ts');
  await compareSavepoints(a, b, options);
});

withCommonOptions(
  savepoint
    .command('preflight')
    .description('what a restore would do, without doing it')
    .argument('<savepoint>', 'id, path or label')
    .argument('<pipeline>', 'pipeline file that would be run from it')
    .option('--parallelism <n>', 'subtasks per operator', positiveInteger),
).action(async (id: string, pipeline: string, options: CommonOptions & { parallelism?: number }) => {
  const { preflightSavepoint } = await import('./savepoints.ts');
  await preflightSavepoint(id, pipeline, options);
});

withCommonOptions(
  savepoint
    .command('restore')
    .description('let a running job go on from a savepoint')
    .argument('<savepoint>', 'id, path or label')
    .argument('[job]', 'name of the running job; not needed when only one runs')
    .option('--parallelism <n>', 'subtasks per operator', positiveInteger)
    .option('--supersede', 'rename what sinks committed after the savepoint', false)
    .option('--allow-non-restored-state', 'drop state that no operator takes', false)
    .option(
      '--claim',
      'hand the savepoint over: it is deleted once newer checkpoints have subsumed it',
      false,
    ),
).action(
  async (
    id: string,
    job: string | undefined,
    options: CommonOptions & {
      parallelism?: number;
      supersede: boolean;
      allowNonRestoredState: boolean;
      claim: boolean;
    },
  ) => {
    const { restoreSavepoint } = await import('./savepoints.ts');
    await restoreSavepoint(id, job, options);
  },
);

withCommonOptions(
  savepoint
    .command('label')
    .description('give a savepoint another label, or none')
    .argument('<savepoint>', 'id, path or label')
    .argument('[label]', 'what it is for, in a few words')
    .option('--notes <notes>', 'anything else'),
).action(async (id: string, label: string | undefined, options: CommonOptions & { notes?: string }) => {
  const { labelSavepoint } = await import('./savepoints.ts');
  await labelSavepoint(id, label, options);
});

withCommonOptions(
  savepoint
    .command('delete')
    .description('delete a savepoint for good')
    .argument('<savepoint>', 'id or label'),
).action(async (id: string, options: CommonOptions) => {
  const { deleteSavepoint } = await import('./savepoints.ts');
  await deleteSavepoint(id, options);
});

withCommonOptions(
  savepoint
    .command('export')
    .description('write a savepoint into one file, to keep or to send')
    .argument('<savepoint>', 'id or path')
    .argument('[file]', 'where to; its id with .sluice.tar.gz unless given'),
).action(async (id: string, file: string | undefined, options: CommonOptions) => {
  const { exportToFile } = await import('./savepointFiles.ts');
  await exportToFile(id, file, options);
});

withCommonOptions(
  savepoint
    .command('import')
    .description('add an exported savepoint to the others')
    .argument('<file>', 'what export has written'),
).action(async (file: string, options: CommonOptions) => {
  const { importFromFile } = await import('./savepointFiles.ts');
  await importFromFile(file, options);
});

const checkpoint = program.command('checkpoint').description('look at the checkpoints that are kept');

withCommonOptions(
  checkpoint
    .command('list')
    .description('list completed checkpoints, newest first')
    .argument('[job]', 'its name'),
).action(async (job: string | undefined, options: CommonOptions) => {
  const { listCheckpoints } = await import('./checkpoints.ts');
  await listCheckpoints(job, options);
});

withCommonOptions(
  checkpoint
    .command('show')
    .description('what is in a checkpoint')
    .argument('<checkpoint>', 'its number or its path')
    .argument('[job]', 'name of the job; not needed when there is only one'),
).action(async (id: string, job: string | undefined, options: CommonOptions) => {
  const { showCheckpoint } = await import('./checkpoints.ts');
  await showCheckpoint(id, job, options);
});

withCommonOptions(
  checkpoint
    .command('mode')
    .description("switch a running job's checkpoints to another mode, until its run ends")
    .addArgument(
      new Argument('<mode>', 'how barriers cross the graph').choices([
        'aligned',
        'unaligned',
        'at-least-once',
      ]),
    )
    .argument('[job]', 'name of the running job; not needed when only one runs')
    .option(
      '--aligned-timeout <duration>',
      'with unaligned: begin aligned, overtake after this long',
      duration,
    ),
).action(
  async (
    mode: 'aligned' | 'unaligned' | 'at-least-once',
    job: string | undefined,
    options: CommonOptions & { alignedTimeout?: number },
  ) => {
    const { switchCheckpointMode } = await import('./checkpoints.ts');
    await switchCheckpointMode(mode, job, options);
  },
);

await main();

async function main(): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = told(error);
  }
}

function told(error: unknown): number {
  // Help and the version were asked for, or stand where a command is missing.
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.wrongUsage;
  const isVerbose = process.argv.includes('--verbose');
  const isJson = process.argv.includes('--json');
  const isUsage = error instanceof CommanderError;
  const exitCode = isUsage
    ? exitCodes.wrongUsage
    : error instanceof CliError
      ? error.exitCode
      : exitCodes.jobFailed;
  const sentence = isUsage
    ? usageSentence(error.message, commandOf(program, process.argv.slice(2)))
    : error instanceof Error
      ? error.message
      : String(error);
  process.stderr.write(`sluice: ${sentence}\n`);
  if (isVerbose && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (isJson) {
    const details = error instanceof CliError ? error.details : null;
    process.stdout.write(`${JSON.stringify({ type: 'error', exitCode, message: sentence, details })}\n`);
  }
  return exitCode;
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--data <directory>', 'where checkpoints and savepoints are kept', '.sluice')
    .option('--json', 'one JSON object a line instead of text', false)
    .option('--verbose', 'say more, with stack traces', false);
}

/** In bytes. */
function size(text: string): number {
  const [, digits, unit = ''] = /^(\d+) ?(kb|mb|gb)?$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new InvalidArgumentError('a size is a number of bytes, or one with kb, mb or gb, `256mb` say.');
  return Number(digits) * 1_024 ** ['', 'kb', 'mb', 'gb'].indexOf(unit.toLowerCase());
}

function positiveInteger(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It is at least 1.');
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('A port is at most 65535.');
  return value;
}

function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError('It is a number with ms, s, min or h.');
  const factors: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 };
  return Number(match[1]) * (factors[match[2] ?? 'ms'] ?? 1);
}

function durationOrNever(text: string): number | 'never' {
  if (text === 'never') return text;
  const value = duration(text);
  if (value <= 0) throw new InvalidArgumentError('It is longer than zero.');
  return value;
}

function parseRestart(text: string): RestartStrategy {
  const parsed = restartFrom(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.message);
  return parsed.strategy;
}

/** Not null: commander takes that for a missing value. */
function intervalOrOff(text: string): number | 'off' {
  return text === 'off' ? 'off' : duration(text);
}
