/** Where and how a folder's runtimes are started: the settings, read anew for every start. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { launchCommand } from '../supervisor/launchCommand.ts';
import type { JobLaunch, RecoveryPolicy } from '../supervisor/supervision.ts';
import type { LibrarySurroundings } from './savepointLibrary.ts';

/** The workspace folder that a pipeline belongs to; a file outside of every one belongs to its own directory. */
export function folderOf(file: string): string {
  return vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath ?? dirname(file);
}

export function surroundingsOf(
  folder: string,
  extension: vscode.Extension<unknown>,
): Omit<LibrarySurroundings, 'onLog'> {
  const runtimeFile = join(extension.extensionPath, 'dist', 'runtime', 'runtime.js');
  return {
    workingDirectory: folder,
    dataDirectory: join(folder, '.sluice'),
    clientVersion: String(extension.packageJSON.version),
    command() {
      if (!existsSync(runtimeFile))
        throw new Error(vscode.l10n.t('The extension is not complete: {0} is missing.', runtimeFile));
      return launchCommand({
        execPath: process.execPath,
        nodePath: settings().get('nodePath', ''),
        runtimeFile,
        env: process.env,
      });
    },
  };
}

export function recoveryPolicy(): RecoveryPolicy {
  const policy = settings().get<string>('recovery', 'ask');
  return policy === 'automatic' || policy === 'never' ? policy : 'ask';
}

export function yieldToEditor(): boolean {
  return settings().get('yieldToEditor', true);
}

/** What is asked of the runtime for a pipeline file when nothing else is said. */
export function defaultLaunch(pipelineFile: string): JobLaunch {
  const parallelism = settings().get<number>('parallelism', 0);
  const intervalMs = settings().get<number>('checkpointIntervalMs', 0);
  return {
    pipelineFile,
    parallelism: parallelism > 0 ? parallelism : null,
    from: null,
    supersede: false,
    allowNonRestoredState: false,
    checkpoints: intervalMs > 0 ? { intervalMs } : {},
  };
}

export function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('sluice');
}
