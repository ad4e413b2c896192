/**
 * Types for pipeline authors without an `npm install`: the declarations of the running version lie in
 * `.sluice/types`, and a `paths` entry in the folder's tsconfig.json points there. It is offered once, where
 * TypeScript says that it cannot find `sluice`, and stays a quick fix there; nothing is written unasked.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { folderOf } from '../job/surroundings.ts';
import { pipelineLanguages } from './pipelineLenses.ts';
import { hasTypePaths, withTypePaths } from './tsconfigPaths.ts';

const t = vscode.l10n.t;
const offeredKey = 'sluice.typesOffered';
/** "Cannot find module 'sluice' or its corresponding type declarations." */
const cannotFindModule = 2307;

export function offerPipelineTypes(context: vscode.ExtensionContext): vscode.Disposable {
  const folder = (uri: vscode.Uri) => vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;

  /** After an update of the extension, or in a fresh clone, the declarations are put there again. */
  const keepCurrent = async (document: vscode.TextDocument) => {
    const root = folder(document.uri);
    if (root === undefined || !vscode.workspace.isTrusted || !mentionsSluice(document)) return;
    const tsconfig = await readFile(join(root, 'tsconfig.json'), 'utf8').catch(() => '');
    if (hasTypePaths(tsconfig)) await putTypes(context, root);
  };

  const offer = async (uri: vscode.Uri) => {
    if (
      context.workspaceState.get(offeredKey) === true ||
      folder(uri) === undefined ||
      !vscode.workspace.isTrusted
    )
      return;
    if (!vscode.languages.getDiagnostics(uri).some(isAboutSluice)) return;
    await context.workspaceState.update(offeredKey, true);
    const setUp = t('Set Up Types');
    const text = t(
      'TypeScript does not find Sluice here. A paths entry in tsconfig.json lets it, without an install.',
    );
    if ((await vscode.window.showInformationMessage(text, setUp)) === setUp) await setUpTypes(context, uri);
  };

  return vscode.Disposable.from(
    vscode.commands.registerCommand('sluice.setUpTypes', (uri?: vscode.Uri) =>
      setUpTypes(context, uri ?? vscode.window.activeTextEditor?.document.uri),
    ),
    vscode.workspace.onDidOpenTextDocument(keepCurrent),
    vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      const active = vscode.window.activeTextEditor?.document.uri;
      if (active !== undefined && uris.some((uri) => uri.toString() === active.toString()))
        void offer(active);
    }),
    vscode.languages.registerCodeActionsProvider(
      pipelineLanguages.map((language) => ({ language })),
      {
        provideCodeActions: (document, _, { diagnostics }) =>
          diagnostics.filter(isAboutSluice).map((diagnostic) => fixFor(document, diagnostic)),
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}

function fixFor(document: vscode.TextDocument, diagnostic: vscode.Diagnostic): vscode.CodeAction {
  const title = t('Let TypeScript find Sluice (a paths entry in tsconfig.json)');
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.command = { command: 'sluice.setUpTypes', title, arguments: [document.uri] };
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  return action;
}

async function setUpTypes(context: vscode.ExtensionContext, uri: vscode.Uri | undefined): Promise<void> {
  const root = uri === undefined ? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath : folderOf(uri.fsPath);
  if (root === undefined) return;
  const file = join(root, 'tsconfig.json');
  const before = await readFile(file, 'utf8').catch(missing);
  const after = withTypePaths(before);
  await putTypes(context, root);
  if (after === null) {
    void vscode.window.showWarningMessage(
      t('{0} is written in a way that cannot be added to; the entry to add is shown.', 'tsconfig.json'),
    );
    const content = withTypePaths(null) ?? '';
    await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument({ language: 'jsonc', content }),
    );
    return;
  }
  if (after === before) return;
  await writeFile(file, after);
  // It would notice by itself, but only where files are watched, and late. An editor without it has nothing to reload.
  await vscode.commands.executeCommand('typescript.restartTsServer').then(undefined, () => {});
}

/** Copies the declarations of this version to where the entry points, once per version. */
async function putTypes({ extension }: vscode.ExtensionContext, root: string): Promise<void> {
  const target = join(root, '.sluice', 'types');
  const version = String(extension.packageJSON.version);
  const present = await readFile(join(target, 'version'), 'utf8').catch(() => '');
  if (present === version) return;
  await mkdir(target, { recursive: true });
  await writeFile(join(root, '.sluice', '.gitignore'), '*\n', { flag: 'wx' }).catch(unlessThere);
  await cp(join(extension.extensionPath, 'dist', 'types'), target, { recursive: true });
  await writeFile(join(target, 'version'), version);
}

function isAboutSluice({ code, message }: vscode.Diagnostic): boolean {
  const value = typeof code === 'object' ? code.value : code;
  return value === cannotFindModule && /'sluice(\/(connectors|testing))?'/.test(message);
}

function mentionsSluice(document: vscode.TextDocument): boolean {
  return (
    pipelineLanguages.includes(document.languageId) &&
    /from\s*['"]sluice(\/testing)?['"]/.test(document.getText())
  );
}

/** A file that is there already is what was wanted; anything else is not. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Null for a file that does not exist; one that cannot be read must not be taken for it, and written over. */
function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
