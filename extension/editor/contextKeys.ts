/** What the manifest's `when` clauses look at. */
import * as vscode from 'vscode';
import type { Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import { pipelineLanguages } from './pipelineLenses.ts';
import { isPipelineFile } from './pipelinesIn.ts';

export function keepContextKeys(jobs: Jobs): vscode.Disposable {
  const known = new Map<string, unknown>();
  const set = (key: string, value: boolean) => {
    if (known.get(key) === value) return;
    known.set(key, value);
    void vscode.commands.executeCommand('setContext', `sluice.${key}`, value);
  };

  const updateEditor = () => {
    const document = vscode.window.activeTextEditor?.document;
    const isCandidate = document !== undefined && pipelineLanguages.includes(document.languageId);
    set('editorIsPipeline', isCandidate && isPipelineFile(document.getText()));
    updateJobs();
  };

  /** Up to ten times a second: reads no text. */
  const updateJobs = () => {
    const document = vscode.window.activeTextEditor?.document;
    const job = document === undefined ? undefined : jobs.of(document.uri.fsPath);
    set('editorIsRunning', job !== undefined && !isOver(job));
    set(
      'anyRunning',
      jobs.all.some((candidate) => !isOver(candidate)),
    );
    set(
      'anyLive',
      jobs.all.some((candidate) => candidate.isLive),
    );
  };

  updateEditor();
  return vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor(updateEditor),
    vscode.workspace.onDidSaveTextDocument(updateEditor),
    vscode.workspace.onDidOpenTextDocument(updateEditor),
    jobs.onDidChange(updateJobs),
    jobs.onDidRemove(updateJobs),
  );
}
