/**
 * Makes the data of the examples from the npm package vega-datasets 3.2.1:
 *
 *   npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz
 *   node scripts/exampleData.ts package/data
 *
 * Only the shape of the files changes, and rows are left out. examples/data/README.md says where the data comes from.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

const from = process.argv[2];
if (from === undefined) {
  console.error('Usage: node scripts/exampleData.ts <the data folder of vega-datasets>');
  process.exit(2);
}
const target = fileURLToPath(new URL('../examples/data', import.meta.url));
const read = (name: string) => readFileSync(join(from, name), 'utf8');
const write = (name: string, lines: readonly string[]) => {
  writeFileSync(join(target, name), `${lines.join('\n')}\n`);
  console.log(`${name}: ${lines.length} lines`);
};

const flightsOf = (name: string) =>
  (JSON.parse(read(name)) as Flight[]).map((flight) => ({ ...flight, date: isoMinute(flight.date) }));

write(
  'flights.jsonl',
  flightsOf('flights-10k.json').map((flight) => JSON.stringify(flight)),
);

write('seattle-flights.csv', [
  'date,delay,distance,origin,destination',
  ...flightsOf('flights-20k.json')
    .filter(({ origin, destination }) => origin === 'SEA' || destination === 'SEA')
    .map((flight) =>
      [flight.date, flight.delay, flight.distance, flight.origin, flight.destination].join(','),
    ),
]);

// The flights are from January to March; the normals are for a whole year, by hour.
write('seattle-normals.csv', [
  'hour,pressure,temperature,wind',
  ...read('seattle-weather-hourly-normals.csv')
    .trim()
    .split('\n')
    .slice(1)
    .filter((line) => line.slice(5, 7) <= '03')
    .map((line) => line.replace(/^2010-(..-..T..):00:00/, '$1')),
]);

write(
  'airport-names.txt',
  read('airports.csv')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => /^[^,]*,("[^"]*"|[^,]*),/.exec(line)?.[1]?.replaceAll('"', '') ?? '')
    .filter((name) => name !== ''),
);

/** `2001/01/01 00:47` is local time, without a zone; it is written as if it were UTC. */
function isoMinute(date: string): string {
  return `${date.replaceAll('/', '-').replace(' ', 'T')}Z`;
}
