/** Failures as diagnostics on the line that caused them; a new start of the same pipeline clears them. */
import * as vscode from 'vscode';
import type { LaunchFailure } from '../../runtime/protocol/launch.ts';
import type { SourceLocation } from '../../runtime/protocol/values.ts';
import type { Jobs } from '../job/jobs.ts';
import { fileOf, positionOf } from './openLocation.ts';

export function showProblems(jobs: Jobs): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('sluice');
  /** What each pipeline caused, by its file: a problem may lie in a file that it imports. */
  const problems = new Map<string, { readonly uri: vscode.Uri; readonly diagnostic: vscode.Diagnostic }[]>();

  const draw = () => {
    collection.clear();
    const byFile = new Map<string, [vscode.Uri, vscode.Diagnostic[]]>();
    for (const { uri, diagnostic } of [...problems.values()].flat()) {
      const entry = byFile.get(uri.toString()) ?? [uri, []];
      entry[1].push(diagnostic);
      byFile.set(uri.toString(), entry);
    }
    collection.set([...byFile.values()]);
  };

  const add = (file: string, folder: string, location: SourceLocation, message: string) => {
    const uri = vscode.Uri.file(fileOf(location, folder));
    const diagnostic = new vscode.Diagnostic(
      rangeAt(uri, location),
      message,
      vscode.DiagnosticSeverity.Error,
    );
    diagnostic.source = 'Sluice';
    const known = problems.get(file) ?? [];
    if (known.some((other) => other.uri.fsPath === uri.fsPath && other.diagnostic.message === message))
      return;
    problems.set(file, [...known, { uri, diagnostic }]);
    draw();
  };

  const forget = (file: string) => {
    if (problems.delete(file)) draw();
  };

  return vscode.Disposable.from(
    collection,
    jobs.onDidStart((job) => forget(job.file)),
    jobs.onDidRemove(forget),
    jobs.onDidHear(({ job, news }) => {
      if (news.type !== 'ended' || news.outcome.type !== 'failed') return;
      const { failure } = news.outcome;
      const location = failure.location ?? failure.exception?.location ?? null;
      if (location !== null) add(job.file, job.folder, location, messageOf(failure));
    }),
    jobs.onDidNotice(({ job, notice }) => {
      if (notice.method !== 'exception') return;
      const { location, operator, subtask, name, message } = notice.params.exception;
      if (location === null) return;
      const where = operator === null ? '' : `${operator}${subtask === null ? '' : `[${subtask.index}]`}: `;
      add(job.file, job.folder, location, `${where}${name}: ${message}`);
    }),
  );
}

function messageOf({ message, exception }: LaunchFailure): string {
  if (exception === null) return message;
  const { operator, subtask, name } = exception;
  const where = operator === null ? '' : `${operator}${subtask === null ? '' : `[${subtask.index}]`}: `;
  return `${where}${name}: ${exception.message}`;
}

/** The word at the place, or the rest of the line when there is none. */
function rangeAt(uri: vscode.Uri, location: SourceLocation): vscode.Range {
  const position = positionOf(location);
  const document = vscode.workspace.textDocuments.find((open) => open.uri.fsPath === uri.fsPath);
  if (document === undefined || position.line >= document.lineCount)
    return new vscode.Range(position, position.translate(0, 1));
  return (
    document.getWordRangeAtPosition(position) ??
    document.lineAt(position.line).range.with({ start: position })
  );
}
