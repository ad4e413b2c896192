/**
 * The dashboards of this window: one per pipeline, and one per workspace folder for savepoints while nothing runs.
 * They survive a reload of the window: what each of them was about is remembered beside its title.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { DashboardToEditor, DashboardView } from '../../webview/protocol/messages.ts';
import type { Endpoint } from '../connection/link.ts';
import { openLocation } from '../editor/openLocation.ts';
import type { Jobs } from '../job/jobs.ts';
import { isOver } from '../job/jobView.ts';
import type { Lease } from '../job/savepointLibrary.ts';
import type { Shelves } from '../job/shelves.ts';
import { folderOf } from '../job/surroundings.ts';
import type { DashboardPanel } from './dashboardPanel.ts';
import { createTextDiffs } from './textDiffs.ts';

export interface Dashboards extends vscode.Disposable {
  open(subject: DashboardSubject, view?: DashboardView): Promise<void>;
  isOpen(file: string): boolean;
  readonly onDidClose: vscode.Event<DashboardSubject>;
}

/** The pipeline that it shows, or null when it is about a folder's savepoints only. */
export interface DashboardSubject {
  readonly file: string | null;
  readonly folder: string;
}

interface Open {
  readonly subject: DashboardSubject;
  readonly dashboard: DashboardPanel;
  lease: Lease | null;
  /** It was opened for savepoints, which can be looked at without a job; else an ended job's last picture stays. */
  isAboutSavepoints: boolean;
}

export const dashboardViewType = 'sluice.dashboard';
const memoryKey = 'sluice.dashboards';
const rememberedMax = 20;

export function createDashboards(
  context: vscode.ExtensionContext,
  jobs: Jobs,
  shelves: Shelves,
  log: vscode.LogOutputChannel,
): Dashboards {
  const opened = new Map<string, Open>();
  const close = new vscode.EventEmitter<DashboardSubject>();
  const diffs = createTextDiffs();
  const assets = vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');

  const fill = async (panel: vscode.WebviewPanel, subject: DashboardSubject): Promise<Open> => {
    const { createDashboardPanel } = await import('./dashboardPanel.ts');
    const endpoint = (): Endpoint | null => {
      const job = subject.file === null ? undefined : jobs.of(subject.file);
      return (
        job?.running.endpoint ?? (job === undefined || isOver(job) ? (open.lease?.endpoint ?? null) : null)
      );
    };
    const dashboard = createDashboardPanel(panel, {
      assets,
      endpoint,
      job: () => (subject.file === null ? null : (jobs.of(subject.file) ?? null)),
      canRun: () => subject.file !== null && vscode.workspace.isTrusted,
      onMessage: (message) => void onMessage(open, message),
      onNonsense: (text) => log.warn(`A message of the dashboard cannot be read: ${text}`),
    });
    const open: Open = { subject, dashboard, lease: null, isAboutSavepoints: false };
    opened.set(keyOf(subject), open);
    panel.onDidDispose(() => {
      opened.delete(keyOf(subject));
      open.lease?.release();
      close.fire(subject);
    });
    await borrow(open);
    return open;
  };

  /** Without a job of its own a dashboard asks a runtime without a job, as long as it is open. */
  const borrow = async (open: Open) => {
    const job = open.subject.file === null ? undefined : jobs.of(open.subject.file);
    const isGone = job !== undefined && isOver(job) && job.running.endpoint === null;
    const isNeeded = job === undefined || (isGone && open.isAboutSavepoints);
    if (!isNeeded) {
      open.lease?.release();
      open.lease = null;
    } else if (open.lease === null) {
      try {
        open.lease = await shelves.lease(open.subject.folder);
      } catch (error) {
        log.error(`No runtime for the savepoints of ${open.subject.folder}: ${String(error)}`);
      }
    }
    open.dashboard.update();
  };

  const see = async (open: Open, view: DashboardView | undefined) => {
    if (view === undefined) return;
    open.isAboutSavepoints ||= view.kind === 'compare' || view.kind === 'savepoint';
    open.dashboard.show(view);
    await borrow(open);
  };

  const onMessage = async (open: Open, message: Exclude<DashboardToEditor, { type: 'rpc' | 'ready' }>) => {
    const { subject, dashboard } = open;
    switch (message.type) {
      case 'openSource': {
        const { One, Beside } = vscode.ViewColumn;
        return openLocation(
          message.location,
          subject.folder,
          dashboard.panel.viewColumn === One ? Beside : One,
        );
      }
      case 'openTextDiff':
        return diffs.show(message.title, message.language, message.left, message.right);
      case 'copy':
        return vscode.env.clipboard.writeText(message.text);
      case 'title':
        return title(open, message.job, message.needsUser);
      case 'command':
        if (message.command === 'show-log') log.show(true);
        if (message.command === 'run' && subject.file !== null) {
          await vscode.commands.executeCommand('sluice.run', vscode.Uri.file(subject.file));
        }
    }
  };

  const title = (open: Open, job: string | null, needsUser: boolean) => {
    const { panel } = open.dashboard;
    panel.title = job ?? titleOf(open.subject);
    panel.iconPath = iconOf(context.extensionUri, needsUser);
    remember(panel.title, open.subject);
  };

  const remember = (name: string, subject: DashboardSubject) => {
    const known = context.workspaceState.get<Record<string, DashboardSubject>>(memoryKey, {});
    if (JSON.stringify(known[name]) === JSON.stringify(subject)) return;
    const { [name]: _, ...others } = known;
    const kept = Object.fromEntries([...Object.entries(others).slice(1 - rememberedMax), [name, subject]]);
    void context.workspaceState.update(memoryKey, kept);
  };

  const revival = vscode.window.registerWebviewPanelSerializer(dashboardViewType, {
    async deserializeWebviewPanel(panel) {
      const known = context.workspaceState.get<Record<string, DashboardSubject>>(memoryKey, {});
      const subject = known[panel.title];
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      if (subject === undefined && folder === undefined) return panel.dispose();
      await fill(panel, subject ?? { file: null, folder: folder ?? '' });
    },
  });

  const follow = (file: string) => {
    for (const open of opened.values()) if (open.subject.file === file) void borrow(open);
  };

  const subscriptions = [
    revival,
    close,
    diffs,
    jobs.onDidStart(({ file }) => follow(file)),
    jobs.onDidHear(({ job }) => follow(job.file)),
    jobs.onDidRemove(follow),
    jobs.onDidChange(({ file }) => {
      for (const { subject, dashboard } of opened.values()) if (subject.file === file) dashboard.update();
    }),
  ];

  return {
    async open(subject, view) {
      const existing = opened.get(keyOf(subject));
      if (existing !== undefined) {
        existing.dashboard.panel.reveal(undefined, false);
        await see(existing, view);
        return;
      }
      const column =
        vscode.window.activeTextEditor === undefined ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
      const panel = vscode.window.createWebviewPanel(
        dashboardViewType,
        titleOf(subject),
        { viewColumn: column, preserveFocus: view === undefined },
        { enableFindWidget: true },
      );
      panel.iconPath = iconOf(context.extensionUri, false);
      remember(panel.title, subject);
      const open = await fill(panel, subject);
      await see(open, view);
    },
    isOpen: (file) => [...opened.values()].some(({ subject }) => subject.file === file),
    onDidClose: close.event,
    dispose() {
      for (const { dashboard } of [...opened.values()]) dashboard.panel.dispose();
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

export function subjectOf(file: string): DashboardSubject {
  return { file, folder: folderOf(file) };
}

function keyOf({ file, folder }: DashboardSubject): string {
  return file ?? `folder:${folder}`;
}

function titleOf({ file, folder }: DashboardSubject): string {
  return file === null ? vscode.l10n.t('Savepoints of {0}', basename(folder)) : basename(file);
}

function iconOf(extension: vscode.Uri, needsUser: boolean): { light: vscode.Uri; dark: vscode.Uri } {
  const name = needsUser ? 'dashboard-attention' : 'dashboard';
  const file = (theme: string) => vscode.Uri.joinPath(extension, 'media', `${name}-${theme}.svg`);
  return { light: file('light'), dark: file('dark') };
}
