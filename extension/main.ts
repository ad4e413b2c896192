/**
 * The extension's front door. `activate` reads like a table of contents; what talks to a runtime (sockets, schemas,
 * processes) is loaded by the first job or the first look at a savepoint, not here.
 */
import * as vscode from 'vscode';
import { registerCompareCommands } from './commands/compareCommands.ts';
import { registerRestoreCommands } from './commands/restoreCommands.ts';
import { launch, registerRunCommands } from './commands/runCommands.ts';
import { registerSavepointCommands } from './commands/savepointCommands.ts';
import { registerViewCommands } from './commands/viewCommands.ts';
import { keepContextKeys } from './editor/contextKeys.ts';
import { showPipelineLenses } from './editor/pipelineLenses.ts';
import { offerPipelineTypes } from './editor/pipelineTypes.ts';
import { showProblems } from './editor/problems.ts';
import { showStatusItems } from './editor/statusItems.ts';
import { announceNews } from './job/announce.ts';
import { createJobs } from './job/jobs.ts';
import { createShelves } from './job/shelves.ts';
import { createDashboards } from './panel/dashboards.ts';
import { showTrees } from './trees/trees.ts';

/** What other extensions, and the tests, may look at. */
export interface SluiceApi {
  jobs(): readonly {
    readonly file: string;
    readonly name: string;
    readonly phase: string;
    readonly pid: number | null;
  }[];
}

let end: () => Promise<void> = async () => {};

export function activate(context: vscode.ExtensionContext): SluiceApi {
  const keep = <T extends vscode.Disposable>(disposable: T): T => {
    context.subscriptions.push(disposable);
    return disposable;
  };
  const log = keep(vscode.window.createOutputChannel('Sluice', { log: true }));

  const jobs = keep(createJobs(context.extension, log));
  const shelves = keep(createShelves(context.extension, jobs, log));
  const dashboards = keep(createDashboards(context, jobs, shelves, log));
  end = async () => void (await Promise.all([jobs.end(), shelves.end()]));

  keep(registerRunCommands(jobs, dashboards));
  keep(registerSavepointCommands(jobs, shelves));
  keep(registerRestoreCommands(jobs, shelves, dashboards));
  const comparing = keep(registerCompareCommands(jobs, shelves, dashboards));
  keep(registerViewCommands(jobs, dashboards, log));

  keep(showTrees(jobs, shelves, comparing));
  keep(showStatusItems(jobs));
  keep(showPipelineLenses(jobs));
  keep(offerPipelineTypes(context));
  keep(showProblems(jobs));
  keep(keepContextKeys(jobs));
  keep(announceNews({ jobs, dashboards, log, start: (job) => launch(job, jobs, dashboards) }));

  // An ended job's process answers for it as long as somebody looks.
  keep(
    dashboards.onDidClose(({ file }) => file !== null && jobs.of(file)?.running.send({ type: 'release' })),
  );
  keep(
    jobs.onDidHear(({ job, news }) => {
      if (news.type === 'ended' && !dashboards.isOpen(job.file)) job.running.send({ type: 'release' });
    }),
  );

  // `npm start` opens a window of its own for one pipeline, which goes on where the last one stopped.
  const started = process.env.SLUICE_RUN;
  if (started !== undefined) void vscode.commands.executeCommand('sluice.continue', vscode.Uri.file(started));

  return {
    jobs: () =>
      jobs.all.map(({ file, name, state, running }) => ({
        file,
        name,
        phase: state.phase,
        pid: running.pid,
      })),
  };
}

/** The window goes away, and every runtime of it goes first. */
export async function deactivate(): Promise<void> {
  await end();
}
