/** A status bar item per running job. */
import * as vscode from 'vscode';
import type { Jobs } from '../job/jobs.ts';
import { statusText } from './statusText.ts';

const tickMs = 1_000;
const priority = 50;

export function showStatusItems(jobs: Jobs): vscode.Disposable {
  const items = new Map<string, vscode.StatusBarItem>();
  let timer: NodeJS.Timeout | undefined;

  const draw = () => {
    timer = undefined;
    const drawn = new Set<string>();
    for (const job of jobs.all) {
      const status = statusText(job, Date.now(), vscode.l10n.t);
      if (status === null) continue;
      drawn.add(job.file);
      const item = items.get(job.file) ?? create(job.file);
      item.text = status.text;
      item.tooltip = status.tooltip;
      item.accessibilityInformation = { label: status.spoken, role: 'button' };
      item.backgroundColor =
        status.severity === 'normal'
          ? undefined
          : new vscode.ThemeColor(`statusBarItem.${status.severity}Background`);
    }
    for (const [file, item] of items) {
      if (drawn.has(file)) continue;
      item.dispose();
      items.delete(file);
    }
    // The age of the last checkpoint grows by itself.
    if (items.size > 0) timer = setTimeout(draw, tickMs);
  };

  const create = (file: string) => {
    const item = vscode.window.createStatusBarItem(
      `sluice.job.${file}`,
      vscode.StatusBarAlignment.Left,
      priority,
    );
    item.name = vscode.l10n.t('Sluice job');
    item.command = { command: 'sluice.openDashboard', title: '', arguments: [vscode.Uri.file(file)] };
    item.show();
    items.set(file, item);
    return item;
  };

  const drawNow = () => {
    clearTimeout(timer);
    draw();
  };

  return vscode.Disposable.from(
    jobs.onDidStart(drawNow),
    jobs.onDidHear(drawNow),
    jobs.onDidRemove(drawNow),
    jobs.onDidNotice(({ notice }) => {
      if (notice.method === 'stall/changed' || notice.method === 'job/changed') drawNow();
    }),
    new vscode.Disposable(() => {
      clearTimeout(timer);
      for (const item of items.values()) item.dispose();
    }),
  );
}
