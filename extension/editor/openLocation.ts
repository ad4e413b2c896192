/** Shows a line of the user's source. */
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import type { SourceLocation } from '../../runtime/protocol/values.ts';

export async function openLocation(
  location: SourceLocation,
  folder: string,
  column?: vscode.ViewColumn,
): Promise<void> {
  const position = positionOf(location);
  try {
    await vscode.window.showTextDocument(vscode.Uri.file(fileOf(location, folder)), {
      selection: new vscode.Range(position, position),
      ...(column === undefined ? {} : { viewColumn: column }),
    });
  } catch {
    void vscode.window.showWarningMessage(vscode.l10n.t('{0} cannot be opened.', location.file));
  }
}

export function fileOf({ file }: SourceLocation, folder: string): string {
  return isAbsolute(file) ? file : join(folder, file);
}

/** The runtime counts from 1, the editor from 0. */
export function positionOf({ line, column }: SourceLocation): vscode.Position {
  return new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
}
