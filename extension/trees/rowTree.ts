/** Shows rows in a tree view. Rows are made anew each time; the view is told only when they differ from what it shows. */
import * as vscode from 'vscode';
import type { Row } from './row.ts';

export interface RowTree extends vscode.Disposable {
  /** The rows may be different now; looked at within a second, and only while the view can be seen. */
  refresh(): void;
}

const refreshMs = 1_000;

export function createRowTree(
  viewId: string,
  rows: () => readonly Row[],
  onShown: () => void = () => {},
): RowTree {
  const change = new vscode.EventEmitter<undefined>();
  let shown = '';
  let timer: NodeJS.Timeout | undefined;

  const view = vscode.window.createTreeView<Row>(viewId, {
    treeDataProvider: {
      onDidChangeTreeData: change.event,
      getChildren(row) {
        if (row !== undefined) return [...row.children];
        const current = rows();
        shown = JSON.stringify(current);
        return [...current];
      },
      getTreeItem: itemOf,
    },
  });

  const update = () => {
    timer = undefined;
    if (view.visible && JSON.stringify(rows()) !== shown) change.fire(undefined);
  };
  const visibility = view.onDidChangeVisibility(({ visible }) => {
    if (!visible) return;
    onShown();
    update();
  });
  if (view.visible) onShown();

  return {
    refresh() {
      timer ??= setTimeout(update, refreshMs);
    },
    dispose() {
      clearTimeout(timer);
      for (const disposable of [visibility, view, change]) disposable.dispose();
    },
  };
}

function itemOf(row: Row): vscode.TreeItem {
  const { None: leaf, Expanded: expanded, Collapsed: collapsed } = vscode.TreeItemCollapsibleState;
  const states = { leaf, expanded, collapsed };
  const item = new vscode.TreeItem(row.label, states[row.branch ?? 'leaf']);
  item.id = row.id;
  item.description = row.description;
  item.tooltip = new vscode.MarkdownString(row.tooltip);
  item.iconPath = new vscode.ThemeIcon(
    row.icon,
    row.color === null ? undefined : new vscode.ThemeColor(row.color),
  );
  item.contextValue = row.context;
  item.accessibilityInformation = {
    label: [row.label, row.description].filter((part) => part !== '').join(', '),
  };
  if (row.subject.kind === 'vertex' && row.subject.location !== null) {
    item.command = { command: 'sluice.openSource', title: vscode.l10n.t('Open Source'), arguments: [row] };
  }
  return item;
}
