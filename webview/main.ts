/**
 * The page's entry: a transport, a controller, one root to draw into. Drawing is bundled to one pass per frame; while a
 * clock runs it is repeated ten times a second (once a second with reduced motion).
 */
import './dashboard.css';
import './protocol/policy.ts';
import { render } from 'lit';
import { DashboardController } from './controller.ts';
import { engineNow } from './model/dashboardState.ts';
import { openStall } from './model/stall.ts';
import { browserTransport } from './transport/browserTransport.ts';
import { editorTransport } from './transport/editorTransport.ts';
import { connectRpc, type FramedRpc } from './transport/rpc.ts';
import { app } from './views/app.ts';
import { requestFrame } from './views/frames.ts';
import { RiverSurface } from './views/riverSurface.ts';
import { wearTheme } from './views/theme.ts';

wearTheme();

const root = document.getElementById('sluice') as HTMLElement;
const transport =
  window.acquireVsCodeApi === undefined ? browserTransport() : editorTransport(window.acquireVsCodeApi);
const startedAt = Date.now();
let rpc: FramedRpc | null = null;

const controller = new DashboardController({
  now: () => Date.now(),
  reconnect: () => transport.reconnect(),
  openSource: (location) => transport.openSource(location),
  openTextDiff: transport.openTextDiff,
  run: transport.run,
  showLog: transport.showLog,
  copy: (text) => transport.copy(text),
  canOpenSource: transport.host === 'vscode',
  loadUi: () => transport.loadUi(),
  saveUi: (state) => transport.saveUi(state),
  changed: schedule,
});

const surface = new RiverSurface({
  open: ({ location }) => location !== null && controller.openSource(location),
  select: (selectedVertex) => controller.ui({ selectedVertex }),
});

function schedule(): void {
  requestFrame(draw);
}

function draw(): void {
  const { state } = controller;
  const now = engineNow(state, Date.now());
  render(
    app(
      { state, controller, now, width: document.documentElement.clientWidth },
      surface,
      Date.now() - startedAt,
    ),
    root,
  );
  const stall = state.job === null ? null : openStall(state.job);
  titleIs(state.job?.info.name ?? null, stall !== null || state.job?.info.status === 'failed');
}

let lastTitle = '';
function titleIs(job: string | null, needsUser: boolean): void {
  const key = `${needsUser} ${job}`;
  if (key !== lastTitle) transport.title(job, needsUser);
  lastTitle = key;
}

const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
setInterval(
  () => {
    const underWay = controller.state.job?.checkpoints[0]?.status === 'in-progress';
    if (
      document.visibilityState === 'visible' &&
      (underWay || Date.now() % 1_000 < 100 || Date.now() - startedAt < 2_000)
    )
      schedule();
  },
  isStill ? 1_000 : 100,
);
window.addEventListener('resize', schedule);
document.addEventListener('visibilitychange', schedule);

document.addEventListener('keydown', (event) => {
  const isTyping = (event.composedPath()[0] as HTMLElement).matches?.('input, textarea, select');
  if (
    event.key === 'Escape' &&
    !isTyping &&
    controller.state.dialog === null &&
    controller.state.ui.view.kind !== 'overview'
  )
    controller.show({ kind: 'overview' });
  if (event.key === 'Enter' && isTyping && controller.state.search !== '') surface.focusFound();
  if (event.key !== '/' || isTyping) return;
  event.preventDefault();
  document.querySelector<HTMLInputElement>('.search input')?.focus();
});

transport.start({
  connection: (connection) => {
    rpc?.dispose();
    rpc = null;
    controller.connection(connection);
    if (connection.kind !== 'live') return;
    rpc = connectRpc((text) => transport.send(text), {
      notified: (method, params) => controller.notified(method, params),
      misfit: (what) =>
        controller.notice('error', `A message of the engine was not understood: ${what.slice(0, 200)}`),
    });
    void controller.begin(rpc, connection.generation);
  },
  frame: (text) => rpc?.frame(text),
  show: (view) => controller.show(view),
});
schedule();
