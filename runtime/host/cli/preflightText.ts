/** A pre-flight for a person: per operator and state what would become of it, and what the restore needs. */
import type { Preflight } from '../../protocol/savepoints.ts';
import { bytesText, countText, table } from './output.ts';

export function preflightLines(preflight: Preflight): readonly string[] {
  const lines: string[] = [];
  const rows = preflight.items.map(({ name, state, verdict, text }) => [name, state ?? '', verdict, text]);
  lines.push(...table(['operator', 'state', 'verdict', ''], rows));
  const replay = preflight.replay.filter(({ from, to }) => to !== null && to > from);
  if (replay.length > 0) lines.push('', 'Read again:');
  for (const { operator, split, from, to } of replay) {
    lines.push(`  ${operator} ${split}: records ${countText(from + 1)} to ${countText(to)}`);
  }
  if (preflight.supersededParts.length > 0) lines.push('', 'Committed afterwards, renamed with --supersede:');
  for (const { path, bytes } of preflight.supersededParts) lines.push(`  ${path} (${bytesText(bytes)})`);
  lines.push('', preflight.possible ? consents(preflight) : 'It cannot be restored.');
  return lines;
}

function consents({ needs }: Preflight): string {
  if (needs.length === 0) return 'It can be restored.';
  return `It can be restored with ${needs.map((need) => `--${need}`).join(' and ')}.`;
}
