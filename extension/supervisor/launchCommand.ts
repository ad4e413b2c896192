/**
 * How the runtime is started: by path, with VS Code's own Node, so that a user needs no Node of their own.
 *
 * The executable of a desktop VS Code is Electron; only `ELECTRON_RUN_AS_NODE` makes it behave as Node. Without it a
 * second editor window would open. (A remote extension host runs in plain Node, which ignores the variable, and so a
 * missing one is not noticed there: a unit test notices.) The token is never among the arguments, which every user
 * of the machine can read, but in the first line of stdin.
 */
export interface LaunchCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LaunchSurroundings {
  /** `process.execPath` of the extension host. */
  readonly execPath: string;
  /** The setting `sluice.nodePath`; empty when it is not set. */
  readonly nodePath: string;
  readonly runtimeFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What an editor leaves in its environment for its own children and what would change how ours behaves. */
const notForTheRuntime = ['NODE_OPTIONS', 'VSCODE_INSPECTOR_OPTIONS', 'NODE_V8_COVERAGE'];

export function launchCommand({ execPath, nodePath, runtimeFile, env }: LaunchSurroundings): LaunchCommand {
  const kept = Object.entries(env).filter(([name]) => !notForTheRuntime.includes(name));
  return {
    command: nodePath.trim() === '' ? execPath : nodePath.trim(),
    args: [runtimeFile],
    env: { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' },
  };
}
