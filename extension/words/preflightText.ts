/**
 * What a restore would do, as the text of a dialog: per operator in one line, what is read again, what has to be
 * agreed to. The dialog asks one question; its button names everything that is agreed to by pressing it.
 */
import type { Preflight, PreflightItem, PreflightVerdict } from '../../runtime/protocol/savepoints.ts';
import { bytesText, countText } from './numbers.ts';
import type { Say } from './say.ts';

export interface RestoreQuestion {
  readonly message: string;
  readonly detail: string;
  /** The button that agrees; null when it cannot be restored at all. */
  readonly agree: string | null;
}

const linesMax = 14;

export function restoreQuestion(preflight: Preflight, say: Say): RestoreQuestion {
  const { savepoint, needs, possible } = preflight;
  const name = savepoint.label ?? `#${savepoint.checkpointId}`;
  const isPossible = possible && !preflight.items.some(({ verdict }) => verdict === 'impossible');
  return {
    message: isPossible
      ? say('Restore {0} from "{1}"?', savepoint.job, name)
      : say('{0} cannot be restored from "{1}".', savepoint.job, name),
    detail: [
      supersededLines(preflight, say),
      itemLines(preflight.items),
      replayLines(preflight, say),
      restLines(preflight.items, say),
    ]
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n'),
    agree: isPossible ? agreement(needs, say) : null,
  };
}

function agreement(needs: Preflight['needs'], say: Say): string {
  const supersede = needs.includes('supersede');
  const drop = needs.includes('allow-non-restored-state');
  if (supersede && drop) return say('Restore, Supersede Parts and Drop State');
  if (supersede) return say('Restore and Supersede Parts');
  if (drop) return say('Restore and Drop State');
  return say('Restore');
}

const urgency: readonly PreflightVerdict[] = ['impossible', 'dropped', 'migrated', 'rescaled'];

/** What is not simply as it was, the most urgent first. */
function itemLines(items: readonly PreflightItem[]): string[] {
  const lines = urgency.flatMap((verdict) =>
    items
      .filter((item) => item.verdict === verdict)
      .map(({ name, state, text }) => `${state === null ? name : `${name} · ${state}`}: ${text}`),
  );
  return lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax - 1), `… ${lines.length - linesMax + 1}`];
}

function restLines(items: readonly PreflightItem[], say: Say): string[] {
  const count = (verdict: PreflightVerdict) =>
    items.filter((item) => item.verdict === verdict && item.state !== null).length;
  return [
    say('States restored as they are: {0}; new and empty: {1}.', count('as-is'), count('new-and-empty')),
  ];
}

function replayLines({ replay }: Preflight, say: Say): string[] {
  return replay
    .filter(({ from, to }) => to === null || to > from)
    .slice(0, linesMax)
    .map(({ operator, from, to }) =>
      to === null
        ? say('{0} reads on from record {1}.', operator, countText(from))
        : say('{0} reads records {1} to {2} again.', operator, countText(from), countText(to)),
    );
}

function supersededLines({ supersededParts }: Preflight, say: Say): string[] {
  if (supersededParts.length === 0) return [];
  const bytes = supersededParts.reduce((sum, part) => sum + part.bytes, 0);
  return [
    say(
      '{0} parts ({1}) were committed after this point. They would come twice, so they are renamed to .superseded-…; nothing is deleted.',
      countText(supersededParts.length),
      bytesText(bytes),
    ),
  ];
}
