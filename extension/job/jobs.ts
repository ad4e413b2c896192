/** The jobs of this window, one per pipeline file, and the news about them. What a job needs is loaded with the first. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { LaunchReport } from '../../runtime/protocol/launch.ts';
import type { JobLaunch, SupervisionNews } from '../supervisor/supervision.ts';
import type { Notice } from './facts.ts';
import type { JobView } from './jobView.ts';
import { isOver } from './jobView.ts';
import type { RunningJob } from './runningJob.ts';
import { folderOf, recoveryPolicy, surroundingsOf, yieldToEditor } from './surroundings.ts';

export interface Job extends JobView {
  readonly running: RunningJob;
}

export interface Jobs extends vscode.Disposable {
  readonly all: readonly Job[];
  of(file: string): Job | undefined;
  /** Starts a job; one of the same file that is over makes room. */
  start(launch: JobLaunch): Promise<Job>;
  /** Takes a job that is over out of sight. */
  remove(file: string): void;
  /** Something about it is different: up to ten times a second. */
  readonly onDidChange: vscode.Event<Job>;
  readonly onDidHear: vscode.Event<{ readonly job: Job; readonly news: SupervisionNews }>;
  readonly onDidNotice: vscode.Event<{ readonly job: Job; readonly notice: Notice }>;
  readonly onDidReport: vscode.Event<{ readonly job: Job; readonly report: LaunchReport }>;
  readonly onDidStart: vscode.Event<Job>;
  readonly onDidRemove: vscode.Event<string>;
  /** Ends every process; settles when they are gone. */
  end(): Promise<void>;
}

export function createJobs(extension: vscode.Extension<unknown>, log: vscode.LogOutputChannel): Jobs {
  const jobs = new Map<string, Job>();
  const change = new vscode.EventEmitter<Job>();
  const hear = new vscode.EventEmitter<{ job: Job; news: SupervisionNews }>();
  const notice = new vscode.EventEmitter<{ job: Job; notice: Notice }>();
  const report = new vscode.EventEmitter<{ job: Job; report: LaunchReport }>();
  const begin = new vscode.EventEmitter<Job>();
  const removal = new vscode.EventEmitter<string>();

  const start = async (launch: JobLaunch): Promise<Job> => {
    const file = launch.pipelineFile;
    const { startJob } = await import('./runningJob.ts');
    const before = jobs.get(file);
    if (before !== undefined && !isOver(before))
      throw new Error(vscode.l10n.t('{0} is already running.', before.name));
    await before?.running.dispose();
    // Two starts at once: the first one has won meanwhile.
    if (jobs.get(file) !== before) throw new Error(vscode.l10n.t('{0} is already running.', basename(file)));

    const folder = folderOf(file);
    let name = basename(file);
    let job: Job | undefined;
    // Whatever it says while it is being made is said again when it is there.
    const about = (then: (job: Job) => void) => {
      if (job !== undefined && jobs.get(file) === job) then(job);
    };
    const running = startJob(
      launch,
      { ...surroundingsOf(folder, extension), recovery: recoveryPolicy, givesWay: yieldToEditor },
      {
        onChange: () => about((job) => change.fire(job)),
        onNotice(given) {
          if (given.method === 'log')
            for (const line of given.params.lines) write(line.level, `${name}: ${line.text}`);
          about((job) => notice.fire({ job, notice: given }));
        },
        onNews: (news) => about((job) => hear.fire({ job, news })),
        onReport(given) {
          if (given.type === 'planned') name = given.job;
          about((job) => report.fire({ job, report: given }));
        },
        onLog: (level, text) => write(level, `${name}: ${text}`),
      },
    );
    job = {
      file,
      folder,
      running,
      get name() {
        return running.facts?.job.name ?? name;
      },
      get state() {
        return running.supervision.state;
      },
      get facts() {
        return running.facts;
      },
      get isLive() {
        return running.isLive;
      },
    };
    jobs.set(file, job);
    begin.fire(job);
    change.fire(job);
    return job;
  };

  const write = (level: 'debug' | 'info' | 'warning' | 'error', text: string) =>
    level === 'warning' ? log.warn(text) : log[level](text);

  const end = async () => {
    await Promise.all([...jobs.values()].map((job) => job.running.dispose()));
    jobs.clear();
  };

  return {
    get all() {
      return [...jobs.values()];
    },
    of: (file) => jobs.get(file),
    start,
    remove(file) {
      const job = jobs.get(file);
      if (job === undefined || !isOver(job)) return;
      jobs.delete(file);
      void job.running.dispose();
      removal.fire(file);
    },
    onDidChange: change.event,
    onDidHear: hear.event,
    onDidNotice: notice.event,
    onDidReport: report.event,
    onDidStart: begin.event,
    onDidRemove: removal.event,
    end,
    dispose() {
      // Nobody waits for a disposal: `deactivate` has called `end` and waits for that.
      void end();
      for (const emitter of [change, hear, notice, report, begin, removal]) emitter.dispose();
    },
  };
}
