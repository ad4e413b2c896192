/** `sluice jobs`: what runs on this data directory. */
import { runningJobs } from '../runningJobs.ts';
import { type CommonOptions, commandContext } from './commonOptions.ts';
import { table, timeText } from './output.ts';

export function jobs(options: CommonOptions): void {
  const { output, data } = commandContext(options);
  const running = runningJobs(data);
  if (output.json) {
    for (const { token: _, process, ...job } of running)
      output.tell({ type: 'job', ...job, pid: process.pid });
    return;
  }
  if (running.length === 0) {
    output.say(`No job runs on ${data.root}.`);
    return;
  }
  const rows = running.map(({ job, process, since, pipelineFile }) => [
    job,
    String(process.pid),
    timeText(since),
    pipelineFile,
  ]);
  for (const line of table(['job', 'process', 'since', 'pipeline'], rows)) output.say(line);
}
