/**
 * One dashboard: a webview, a socket of its own, and the relay between the two. The token stays here; the page gets
 * frames only. A hidden page does not exist (no `retainContextWhenHidden`), so its socket is closed too, and when it
 * is seen again it says `ready` and starts over from a snapshot.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import {
  type DashboardToEditor,
  type DashboardView,
  dashboardToEditor,
  type EditorToDashboard,
} from '../../webview/protocol/messages.ts';
import { dashboardPage } from '../../webview/protocol/page.ts';
import { createLink, type Endpoint } from '../connection/link.ts';
import type { JobView } from '../job/jobView.ts';
import { relayState } from './relayState.ts';

export interface DashboardPanel {
  readonly panel: vscode.WebviewPanel;
  /** Where its engine listens now, and what its job is doing. */
  update(): void;
  show(view: DashboardView): void;
}

export interface DashboardSurroundings {
  readonly assets: vscode.Uri;
  endpoint(): Endpoint | null;
  job(): JobView | null;
  canRun(): boolean;
  /** Everything but rpc, which the panel relays itself. */
  onMessage(message: Exclude<DashboardToEditor, { type: 'rpc' | 'ready' }>): void;
  onNonsense(text: string): void;
}

export function dashboardOptions(assets: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [assets], enableForms: false, enableCommandUris: false };
}

export function createDashboardPanel(
  panel: vscode.WebviewPanel,
  surroundings: DashboardSurroundings,
): DashboardPanel {
  const { webview } = panel;
  let generation = 0;
  let isReady = false;
  let pendingView: DashboardView | null = null;
  let lostSince: number | null = null;
  let sent = '';

  const link = createLink({
    onState(state) {
      if (state.phase === 'open') {
        generation += 1;
        lostSince = null;
      }
      tell();
    },
    onText: (message) => post({ type: 'rpc', generation, message }),
  });

  const post = (message: EditorToDashboard) => {
    if (isReady) void webview.postMessage(message);
  };

  const tell = () => {
    if (!isReady) return;
    if (link.state.phase !== 'open') lostSince ??= Date.now();
    const { canRun, job } = surroundings;
    const facts = { link: link.state, generation, job: job(), now: Date.now(), lostSince, canRun: canRun() };
    const message: EditorToDashboard = { type: 'connection', state: relayState(facts, vscode.l10n.t) };
    const { state } = message;
    // The moment of the next attempt is no news by itself.
    const key = JSON.stringify(state.kind === 'lost' ? { ...state, retryAt: state.retryAt !== null } : state);
    if (key === sent) return;
    sent = key;
    post(message);
  };

  const update = () => {
    if (isReady) link.aim(surroundings.endpoint());
    tell();
  };

  const begin = () => {
    isReady = true;
    sent = '';
    // A page that was loaded anew knows nothing of the conversation that went on here.
    if (link.state.phase === 'open') link.aim(null);
    update();
    if (pendingView !== null) post({ type: 'show', view: pendingView });
    pendingView = null;
  };

  const rest = () => {
    isReady = false;
    link.aim(null);
  };

  const subscriptions = [
    webview.onDidReceiveMessage((message: unknown) => {
      const parsed = dashboardToEditor.safeParse(message);
      if (!parsed.success) return surroundings.onNonsense(parsed.error.message);
      const { data } = parsed;
      if (data.type === 'ready') return begin();
      if (data.type !== 'rpc') {
        if (data.type === 'command' && data.command === 'reconnect') link.restart();
        return surroundings.onMessage(data);
      }
      if (data.generation === generation) link.send(data.message);
    }),
    panel.onDidChangeViewState(() => {
      if (!panel.visible) rest();
    }),
  ];
  panel.onDidDispose(() => {
    isReady = false;
    link.dispose();
    for (const subscription of subscriptions) subscription.dispose();
  });

  webview.options = dashboardOptions(surroundings.assets);
  webview.html = dashboardPage({
    scriptUri: String(webview.asWebviewUri(vscode.Uri.joinPath(surroundings.assets, 'dashboard.js'))),
    styleUri: String(webview.asWebviewUri(vscode.Uri.joinPath(surroundings.assets, 'dashboard.css'))),
    cspSource: webview.cspSource,
    nonce: randomBytes(16).toString('hex'),
    language: vscode.env.language,
    title: 'Sluice',
  });

  return {
    panel,
    update,
    show(view) {
      if (isReady) post({ type: 'show', view });
      else pendingView = view;
    },
  };
}
