/** The three views of the activity bar. */
import * as vscode from 'vscode';
import type { Comparing } from '../commands/compareCommands.ts';
import type { Jobs } from '../job/jobs.ts';
import type { Shelves } from '../job/shelves.ts';
import { checkpointRows } from './checkpointRows.ts';
import { jobRows } from './jobRows.ts';
import { createRowTree } from './rowTree.ts';
import { savepointRows } from './savepointRows.ts';

const ageTickMs = 60_000;

export function showTrees(jobs: Jobs, shelves: Shelves, comparing: Comparing): vscode.Disposable {
  const t = vscode.l10n.t;
  const jobTree = createRowTree('sluice.jobs', () => jobRows(jobs.all, Date.now(), t));
  const checkpointTree = createRowTree('sluice.checkpoints', () => checkpointRows(jobs.all, Date.now(), t));
  const savepointTree = createRowTree(
    'sluice.savepoints',
    () => savepointRows({ shelves: shelves.all, compareFrom: comparing.from, now: Date.now() }, t),
    () => void look(),
  );

  const look = async () => {
    await shelves.refresh();
    // Until it is known that there are none, nobody is told so.
    await vscode.commands.executeCommand('setContext', 'sluice.savepointsKnown', true);
    savepointTree.refresh();
  };

  const refreshJobs = () => {
    jobTree.refresh();
    checkpointTree.refresh();
  };
  // Ages of minutes and hours grow by themselves.
  const ages = setInterval(() => savepointTree.refresh(), ageTickMs);

  return vscode.Disposable.from(
    jobTree,
    checkpointTree,
    savepointTree,
    jobs.onDidChange(refreshJobs),
    jobs.onDidRemove(refreshJobs),
    shelves.onDidChange(() => savepointTree.refresh()),
    comparing.onDidChange(() => savepointTree.refresh()),
    new vscode.Disposable(() => clearInterval(ages)),
  );
}
