/**
 * The savepoints of every workspace folder. Who answers for a folder: the runtime of a job that runs there, else a
 * runtime without a job that is started for the question. What is shown follows the disk, also when another window
 * or the command line takes a savepoint.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { RequestMethod, RequestParams, RequestResult } from '../../runtime/protocol/messages.ts';
import type { SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import type { Shelf } from '../trees/savepointRows.ts';
import type { Jobs } from './jobs.ts';
import type { Lease, SavepointLibrary } from './savepointLibrary.ts';
import { surroundingsOf } from './surroundings.ts';

export interface Shelves extends vscode.Disposable {
  /** What was found by the last look; empty before the first. */
  readonly all: readonly Shelf[];
  /** Looks at every folder; resolves when `all` is true. */
  refresh(): Promise<void>;
  find(folder: string, id: string): SavepointSummary | undefined;
  request<M extends RequestMethod>(
    folder: string,
    method: M,
    params: RequestParams<M>,
    cancellation?: vscode.CancellationToken,
  ): Promise<RequestResult<M>>;
  /** A runtime without a job, for a dashboard that compares while nothing runs. */
  lease(folder: string): Promise<Lease>;
  readonly onDidChange: vscode.Event<void>;
  end(): Promise<void>;
}

const settleMs = 150;

export function createShelves(
  extension: vscode.Extension<unknown>,
  jobs: Jobs,
  log: vscode.LogOutputChannel,
): Shelves {
  const shelves = new Map<string, Shelf>();
  const libraries = new Map<string, Promise<SavepointLibrary>>();
  const watchers = new Map<string, vscode.Disposable>();
  const change = new vscode.EventEmitter<void>();
  let timer: NodeJS.Timeout | undefined;
  let hasLooked = false;

  const libraryOf = (folder: string) => {
    const existing = libraries.get(folder);
    if (existing !== undefined) return existing;
    const created = import('./savepointLibrary.ts').then(({ createSavepointLibrary }) =>
      createSavepointLibrary({
        ...surroundingsOf(folder, extension),
        onLog: (level, text) => (level === 'warning' ? log.warn(text) : log[level](text)),
      }),
    );
    libraries.set(folder, created);
    return created;
  };

  const request: Shelves['request'] = async (folder, method, params, cancellation) => {
    const job = jobs.all.find((candidate) => candidate.folder === folder && candidate.isLive);
    if (job !== undefined) return job.running.request(method, params, cancellation);
    return (await libraryOf(folder)).request(method, params, cancellation);
  };

  const look = async (folder: string) => {
    // Where nothing was ever saved, no runtime is started to say so.
    const isAnswered = jobs.all.some((job) => job.folder === folder && job.isLive);
    if (!isAnswered && !existsSync(join(folder, '.sluice', 'savepoints'))) {
      shelves.delete(folder);
      return;
    }
    try {
      const { savepoints, damaged } = await request(folder, 'savepoint/list', {});
      shelves.set(folder, { folder, folderName: basename(folder), savepoints, damaged });
    } catch (error) {
      log.error(`The savepoints of ${folder} cannot be listed: ${String(error)}`);
    }
  };

  const refresh = async () => {
    hasLooked = true;
    const folders = foldersWithJobs(jobs);
    for (const folder of folders) watch(folder);
    for (const folder of shelves.keys()) if (!folders.includes(folder)) shelves.delete(folder);
    await Promise.all(folders.map(look));
    change.fire();
  };

  const soon = () => {
    if (!hasLooked) return;
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), settleMs);
  };

  const watch = (folder: string) => {
    if (watchers.has(folder)) return;
    const pattern = new vscode.RelativePattern(folder, '.sluice/savepoints/*/manifest.json');
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    watchers.set(
      folder,
      vscode.Disposable.from(
        watcher,
        watcher.onDidCreate(soon),
        watcher.onDidChange(soon),
        watcher.onDidDelete(soon),
      ),
    );
  };

  /** Jobs that can be asked; a new one may know more than the disk said. */
  let live = '';
  const subscriptions = [
    jobs.onDidChange(() => {
      const now = jobs.all
        .filter((job) => job.isLive)
        .map(({ file }) => file)
        .join('\n');
      if (now === live) return;
      live = now;
      soon();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(soon),
    jobs.onDidNotice(({ job, notice }) => {
      if (notice.method !== 'savepoints/changed') return;
      const { savepoints, damaged } = notice.params;
      shelves.set(job.folder, { folder: job.folder, folderName: basename(job.folder), savepoints, damaged });
      change.fire();
    }),
  ];

  const end = async () => {
    await Promise.all([...libraries.values()].map(async (library) => (await library).dispose()));
    libraries.clear();
  };

  return {
    get all() {
      return [...shelves.values()];
    },
    refresh,
    find: (folder, id) =>
      shelves.get(folder)?.savepoints.find((savepoint) => savepoint.id === id || savepoint.path === id),
    request,
    lease: async (folder) => (await libraryOf(folder)).open(),
    onDidChange: change.event,
    end,
    dispose() {
      clearTimeout(timer);
      void end();
      for (const subscription of [...subscriptions, ...watchers.values(), change]) subscription.dispose();
    },
  };
}

/** The folders of the workspace, and those of jobs whose files lie outside of it. */
function foldersWithJobs(jobs: Jobs): readonly string[] {
  const open =
    vscode.workspace.workspaceFolders?.filter(
      ({ uri }) => uri.scheme === 'file' || uri.scheme === 'vscode-remote',
    ) ?? [];
  return [...new Set([...open.map(({ uri }) => uri.fsPath), ...jobs.all.map(({ folder }) => folder)])];
}
