/** The status bar item of one job: what it does and how old its last checkpoint is; loud only when it is stalled or down. */
import { lastCompleted } from '../job/facts.ts';
import { doingOf, doingText, type JobView } from '../job/jobView.ts';
import { ageText } from '../words/numbers.ts';
import type { Say } from '../words/say.ts';

export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly severity: 'normal' | 'warning' | 'error';
  /** For a screen reader: no glyphs. */
  readonly spoken: string;
}

const icons = {
  running: 'play-circle',
  stalled: 'warning',
  crashed: 'error',
  restarting: 'debug-restart',
  failing: 'debug-restart',
  unreachable: 'debug-disconnect',
} as const;

/** null when the job is over: then it has no item. */
export function statusText(job: JobView, now: number, say: Say): StatusText | null {
  const { state, facts, name } = job;
  if (state.phase === 'ended') return null;
  const doing = doingOf(job);
  const icon = icons[doing as keyof typeof icons] ?? 'loading~spin';
  const last = facts === null ? null : lastCompleted(facts);
  const isOn = doing === 'running' || doing === 'stalled';
  const age =
    facts === null || last?.completedAt == null
      ? null
      : say('#{0} {1} ago', last.id, ageText(now + facts.clockAheadMs - last.completedAt));
  const word = doing === 'running' ? null : doingText(doing, say);
  const parts = [word, isOn ? age : null].filter((part) => part !== null).join(' · ');
  const stall = facts?.stalls.at(-1)?.hops.at(-1)?.text;
  return {
    text: `$(${icon}) ${name}${parts === '' ? '' : ` · ${parts}`}`,
    tooltip: [
      `${name}: ${doingText(doing, say)}`,
      stall ?? facts?.job.reason ?? null,
      isOn
        ? age === null
          ? say('No checkpoint has completed yet.')
          : say('Last completed checkpoint: {0}', age)
        : null,
      say('Click to open the dashboard.'),
    ]
      .filter((line) => line !== null)
      .join('\n'),
    severity: doing === 'stalled' ? 'warning' : doing === 'crashed' ? 'error' : 'normal',
    spoken: `Sluice: ${name}, ${doingText(doing, say)}${isOn && age !== null ? `, ${age}` : ''}`,
  };
}
