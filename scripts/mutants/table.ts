/** What became of the mutants: one row each, for a terminal or for a page of the documentation. */
import type { MutantOutcome } from './run.ts';

export function tableOf(outcomes: readonly MutantOutcome[], markdown: boolean): string {
  const head = ['', 'what was broken', 'where', 'seconds', 'noticed by'];
  const rows = outcomes.map(({ mutant, caught, by, seconds }) => [
    caught ? '✓' : '✗',
    mutant.name,
    mutant.file.replace(/^runtime\//, ''),
    seconds.toFixed(1),
    caught ? firstOf(by) : `survived: ${by}`,
  ]);
  if (markdown) {
    const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(escaped))];
    return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  }
  const widths = head.map((cell, place) =>
    Math.max(cell.length, ...rows.map((row) => row[place]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((cells) =>
      cells
        .map((cell, place) => cell.padEnd(widths[place] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function firstOf(by: string): string {
  const names = by.split('; ');
  const [first = ''] = names;
  const short = first.length > 90 ? `${first.slice(0, 89)}…` : first;
  return names.length > 1 ? `${short} (and ${names.length - 1} more)` : short;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
