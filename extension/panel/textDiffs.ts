/** Two read-only texts side by side in the editor's own diff; the newest few are kept for as long as they are shown. */
import * as vscode from 'vscode';

export interface DiffSide {
  readonly label: string;
  readonly text: string;
}

export interface TextDiffs extends vscode.Disposable {
  show(title: string, language: string, left: DiffSide, right: DiffSide): Promise<void>;
}

const scheme = 'sluice-text';
const textsMax = 40;

export function createTextDiffs(): TextDiffs {
  const texts = new Map<string, string>();
  let next = 0;
  const provider = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    provideTextDocumentContent: (uri) => texts.get(uri.query) ?? '',
  });

  const keep = ({ label, text }: DiffSide, language: string): vscode.Uri => {
    const id = String(next++);
    texts.set(id, text);
    if (texts.size > textsMax) texts.delete(texts.keys().next().value ?? '');
    const name = label.replace(/[\\/:*?"<>|#]+/g, ' ').trim() || 'value';
    return vscode.Uri.from({ scheme, path: `/${name}.${language === 'json' ? 'json' : 'txt'}`, query: id });
  };

  return {
    async show(title, language, left, right) {
      await vscode.commands.executeCommand(
        'vscode.diff',
        keep(left, language),
        keep(right, language),
        title,
        { preview: true },
      );
    },
    dispose: () => provider.dispose(),
  };
}
