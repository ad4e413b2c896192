/** A dashboard without a page, in front of the scripted engine, in one thread: what it knows after every message. */
import { DashboardController } from '../../webview/controller.ts';
import type { RpcClient } from '../../webview/transport/rpc.ts';
import type { FakeEngine } from '../fakeEngine/fakeEngine.ts';

export interface InMemoryDashboard {
  readonly controller: DashboardController;
  readonly opened: string[];
  readonly copied: string[];
  /** Lets promises settle that need no time of the engine. */
  settle(): Promise<void>;
  /** Moves the engine's clock in steps, letting the answers in between. */
  advance(ms: number): Promise<void>;
}

export async function dashboardOn(engine: FakeEngine): Promise<InMemoryDashboard> {
  const opened: string[] = [];
  const copied: string[] = [];
  const controller = new DashboardController({
    now: () => engine.now,
    reconnect: () => {},
    openSource: ({ file, line }) => opened.push(`${file}:${line}`),
    openTextDiff: null,
    run: null,
    showLog: null,
    copy: (text) => copied.push(text),
    canOpenSource: true,
    loadUi: () => null,
    saveUi: () => {},
    changed: () => {},
  });
  const rpc: RpcClient = { request: (method, params) => engine.request(method, params), dispose: () => {} };
  engine.listen((method, params) => controller.notified(method, params));
  controller.connection({ kind: 'live', generation: 1 });
  await controller.begin(rpc, 1);
  const settle = async () => {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  };
  return {
    controller,
    opened,
    copied,
    settle,
    advance: async (ms) => {
      for (let passed = 0; passed < ms; passed += 100) {
        engine.advance(Math.min(100, ms - passed));
        await settle();
      }
    },
  };
}
