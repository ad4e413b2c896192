/** Ends a command: one sentence on stderr and the exit code of docs/cli.md. */
export const exitCodes = {
  done: 0,
  jobFailed: 1,
  wrongUsage: 2,
  notFound: 3,
  notCompatible: 4,
  interrupted: 130,
} as const;

export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: number;
  /** For --json and --verbose. */
  readonly details: unknown;

  constructor(exitCode: number, sentence: string, details: unknown = null) {
    super(sentence);
    this.exitCode = exitCode;
    this.details = details;
  }
}
