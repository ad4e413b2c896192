/** The example with one slow channel, in the workspace of a test, and what its output has to be. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceFolder } from '../../harness/testing.ts';
import { extension } from './editor.ts';

export const example = 'examples/slow-channel.ts';
const output = 'out/slow-channel';

/** So many times the flights of the example: on a slow machine, too, the job outlasts what a test does with it. */
const dataTimes = 4;

/** Examples find their data below the folder that is open. `pace` times as fast as a person would want to watch. */
export function putExamples(pace: number): void {
  cpSync(join(extension().extensionPath, 'examples'), join(workspaceFolder().fsPath, 'examples'), {
    recursive: true,
  });
  const flights = join(workspaceFolder().fsPath, 'examples/data/flights.jsonl');
  writeFileSync(flights, readFileSync(flights, 'utf8').repeat(dataTimes));
  setPace(pace);
}

/** From the next start of a runtime on nobody watches: it is done in seconds. */
export function hurry(): void {
  setPace(80);
}

/** The extension host is this process, and what it starts inherits its environment. */
function setPace(pace: number): void {
  process.env.PACE = String(pace);
}

/** The lines of every committed part, sorted; superseded ones and those under way have other names. */
export function committed(): readonly string[] {
  const folder = join(workspaceFolder().fsPath, output);
  if (!existsSync(folder)) return [];
  const parts = readdirSync(folder).filter((name) => /^part-\d+-\d+\.jsonl$/.test(name));
  return parts
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .sort();
}

export function supersededParts(): readonly string[] {
  const folder = join(workspaceFolder().fsPath, output);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('.superseded-')) : [];
}

/** The n-th announcement of an airport meets its n-th inspection, and both read one file: computed without Sluice. */
export function expected(): readonly string[] {
  const numbers = new Map<string, number>();
  return readFileSync(join(workspaceFolder().fsPath, 'examples/data/flights.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { origin: airport, date } = JSON.parse(line) as { origin: string; date: string };
      const number = (numbers.get(airport) ?? 0) + 1;
      numbers.set(airport, number);
      return JSON.stringify({ airport, number, announced: date, inspected: date });
    })
    .sort();
}
