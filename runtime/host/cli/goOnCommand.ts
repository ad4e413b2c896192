/** The command by which a stopped job goes on, as it can be pasted: with all that the stopped run was given and would miss. */
import { resolve } from 'node:path';
import { shownPath } from '../bundle.ts';
import type { CommandContext } from './commonOptions.ts';

export function goOnCommand(
  { data, workingDirectory }: Pick<CommandContext, 'data' | 'workingDirectory'>,
  job: { readonly pipelineFile: string; readonly from: string; readonly parallelism: number | null },
): string {
  const isDefaultData = data.root === resolve(workingDirectory, '.sluice');
  return [
    'sluice run',
    word(shownPath(job.pipelineFile, workingDirectory)),
    `--from ${word(job.from)}`,
    ...(job.parallelism === null ? [] : [`--parallelism ${job.parallelism}`]),
    ...(isDefaultData ? [] : [`--data ${word(shownPath(data.root, workingDirectory))}`]),
  ].join(' ');
}

/** As a shell takes it for one word. */
function word(text: string): string {
  return /^[\p{Letter}\p{Number}_./:@%+=,~\\-]+$/u.test(text) ? text : `"${text}"`;
}
