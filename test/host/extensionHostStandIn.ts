/**
 * Stands in for an extension host that can be killed: it runs the pipeline of its first argument as the extension
 * does, prints the runtime's pid once the job runs, and then does nothing for ever.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startJob } from '../../extension/job/runningJob.ts';
import { launchCommand } from '../../extension/supervisor/launchCommand.ts';

const runtimeFile = fileURLToPath(new URL('../../dist/runtime/runtime.js', import.meta.url));
const pipelineFile = process.argv[2] ?? '';
const workingDirectory = dirname(pipelineFile);

const job = startJob(
  {
    pipelineFile,
    parallelism: null,
    from: null,
    supersede: false,
    allowNonRestoredState: false,
    checkpoints: {},
  },
  {
    workingDirectory,
    dataDirectory: join(workingDirectory, '.sluice'),
    clientVersion: '0',
    command: () => launchCommand({ execPath: process.execPath, nodePath: '', runtimeFile, env: process.env }),
    recovery: () => 'never',
    givesWay: () => true,
  },
  {
    onChange() {},
    onNotice() {},
    onNews: (news) => console.error(JSON.stringify(news)),
    onReport(report) {
      if (report.type === 'running') console.log(job.pid);
    },
    onLog: (level, text) => console.error(`${level}: ${text}`),
  },
);
