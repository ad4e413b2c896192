/** Show the dashboard, the log, a line of source. */
import * as vscode from 'vscode';
import { openLocation } from '../editor/openLocation.ts';
import type { Jobs } from '../job/jobs.ts';
import { folderOf } from '../job/surroundings.ts';
import { type Dashboards, subjectOf } from '../panel/dashboards.ts';
import { type CommandTarget, fileOfTarget, snapshotOfTarget } from './pick.ts';

const t = vscode.l10n.t;

export function registerViewCommands(
  jobs: Jobs,
  dashboards: Dashboards,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const register = vscode.commands.registerCommand;
  return vscode.Disposable.from(
    register('sluice.openDashboard', async (target: CommandTarget) => {
      const snapshot = snapshotOfTarget(target);
      const checkpoint =
        target !== undefined && !(target instanceof vscode.Uri) && target.subject.kind === 'checkpoint'
          ? target.subject.checkpoint
          : null;
      const file = fileOfTarget(target) ?? (await jobInFront(jobs));
      if (file !== undefined) {
        await dashboards.open(
          subjectOf(file),
          checkpoint === null ? undefined : { kind: 'checkpoint', id: checkpoint },
        );
        return;
      }
      const folder = snapshot?.folder ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      if (folder === undefined) void vscode.window.showInformationMessage(t('Open a folder first.'));
      else
        await dashboards.open(
          { file: null, folder },
          snapshot === undefined ? undefined : { kind: 'savepoint', savepoint: snapshot.id },
        );
    }),
    register('sluice.showLog', () => log.show(true)),
    register('sluice.openSource', async (target: CommandTarget) => {
      if (target === undefined || target instanceof vscode.Uri || target.subject.kind !== 'vertex') return;
      const { file, location } = target.subject;
      if (location !== null) await openLocation(location, folderOf(file));
    }),
  );
}

/** The job of the active editor, else the only one, else the one that is chosen; undefined when there is none. */
async function jobInFront(jobs: Jobs): Promise<string | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri.fsPath;
  const inFront =
    jobs.all.find(({ file }) => file === active) ?? (jobs.all.length === 1 ? jobs.all[0] : undefined);
  if (inFront !== undefined || jobs.all.length === 0) return inFront?.file;
  const items = jobs.all.map(({ file, name }) => ({
    label: name,
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: t('The job to show') }))?.file;
}
