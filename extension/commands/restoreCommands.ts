/**
 * Restore: a running job goes back to the savepoint in place, after its pre-flight was shown and agreed to; a job
 * that does not run is started from it, and the runtime refuses by itself whatever was not agreed to.
 */
import * as vscode from 'vscode';
import type { Job, Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import type { Shelves } from '../job/shelves.ts';
import { defaultLaunch } from '../job/surroundings.ts';
import { type Dashboards, subjectOf } from '../panel/dashboards.ts';
import type { SnapshotRef } from '../trees/row.ts';
import { restoreQuestion } from '../words/preflightText.ts';
import { type CommandTarget, fileOfTarget, pickSnapshot, pipelineOfJob, snapshotOfTarget } from './pick.ts';
import { launch } from './runCommands.ts';

const t = vscode.l10n.t;

export function registerRestoreCommands(
  jobs: Jobs,
  shelves: Shelves,
  dashboards: Dashboards,
): vscode.Disposable {
  const restore = async (target: CommandTarget, askParallelism: boolean) => {
    const snapshot = snapshotOfTarget(target) ?? (await pickSnapshot(shelves, t('The savepoint to restore')));
    if (snapshot === undefined) return;
    const file = fileOfTarget(target) ?? (await pipelineOfJob(jobs, snapshot.job));
    if (file === undefined) return;
    const parallelism = askParallelism ? await askForParallelism() : null;
    if (parallelism === undefined) return;
    const job = jobs.of(file);
    if (job !== undefined && !isOver(job) && job.isLive)
      return restoreRunning(job, snapshot, parallelism, dashboards);
    const asked = defaultLaunch(file);
    await launch(
      { ...asked, from: snapshot.id, parallelism: parallelism ?? asked.parallelism },
      jobs,
      dashboards,
    );
  };
  return vscode.Disposable.from(
    vscode.commands.registerCommand('sluice.restoreSavepoint', (target: CommandTarget) =>
      restore(target, false),
    ),
    vscode.commands.registerCommand('sluice.restoreSavepointRescaled', (target: CommandTarget) =>
      restore(target, true),
    ),
  );
}

async function restoreRunning(
  job: Job,
  snapshot: SnapshotRef,
  parallelism: number | null,
  dashboards: Dashboards,
): Promise<void> {
  const asked = { savepoint: snapshot.id, ...(parallelism === null ? {} : { parallelism }) };
  try {
    const preflight = await job.running.request('savepoint/preflight', asked);
    const question = restoreQuestion(preflight, t);
    const options = { modal: true, detail: question.detail };
    if (question.agree === null) {
      await vscode.window.showErrorMessage(question.message, options);
      return;
    }
    const show = t('Show Pre-flight');
    const chosen = await vscode.window.showWarningMessage(question.message, options, question.agree, show);
    if (chosen === show)
      await dashboards.open(subjectOf(job.file), { kind: 'restore', savepoint: snapshot.id });
    if (chosen !== question.agree) return;
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: t('Restoring {0} from "{1}"', job.name, snapshot.name),
      },
      () =>
        job.running.request('savepoint/restore', {
          ...asked,
          supersede: preflight.needs.includes('supersede'),
          allowNonRestoredState: preflight.needs.includes('allow-non-restored-state'),
        }),
    );
    await dashboards.open(subjectOf(job.file));
  } catch (error) {
    void vscode.window.showErrorMessage(
      t('{0} was not restored: {1}', job.name, error instanceof Error ? error.message : String(error)),
    );
  }
}

/** undefined when the user thought better of it. */
async function askForParallelism(): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: t('Restore at Another Parallelism'),
    prompt: t('How many subtasks every operator has'),
    validateInput: (value) => (/^[1-9]\d{0,3}$/.test(value.trim()) ? null : t('A whole number from 1 on')),
  });
  return text === undefined ? undefined : Number(text);
}
