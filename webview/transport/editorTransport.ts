/** Inside VS Code: everything goes through the editor, which holds the socket and the token. */
import { type DashboardToEditor, editorToDashboard } from '../protocol/messages.ts';
import type { Transport, TransportListener } from './transport.ts';

interface VsCodeApi {
  postMessage(message: DashboardToEditor): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  interface Window {
    acquireVsCodeApi?: () => VsCodeApi;
  }
}

export function editorTransport(acquire: () => VsCodeApi): Transport {
  const api = acquire();
  let generation = 0;
  return {
    host: 'vscode',
    start: (listener: TransportListener) => {
      window.addEventListener('message', ({ data }) => {
        const message = editorToDashboard.safeParse(data);
        if (!message.success) return;
        switch (message.data.type) {
          case 'connection':
            if (message.data.state.kind === 'live') generation = message.data.state.generation;
            return listener.connection(message.data.state);
          case 'rpc':
            if (message.data.generation === generation) listener.frame(message.data.message);
            return;
          case 'show':
            return listener.show(message.data.view);
        }
      });
      api.postMessage({ type: 'ready' });
    },
    send: (message) => api.postMessage({ type: 'rpc', generation, message }),
    reconnect: () => api.postMessage({ type: 'command', command: 'reconnect' }),
    openSource: (location) => api.postMessage({ type: 'openSource', location }),
    openTextDiff: (diff) => api.postMessage({ type: 'openTextDiff', ...diff }),
    run: () => api.postMessage({ type: 'command', command: 'run' }),
    showLog: () => api.postMessage({ type: 'command', command: 'show-log' }),
    copy: (text) => api.postMessage({ type: 'copy', text }),
    title: (job, needsUser) => api.postMessage({ type: 'title', job, needsUser }),
    loadUi: () => api.getState(),
    saveUi: (state) => api.setState(state),
  };
}
