/** How the dashboard reaches an engine and the editor around it; a browser and a VS Code webview are the two there are. */

import type { SourceLocation } from '../../runtime/protocol/values.ts';
import type { ConnectionState, DashboardView, HostKind } from '../protocol/messages.ts';

export interface TransportListener {
  readonly connection: (state: ConnectionState) => void;
  /** The text of one frame of the present connection. */
  readonly frame: (text: string) => void;
  readonly show: (view: DashboardView) => void;
}

export interface TextDiff {
  readonly title: string;
  readonly language: string;
  readonly left: { readonly label: string; readonly text: string };
  readonly right: { readonly label: string; readonly text: string };
}

export interface Transport {
  readonly host: HostKind;
  start(listener: TransportListener): void;
  send(text: string): void;
  reconnect(): void;
  openSource(location: SourceLocation): void;
  /** null where this host has no diff. */
  readonly openTextDiff: ((diff: TextDiff) => void) | null;
  readonly run: (() => void) | null;
  readonly showLog: (() => void) | null;
  copy(text: string): void;
  title(job: string | null, needsUser: boolean): void;
  loadUi(): unknown;
  saveUi(state: unknown): void;
}
