/**
 * News that need the user: a crash, a failure, a consent, a stall that lasts. Everything else is seen where it
 * belongs, in the tree, the status bar and the dashboard. One row of buttons at most.
 */
import * as vscode from 'vscode';
import type { Stall } from '../../runtime/protocol/checkpoints.ts';
import type { LaunchFailure } from '../../runtime/protocol/launch.ts';
import { openLocation } from '../editor/openLocation.ts';
import { type Dashboards, subjectOf } from '../panel/dashboards.ts';
import type { JobLaunch, Outcome, ProcessExit, SupervisionNews } from '../supervisor/supervision.ts';
import { unreachable } from '../unreachable.ts';
import { exitText } from '../words/failureText.ts';
import { durationText } from '../words/numbers.ts';
import { restoreQuestion } from '../words/preflightText.ts';
import type { Job, Jobs } from './jobs.ts';
import { settings } from './surroundings.ts';

const t = vscode.l10n.t;

export interface Announcements {
  readonly jobs: Jobs;
  readonly dashboards: Dashboards;
  start(launch: JobLaunch): Promise<void>;
  log: vscode.LogOutputChannel;
}

export function announceNews(announcements: Announcements): vscode.Disposable {
  const { jobs, log } = announcements;
  const stalls = new Map<string, NodeJS.Timeout>();

  const onStall = (job: Job, stall: Stall) => {
    const key = `${job.file}#${stall.id}`;
    const afterS = settings().get('stallNotificationAfterSeconds', 10);
    if (stall.closedAt !== null) {
      clearTimeout(stalls.get(key));
      stalls.delete(key);
    } else if (!stalls.has(key) && afterS > 0) {
      stalls.set(
        key,
        setTimeout(() => void tellStall(job, stall.id, announcements), afterS * 1_000),
      );
    }
  };

  return vscode.Disposable.from(
    jobs.onDidHear(({ job, news }) => {
      log.info(`${job.name}: ${news.type}`);
      tell(job, news, announcements).catch((error: unknown) => log.error(`${job.name}: ${String(error)}`));
    }),
    jobs.onDidNotice(({ job, notice }) => {
      if (notice.method === 'stall/changed') onStall(job, notice.params.stall);
    }),
    new vscode.Disposable(() => {
      for (const timer of stalls.values()) clearTimeout(timer);
    }),
  );
}

async function tell(job: Job, news: SupervisionNews, announcements: Announcements): Promise<void> {
  switch (news.type) {
    case 'crashed':
      return tellCrash(job, news.exit, news.answer, announcements);
    case 'recovering':
      return;
    case 'recovered': {
      const point = news.from === null ? t('the beginning') : `#${news.from.checkpointId}`;
      const text = t(
        'The runtime of {0} ended unexpectedly. It goes on from {1}, {2} later.',
        job.name,
        point,
        durationText(news.afterMs),
      );
      return offer(vscode.window.showWarningMessage, text, [
        [t('Show Log'), () => announcements.log.show(true)],
      ]);
    }
    case 'ended':
      return tellEnd(job, news.outcome, announcements);
    default:
      return unreachable(news);
  }
}

async function tellCrash(
  job: Job,
  exit: ProcessExit,
  answer: 'ask' | 'none' | 'crash-loop',
  { log }: Announcements,
): Promise<void> {
  const reason = exitText(exit, t);
  const text =
    answer === 'crash-loop'
      ? t(
          'The runtime of {0} keeps ending unexpectedly: {1}. It is not brought back by itself any more.',
          job.name,
          reason,
        )
      : t(
          'The runtime of {0} ended unexpectedly: {1}. Nothing that was committed is lost.',
          job.name,
          reason,
        );
  const goOn: Choice = [
    t('Go On from the Last Checkpoint'),
    () => job.running.send({ type: 'recover', at: Date.now() }),
  ];
  const showLog: Choice = [t('Show Log'), () => log.show(true)];
  return offer(vscode.window.showErrorMessage, text, answer === 'none' ? [showLog] : [goOn, showLog]);
}

async function tellEnd(job: Job, outcome: Outcome, announcements: Announcements): Promise<void> {
  if (outcome.type === 'finished' && outcome.recordsIn === 0) {
    // It read nothing: without a word nobody would know why it is over already.
    void vscode.window.showInformationMessage(
      t('{0} had finished already: everything is committed.', job.name),
    );
  }
  if (outcome.type !== 'failed') return;
  const { failure } = outcome;
  if (failure.kind === 'needs-consent') return askForConsent(job, failure, announcements);
  const { log, dashboards } = announcements;
  const location = failure.location ?? failure.exception?.location ?? null;
  const choices: Choice[] = [];
  if (location !== null) choices.push([t('Open Source'), () => openLocation(location, job.folder)]);
  if (failure.kind === 'job-failed' && dashboards.isOpen(job.file) === false) {
    choices.push([t('Open Dashboard'), () => dashboards.open(subjectOf(job.file))]);
  }
  choices.push([t('Show Log'), () => log.show(true)]);
  return offer(vscode.window.showErrorMessage, failure.message, choices);
}

/** A start was refused because something would be doubled or dropped: nothing has been touched yet. */
async function askForConsent(
  job: Job,
  { message, preflight }: LaunchFailure,
  { start }: Announcements,
): Promise<void> {
  const { launch } = job.running.supervision;
  if (preflight === null) {
    const rename = t('Rename Them and Run');
    const goOn = t('Go On from the Last Checkpoint');
    const text = t(
      'The output of {0} holds parts of an earlier run. Its records would come twice.',
      job.name,
    );
    // What follows the first clause is advice for the command line.
    const options = { modal: true, detail: `${message.split(';')[0]}.` };
    const chosen = await vscode.window.showWarningMessage(text, options, rename, goOn);
    if (chosen === rename) await start({ ...launch, supersede: true });
    if (chosen === goOn) await start({ ...launch, from: 'latest' });
    return;
  }
  const question = restoreQuestion(preflight, t);
  const options = { modal: true, detail: question.detail };
  if (question.agree === null) {
    await vscode.window.showErrorMessage(question.message, options);
    return;
  }
  const chosen = await vscode.window.showWarningMessage(question.message, options, question.agree);
  if (chosen !== question.agree) return;
  await start({
    ...launch,
    supersede: preflight.needs.includes('supersede'),
    allowNonRestoredState: preflight.needs.includes('allow-non-restored-state'),
  });
}

async function tellStall(job: Job, id: number, { dashboards }: Announcements): Promise<void> {
  const stall = job.facts?.stalls.find((open) => open.id === id);
  if (stall === undefined || !job.isLive) return;
  const cause = stall.hops.at(-1)?.text ?? t('A barrier is waited for.');
  const show: Choice = [
    t('Show the Stall'),
    () => dashboards.open(subjectOf(job.file), { kind: 'stall', id }),
  ];
  return offer(vscode.window.showWarningMessage, `${job.name}: ${cause}`, [show]);
}

type Choice = readonly [title: string, action: () => unknown];

async function offer(
  show: (message: string, ...items: string[]) => Thenable<string | undefined>,
  message: string,
  choices: readonly Choice[],
): Promise<void> {
  const chosen = await show(message, ...choices.map(([title]) => title));
  await choices.find(([title]) => title === chosen)?.[1]();
}
