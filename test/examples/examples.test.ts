/**
 * Each example as its reader runs it. What it must say is computed here from the raw data, in a few plain lines that
 * know neither windows nor keys nor Sluice.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asMultiset, ExampleDirectory } from './runExample.ts';

let directory: ExampleDirectory;
beforeEach(() => {
  directory = new ExampleDirectory();
});
afterEach(() => directory.remove());

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly origin: string;
}
const flights = () =>
  directory
    .data('flights.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Flight);
const csvRows = (name: string) =>
  directory
    .data(name)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

function delaysByHour(): readonly unknown[] {
  const groups = new Map<string, number[]>();
  for (const { date, delay, origin } of flights()) {
    if (delay <= 0) continue;
    const group = `${origin} ${date.slice(0, 13)}`;
    groups.set(group, [...(groups.get(group) ?? []), delay]);
  }
  return [...groups].map(([group, delays]) => {
    const [airport, hour] = group.split(' ');
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    return {
      airport,
      hour,
      flights: delays.length,
      meanDelay: Math.round(mean * 10) / 10,
      worst: Math.max(...delays),
    };
  });
}

test.each(['1', '2'])(
  'flight-delays says the mean delay of each airport and hour, at parallelism %s',
  async (parallelism) => {
    await directory.run('flight-delays.ts', '--parallelism', parallelism);
    expect(asMultiset(directory.committed('out/flight-delays'))).toEqual(asMultiset(delaysByHour()));
    expect(directory.names('out/flight-delays').filter((name) => name.startsWith('.'))).toEqual([]);
  },
);

test('savepoints of flight-delays are restored back and forth, at any parallelism, and the output is exact each time', async () => {
  const parts = () => directory.names('out/flight-delays').filter((name) => name.startsWith('part-')).length;
  directory.pace = '4';
  const { child, ended } = directory.start('flight-delays.ts');
  for (const [label, after] of [
    ['one', 1],
    ['two', 3],
  ] as const) {
    await directory.until(`${after} parts are committed`, () => parts() >= after);
    await directory.command('savepoint', 'take', '--label', label);
  }
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);

  directory.pace = 'max';
  const savepoints = directory.names('.sluice/savepoints');
  for (const [label, parallelism] of [
    ['one', '3'],
    ['two', '1'],
    ['one', '1'],
    ['two', '2'],
  ] as const) {
    const from = savepoints.find((name) => name.endsWith(`-${label}`)) ?? '';
    await directory.run('flight-delays.ts', '--from', from, '--supersede', '--parallelism', parallelism);
    expect(asMultiset(directory.committed('out/flight-delays'))).toEqual(asMultiset(delaysByHour()));
  }
});

test.each(['1', '2'])(
  'flights-weather gives each flight the weather of its hour, at parallelism %s',
  async (parallelism) => {
    await directory.run('flights-weather.ts', '--parallelism', parallelism);
    const weather = new Map(
      csvRows('seattle-normals.csv').map(([hour, _pressure, temperature, wind]) => [
        hour,
        { temperature, wind },
      ]),
    );
    const expected = csvRows('seattle-flights.csv').flatMap(
      ([date = '', delay, _distance, origin, destination]) => {
        const hour = date.slice(5, 13);
        const found = weather.get(hour);
        if (found === undefined) return [];
        const route = `${origin}-${destination}`;
        const { temperature, wind } = found;
        return [
          { hour, date, delay: Number(delay), route, temperature: Number(temperature), wind: Number(wind) },
        ];
      },
    );
    expect(expected.length).toBeGreaterThan(600);
    expect(asMultiset(directory.committed('out/flights-weather'))).toEqual(asMultiset(expected));
  },
);

test('slow-channel matches each flight with its inspection', async () => {
  await directory.run('slow-channel.ts');
  const seen = new Map<string, number>();
  const expected = flights().map(({ origin: airport, date }) => {
    const number = (seen.get(airport) ?? 0) + 1;
    seen.set(airport, number);
    return { airport, number, announced: date, inspected: date };
  });
  expect(asMultiset(directory.committed('out/slow-channel'))).toEqual(asMultiset(expected));
});

test('word-count counts what is appended, over a stop in the middle of a line and a restart, each word once', async () => {
  const text = directory.data('airport-names.txt').slice(0, 6_000);
  const cut = text.indexOf('\n', 3_000) + 4;
  const wordsOf = (part: string) =>
    part
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => line.toLowerCase().match(/\p{L}+/gu) ?? []);
  const committed = () => directory.committed<{ word: string; count: number }>('out/word-count');
  const append = (part: string) => {
    for (let at = 0; at < part.length; at += 997) {
      appendFileSync(join(directory.path, 'out/airport-names.txt'), part.slice(at, at + 997));
    }
  };
  mkdirSync(join(directory.path, 'out'));
  append('');
  appendFileSync(join(directory.path, 'out/airport-names.txt'), '');

  for (const [part, upTo, flags] of [
    [text.slice(0, cut), text.slice(0, cut), []],
    [text.slice(cut), text, ['--from', 'latest']],
  ] as const) {
    const { child, ended } = directory.start('word-count.ts', ...flags);
    append(part);
    await directory.until('all words are committed', () => committed().length >= wordsOf(upTo).length);
    child.kill('SIGINT');
    const { code, output } = await ended;
    expect([code, output]).toEqual([130, expect.stringContaining('--from')]);
  }

  // A word that was counted n times must be there with 1, 2, … n: nothing missing, nothing twice.
  const counts = new Map<string, number>();
  const expected = wordsOf(text).map((word) => {
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    return { word, count };
  });
  expect(asMultiset(committed())).toEqual(asMultiset(expected));
});
