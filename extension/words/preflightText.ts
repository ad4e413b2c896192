/**
 * What a restore would do, as the text of a dialog: per operator in one line, what is read again, what has to be
 * agreed to. The dialog asks one question; its button names everything that is agreed to by pressing it.
 */
import type { Preflight, PreflightItem } from '../../runtime/protocol/savepoints.ts';
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
      ...itemLines(preflight.items),
      '',
      ...replayLines(preflight, say),
      ...supersededLines(preflight, say),
    ]
      .join('\n')
      .trim(),
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

/** What needs attention comes first; what is restored as it is, last. */
function itemLines(items: readonly PreflightItem[]): string[] {
  const urgency = ['impossible', 'dropped', 'migrated', 'new-and-empty', 'rescaled', 'as-is'];
  const sorted = [...items].sort((a, b) => urgency.indexOf(a.verdict) - urgency.indexOf(b.verdict));
  const lines = sorted.map(
    ({ name, state, text }) => `${state === null ? name : `${name} · ${state}`}: ${text}`,
  );
  return lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax - 1), `… ${lines.length - linesMax + 1}`];
}

function replayLines({ replay }: Preflight, say: Say): string[] {
  return replay
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
    '',
    say(
      '{0} parts ({1}) were committed after this point. They would come twice, so they are renamed to .superseded-…; nothing is deleted.',
      countText(supersededParts.length),
      bytesText(bytes),
    ),
  ];
}
