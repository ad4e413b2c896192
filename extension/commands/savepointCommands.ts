/** Take, label, delete a savepoint; copy where it lies. */
import * as vscode from 'vscode';
import type { CheckpointSummary } from '../../runtime/protocol/checkpoints.ts';
import type { SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import { savepointUnderWay } from '../job/facts.ts';
import type { Job, Jobs } from '../job/jobs.ts';
import type { Shelves } from '../job/shelves.ts';
import type { SnapshotRef } from '../trees/row.ts';
import { bytesText, durationText } from '../words/numbers.ts';
import { type CommandTarget, pickJob, pickSnapshot, snapshotOfTarget } from './pick.ts';

const t = vscode.l10n.t;

export function registerSavepointCommands(jobs: Jobs, shelves: Shelves): vscode.Disposable {
  const register = vscode.commands.registerCommand;
  const withSnapshot =
    (placeHolder: string, then: (snapshot: SnapshotRef) => Promise<void>) =>
    async (target: CommandTarget) => {
      const snapshot = snapshotOfTarget(target) ?? (await pickSnapshot(shelves, placeHolder));
      if (snapshot !== undefined) await then(snapshot);
    };
  return vscode.Disposable.from(
    register('sluice.takeSavepoint', async (target: CommandTarget) => {
      const job = await pickJob(jobs, target, t('The job to take a savepoint of'));
      if (job !== undefined) await takeSavepoint(job, jobs, shelves);
    }),
    register(
      'sluice.labelSavepoint',
      withSnapshot(t('The savepoint to label'), (snapshot) => labelSavepoint(snapshot, shelves)),
    ),
    register(
      'sluice.deleteSavepoint',
      withSnapshot(t('The savepoint to delete'), (snapshot) => deleteSavepoint(snapshot, shelves)),
    ),
    register(
      'sluice.copyPath',
      withSnapshot(t('The savepoint whose path is copied'), async ({ path }) =>
        vscode.env.clipboard.writeText(path),
      ),
    ),
    register('sluice.refreshSavepoints', () => shelves.refresh()),
  );
}

async function takeSavepoint(job: Job, jobs: Jobs, shelves: Shelves): Promise<void> {
  const label = await vscode.window.showInputBox({
    title: t('Take a Savepoint of {0}', job.name),
    prompt: t('A label for the savepoint, or nothing'),
    placeHolder: t('Before the upgrade'),
  });
  if (label === undefined) return;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: t('Taking a savepoint of {0}', job.name),
    cancellable: true,
  };
  await vscode.window.withProgress(options, async (progress, cancellation) => {
    let underWay: CheckpointSummary | null = null;
    const subscriptions = [
      jobs.onDidChange((changed) => {
        if (changed !== job || job.facts === null) return;
        const current = savepointUnderWay(job.facts);
        if (current === null || current.acknowledged === underWay?.acknowledged) return;
        underWay = current;
        progress.report({
          message: t('{0} of {1} tasks have acknowledged', current.acknowledged, current.tasks),
        });
      }),
      cancellation.onCancellationRequested(() => {
        // How the savepoint ended is said by the answer to the request for it, also when this one comes too late.
        if (underWay !== null) job.running.request('checkpoint/abort', { id: underWay.id }).catch(() => {});
      }),
    ];
    try {
      const { savepoint } = await job.running.request(
        'savepoint/take',
        label === '' ? {} : { label },
        cancellation,
      );
      announceTaken(savepoint, job);
      await shelves.refresh();
    } catch (error) {
      if (cancellation.isCancellationRequested) return;
      void vscode.window.showErrorMessage(
        t('The savepoint of {0} was not taken: {1}', job.name, sentenceOf(error)),
      );
    } finally {
      for (const subscription of subscriptions) subscription.dispose();
    }
  });
}

function announceTaken(savepoint: SavepointSummary, job: Job): void {
  const taken = job.facts?.checkpoints.find(({ id }) => id === savepoint.checkpointId);
  const name = savepoint.label ?? `#${savepoint.checkpointId}`;
  const took = taken?.durationMs == null ? '' : ` · ${durationText(taken.durationMs)}`;
  // It stands in the tree already: nobody has to be interrupted for that.
  vscode.window.setStatusBarMessage(
    `$(bookmark) ${t('Savepoint "{0}" taken', name)} · ${bytesText(savepoint.bytes)}${took}`,
    6_000,
  );
}

async function labelSavepoint(snapshot: SnapshotRef, shelves: Shelves): Promise<void> {
  const known = shelves.find(snapshot.folder, snapshot.id);
  const label = await vscode.window.showInputBox({
    title: t('Label the Savepoint'),
    prompt: t('Empty takes the label away'),
    value: known?.label ?? '',
  });
  if (label === undefined) return;
  await answering(async () => {
    const request = {
      savepoint: snapshot.id,
      label: label === '' ? null : label,
      notes: known?.notes ?? null,
    };
    await shelves.request(snapshot.folder, 'savepoint/label', request);
    await shelves.refresh();
  });
}

async function deleteSavepoint(snapshot: SnapshotRef, shelves: Shelves): Promise<void> {
  const remove = t('Delete');
  const known = shelves.find(snapshot.folder, snapshot.id);
  const chosen = await vscode.window.showWarningMessage(
    t('Delete the savepoint "{0}" of {1}?', snapshot.name, snapshot.job),
    {
      modal: true,
      detail: [
        known === undefined ? '' : bytesText(known.bytes),
        snapshot.path,
        t('It cannot be brought back.'),
      ]
        .join('\n')
        .trim(),
    },
    remove,
  );
  if (chosen !== remove) return;
  await answering(async () => {
    await shelves.request(snapshot.folder, 'savepoint/delete', { savepoint: snapshot.id });
    await shelves.refresh();
  });
}

async function answering(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    void vscode.window.showErrorMessage(sentenceOf(error));
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
