/** Which job, which savepoint, which pipeline a command means: its argument, else what is in front, else a question. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { pipelinesIn } from '../editor/pipelinesIn.ts';
import type { Job, Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import type { Shelves } from '../job/shelves.ts';
import type { Row, SnapshotRef } from '../trees/row.ts';
import { snapshotRef } from '../trees/savepointRows.ts';
import { bytesText, roughAgeText } from '../words/numbers.ts';

/** What the menus hand over: the file of an editor or of the explorer, or the row of a tree. */
export type CommandTarget = vscode.Uri | Row | undefined;

const pipelineFilesMax = 500;

export function fileOfTarget(target: CommandTarget): string | undefined {
  if (target instanceof vscode.Uri) return target.fsPath;
  const subject = target?.subject;
  return subject !== undefined && 'file' in subject ? subject.file : undefined;
}

export function snapshotOfTarget(target: CommandTarget): SnapshotRef | undefined {
  if (target === undefined || target instanceof vscode.Uri) return undefined;
  const { subject } = target;
  return subject.kind === 'savepoint' || subject.kind === 'checkpoint'
    ? (subject.snapshot ?? undefined)
    : undefined;
}

/** A job that is not over. */
export async function pickJob(
  jobs: Jobs,
  target: CommandTarget,
  placeHolder: string,
): Promise<Job | undefined> {
  const running = jobs.all.filter((job) => !isOver(job));
  const named = fileOfTarget(target) ?? vscode.window.activeTextEditor?.document.uri.fsPath;
  const meant = running.find((job) => job.file === named);
  if (meant !== undefined) return meant;
  if (running.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No job is running.'));
    return undefined;
  }
  if (running.length === 1) return running[0];
  const items = running.map((job) => ({
    label: job.name,
    description: vscode.workspace.asRelativePath(job.file),
    job,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.job;
}

export async function pickSnapshot(
  shelves: Shelves,
  placeHolder: string,
  isEligible: (snapshot: SnapshotRef) => boolean = () => true,
): Promise<SnapshotRef | undefined> {
  await shelves.refresh();
  const now = Date.now();
  const items = shelves.all
    .flatMap(({ folder, savepoints }) =>
      savepoints.map((savepoint) => ({ savepoint, snapshot: snapshotRef(folder, savepoint) })),
    )
    .filter(({ snapshot }) => isEligible(snapshot))
    .sort((a, b) => b.savepoint.createdAt - a.savepoint.createdAt)
    .map(({ savepoint, snapshot }) => ({
      label: `$(bookmark) ${snapshot.name}`,
      description: `${savepoint.job} · ${vscode.l10n.t('{0} ago', roughAgeText(now - savepoint.createdAt))} · ${bytesText(savepoint.bytes)}`,
      detail: savepoint.notes ?? '',
      snapshot,
    }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No savepoints yet. Take one before you change the code.'),
    );
    return undefined;
  }
  return (
    await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true, matchOnDetail: true })
  )?.snapshot;
}

/** The file to run: the one that is meant, or one that is chosen among those that make a pipeline. */
export async function pickPipelineFile(target: CommandTarget): Promise<string | undefined> {
  const named = fileOfTarget(target);
  if (named !== undefined) return named;
  const document = vscode.window.activeTextEditor?.document;
  if (document !== undefined && pipelinesIn(document.getText()).length > 0) return document.uri.fsPath;
  const found = await findPipelines();
  if (found.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No file of this workspace makes a pipeline. Open one that calls pipeline(…).'),
    );
    return undefined;
  }
  const items = found.map(({ file, name }) => ({
    label: name,
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('The pipeline to run') }))
    ?.file;
}

/** Every pipeline of the workspace with its name. */
export async function findPipelines(): Promise<readonly { readonly file: string; readonly name: string }[]> {
  const files = await vscode.workspace.findFiles(
    '**/*.{ts,mts,js,mjs}',
    '**/{node_modules,dist,out,.sluice}/**',
    pipelineFilesMax,
  );
  const found = await Promise.all(
    files.map(async ({ fsPath: file }) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return pipelinesIn(text).map(({ name }) => ({ file, name: name === '' ? basename(file) : name }));
    }),
  );
  return found.flat().sort((a, b) => a.name.localeCompare(b.name));
}

/** Where a job's pipeline lives: seen running, or found by its name, or pointed at by the user. */
export async function pipelineOfJob(jobs: Jobs, jobName: string): Promise<string | undefined> {
  const known = jobs.all.find((job) => job.name === jobName);
  if (known !== undefined) return known.file;
  const found = (await findPipelines()).filter(({ name }) => name === jobName);
  if (found.length === 1) return found[0]?.file;
  const candidates = found.length > 0 ? found : await findPipelines();
  const items = candidates.map(({ file, name }) => ({
    label: name,
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  const placeHolder = vscode.l10n.t('The pipeline that goes on from this savepoint of {0}', jobName);
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.file;
}
