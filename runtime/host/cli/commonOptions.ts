/** Options that every command has, and where they lead. */
import { resolve } from 'node:path';
import { type DataDirectory, dataDirectory } from '../dataDirectory.ts';
import { type RunningJob, runningJobs } from '../runningJobs.ts';
import { CliError, exitCodes } from './cliError.ts';
import { Client } from './client.ts';
import { Output } from './output.ts';

export interface CommonOptions {
  readonly data: string;
  readonly json: boolean;
  readonly verbose: boolean;
}

export interface CommandContext {
  readonly output: Output;
  readonly data: DataDirectory;
  /** Where paths that are typed are relative to. */
  readonly workingDirectory: string;
}

export function commandContext(options: CommonOptions): CommandContext {
  const workingDirectory = process.cwd();
  return {
    output: new Output(options),
    data: dataDirectory(resolve(workingDirectory, options.data)),
    workingDirectory,
  };
}

/** The one that is named, or the only one there is. */
export function findRunningJob(context: CommandContext, name: string | undefined): RunningJob {
  const running = runningJobs(context.data);
  const names = running.map(({ job }) => job).join(', ');
  if (name !== undefined) {
    const found = running.find(({ job }) => job === name);
    if (found !== undefined) return found;
    const others = running.length === 0 ? 'none runs' : `there are ${names}`;
    throw new CliError(exitCodes.notFound, `No job named ${name} runs on ${context.data.root}; ${others}.`);
  }
  const [only, ...others] = running;
  if (only === undefined) {
    throw new CliError(
      exitCodes.notFound,
      `No job runs on ${context.data.root}; start one with sluice run, or name its --data.`,
    );
  }
  if (others.length > 0)
    throw new CliError(exitCodes.wrongUsage, `Several jobs run (${names}); say which one.`);
  return only;
}

export async function withClient<T>(running: RunningJob, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await Client.connect(running);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
