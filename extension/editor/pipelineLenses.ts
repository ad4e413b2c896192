/** Run, and what else can be done, above every `pipeline(`. */
import * as vscode from 'vscode';
import type { Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import { settings } from '../job/surroundings.ts';
import { pipelinesIn } from './pipelinesIn.ts';

export const pipelineLanguages = ['typescript', 'javascript'];

export function showPipelineLenses(jobs: Jobs): vscode.Disposable {
  const change = new vscode.EventEmitter<void>();
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: change.event,
    provideCodeLenses(document) {
      if (!settings().get('codeLens', true) || !vscode.workspace.isTrusted) return [];
      return pipelinesIn(document.getText()).flatMap(({ line, column }) => {
        const range = new vscode.Range(line, column, line, column + 'pipeline'.length);
        return lensCommands(jobs, document.uri).map((command) => new vscode.CodeLens(range, command));
      });
    },
  };
  return vscode.Disposable.from(
    change,
    vscode.languages.registerCodeLensProvider(
      pipelineLanguages.map((language) => ({ language })),
      provider,
    ),
    jobs.onDidStart(() => change.fire()),
    jobs.onDidHear(() => change.fire()),
    jobs.onDidRemove(() => change.fire()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => change.fire()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('sluice.codeLens')) change.fire();
    }),
  );
}

function lensCommands(jobs: Jobs, uri: vscode.Uri): readonly vscode.Command[] {
  const t = vscode.l10n.t;
  const job = jobs.of(uri.fsPath);
  const lens = (icon: string, title: string, command: string) => ({
    title: `$(${icon}) ${title}`,
    command,
    arguments: [uri],
  });
  if (job === undefined || isOver(job)) {
    return [
      lens('play', t('Run'), 'sluice.run'),
      lens('debug-continue', t('Go On'), 'sluice.continue'),
      lens('history', t('Restore…'), 'sluice.restoreSavepoint'),
    ];
  }
  return [
    lens('graph', t('Dashboard'), 'sluice.openDashboard'),
    lens('bookmark', t('Take Savepoint'), 'sluice.takeSavepoint'),
    lens('debug-stop', t('Stop'), 'sluice.stop'),
  ];
}
