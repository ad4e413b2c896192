/** Compare two savepoints: pick both, or select one in the tree and compare it with another. The dashboard shows it. */
import * as vscode from 'vscode';
import type { Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import type { Shelves } from '../job/shelves.ts';
import type { Dashboards } from '../panel/dashboards.ts';
import type { SnapshotRef } from '../trees/row.ts';
import { type CommandTarget, pickSnapshot, snapshotOfTarget } from './pick.ts';

const t = vscode.l10n.t;

export interface Comparing extends vscode.Disposable {
  /** Chosen as the first of two. */
  readonly from: SnapshotRef | null;
  readonly onDidChange: vscode.Event<void>;
}

export function registerCompareCommands(jobs: Jobs, shelves: Shelves, dashboards: Dashboards): Comparing {
  const register = vscode.commands.registerCommand;
  const change = new vscode.EventEmitter<void>();
  let from: SnapshotRef | null = null;

  const select = (snapshot: SnapshotRef | null) => {
    from = snapshot;
    void vscode.commands.executeCommand('setContext', 'sluice.isComparing', snapshot !== null);
    change.fire();
  };

  const compare = async (a: SnapshotRef, b: SnapshotRef) => {
    if (a.folder !== b.folder) {
      void vscode.window.showWarningMessage(
        t('Two savepoints are compared when they lie in one workspace folder.'),
      );
      return;
    }
    const job = jobs.all.find(({ folder, name }) => folder === a.folder && name === b.job);
    const file = job === undefined || isOver(job) ? null : job.file;
    await dashboards.open({ file, folder: a.folder }, { kind: 'compare', a: a.id, b: b.id });
    select(null);
  };

  const commands = [
    register('sluice.compareSavepoints', async (target: CommandTarget) => {
      const a = snapshotOfTarget(target) ?? (await pickSnapshot(shelves, t('Compare this savepoint …')));
      if (a === undefined) return;
      const isOther = (snapshot: SnapshotRef) => snapshot.folder === a.folder && snapshot.id !== a.id;
      const b = await pickSnapshot(shelves, t('… with this one'), isOther);
      if (b !== undefined) await compare(a, b);
    }),
    register('sluice.selectForCompare', (target: CommandTarget) => select(snapshotOfTarget(target) ?? null)),
    register('sluice.compareWithSelected', async (target: CommandTarget) => {
      const b = snapshotOfTarget(target);
      if (from !== null && b !== undefined) await compare(from, b);
    }),
  ];

  return {
    get from() {
      return from;
    },
    onDidChange: change.event,
    dispose() {
      for (const disposable of [...commands, change]) disposable.dispose();
    },
  };
}
