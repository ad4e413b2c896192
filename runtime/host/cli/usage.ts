/**
 * Wrong usage in one sentence. Commander says what is wrong in a line of its own, what was perhaps meant in another, and leaves
 * it to the reader where to look; here it is one sentence, like every other error of this command:
 *
 *   sluice: There is no option --paralelism (did you mean --parallelism?); sluice run --help shows what there is.
 */
import type { Command } from 'commander';

/** `message` as commander words it; `command` as it is typed, without arguments. */
export function usageSentence(message: string, command: string): string {
  const [first = '', ...others] = message.trim().split('\n');
  const what = reworded(first.replace(/^error: /, '').replace(/\.$/, ''));
  const meant = others.map((line) => line.trim().replace(/^\(Did/, '(did')).join(' ');
  return `${what}${meant === '' ? '' : ` ${meant}`}; ${command} --help shows what there is.`;
}

/** The deepest command that the arguments name: `sluice savepoint take`. */
export function commandOf(program: Command, args: readonly string[]): string {
  let command = program;
  const names = [program.name()];
  for (const arg of args) {
    const next = command.commands.find((candidate) => candidate.name() === arg);
    if (next === undefined) break;
    command = next;
    names.push(arg);
  }
  return names.join(' ');
}

const wordings: readonly (readonly [pattern: RegExp, wording: string])[] = [
  [/^unknown option '(.*)'$/, 'There is no option $1'],
  [/^unknown command '(.*)'$/, 'There is no command $1'],
  [/^missing required argument '(.*)'$/, 'The argument <$1> is missing'],
  [/^option '(.*)' argument missing$/, 'A value is missing behind $1'],
  [/^option '(.*)' argument '(.*)' is invalid\. (.*)$/, '$2 is no value for $1: $3'],
  [/^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/, '$1 is no $2: $3'],
  [
    /^too many arguments.*Expected (\d+) arguments? but got (\d+).*$/,
    '$2 arguments are too many, of $1 at most',
  ],
];

function reworded(text: string): string {
  for (const [pattern, wording] of wordings)
    if (pattern.test(text)) return lowerBehindColon(text.replace(pattern, wording));
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function lowerBehindColon(text: string): string {
  return text.replace(/: ([A-Z])/, (both) => both.toLowerCase());
}
