/** Run, go on, stop. */
import * as vscode from 'vscode';
import type { Job, Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import { defaultLaunch, settings } from '../job/surroundings.ts';
import { type Dashboards, subjectOf } from '../panel/dashboards.ts';
import type { JobLaunch } from '../supervisor/supervision.ts';
import { type CommandTarget, fileOfTarget, pickJob, pickPipelineFile } from './pick.ts';

const t = vscode.l10n.t;

export function registerRunCommands(jobs: Jobs, dashboards: Dashboards): vscode.Disposable {
  const register = vscode.commands.registerCommand;
  const run = async (target: CommandTarget, from: JobLaunch['from']) => {
    const file = await pickPipelineFile(target);
    if (file !== undefined) await launch({ ...defaultLaunch(file), from }, jobs, dashboards);
  };
  return vscode.Disposable.from(
    register('sluice.run', (target: CommandTarget) => run(target, null)),
    register('sluice.continue', (target: CommandTarget) => run(target, 'latest')),
    register('sluice.stop', async (target: CommandTarget) => {
      const job = await pickJob(jobs, target, t('The job to stop'));
      job?.running.send({ type: 'stop' });
    }),
    register('sluice.stopWithSavepoint', async (target: CommandTarget) => {
      const job = await pickJob(jobs, target, t('The job to stop with a savepoint'));
      if (job !== undefined) await stopWithSavepoint(job);
    }),
    register('sluice.recover', async (target: CommandTarget) => {
      const job = await pickJob(jobs, target, t('The job to go on with'));
      job?.running.send({ type: 'recover', at: Date.now() });
    }),
    register('sluice.removeJob', (target: CommandTarget) => {
      const file = fileOfTarget(target);
      if (file !== undefined) jobs.remove(file);
    }),
  );
}

/** Starts a job and shows it. What goes wrong afterwards is news (`job/announce.ts`). */
export async function launch(launch: JobLaunch, jobs: Jobs, dashboards: Dashboards): Promise<void> {
  if (!(await requireTrust())) return;
  const file = launch.pipelineFile;
  await vscode.workspace.textDocuments
    .find((document) => document.uri.fsPath === file && document.isDirty)
    ?.save();
  const existing = jobs.of(file);
  if (existing !== undefined && !isOver(existing)) {
    await dashboards.open(subjectOf(file));
    void vscode.window.showInformationMessage(t('{0} is already running.', existing.name));
    return;
  }
  try {
    await jobs.start(launch);
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    return;
  }
  if (settings().get('openDashboardOnRun', true)) await dashboards.open(subjectOf(file));
}

async function requireTrust(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = t('Manage Workspace Trust');
  const chosen = await vscode.window.showWarningMessage(
    t('Nothing is run in an untrusted workspace; its savepoints can be looked at.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}

async function stopWithSavepoint(job: Job): Promise<void> {
  const label = await vscode.window.showInputBox({
    title: t('Stop {0} with a Savepoint', job.name),
    prompt: t('A label for the savepoint, or nothing'),
    placeHolder: t('Before the upgrade'),
  });
  if (label === undefined) return;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: t('Stopping {0} with a savepoint', job.name) },
    async () => {
      try {
        const request = { drain: false, ...(label === '' ? {} : { label }) };
        const { savepoint } = await job.running.request('job/stop', request);
        void vscode.window.showInformationMessage(
          t(
            '{0} was stopped with the savepoint "{1}".',
            job.name,
            savepoint.label ?? `#${savepoint.checkpointId}`,
          ),
        );
      } catch (error) {
        void vscode.window.showErrorMessage(
          t('{0} was not stopped: {1}', job.name, error instanceof Error ? error.message : String(error)),
        );
      }
    },
  );
}
