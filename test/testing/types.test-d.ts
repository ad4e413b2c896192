/** Types of a test follow from the types of what it tests. Nothing here runs; each line after a @ts-expect-error must be an error. */
import type { DataStream, OutputTag, Pipeline } from '../../runtime/api/index.ts';
import { testOperator, testOperator2, testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

declare const flightDelays: Pipeline;
declare const late: OutputTag<Flight>;
declare function exactly<T>(): <U>(
  value: U & ([T] extends [U] ? ([U] extends [T] ? unknown : never) : never),
) => void;

const delays = testOperator((flights: DataStream<Flight>) => flights.map(({ delay }) => delay));
exactly<readonly number[]>()(delays.output);
delays.push({ origin: 'SEA', delay: 3 }, 1_000);
// @ts-expect-error: no flight
delays.push({ origin: 'SEA' });
// @ts-expect-error: no record of it either
delays.split(0).push('SEA');
exactly<readonly Flight[]>()(delays.outputOf(late));
exactly<readonly number[]>()(delays.restore(delays.savepoint(), { parallelism: 2 }).output);
delays.advance('5 s');
// @ts-expect-error: no duration
delays.advance('5 parsecs');

// Or the types are said, and those of the piece follow.
const said = testOperator<Flight, string>((flights) => flights.map(({ origin }) => origin));
exactly<readonly string[]>()(said.output);
// @ts-expect-error: what comes out is said to be text
testOperator<Flight, string>((flights) => flights.map(({ delay }) => delay));

const both = testOperator2((flights: DataStream<Flight>, names: DataStream<string>) =>
  flights.map(({ origin }) => origin).union(names),
);
both.first.push({ origin: 'SEA', delay: 3 });
both.second.push('SFO');
// @ts-expect-error: the second is text
both.second.push({ origin: 'SEA', delay: 3 });
exactly<readonly string[]>()(both.output);

const run = testPipeline(flightDelays, {
  sources: { flights: testSource<Flight>(), names: testSource<string>() },
});
run.source('flights').push({ origin: 'SEA', delay: 3 });
run.source('names').split(0).push('SEA');
// @ts-expect-error: the record of another source
run.source('names').push({ origin: 'SEA', delay: 3 });
// @ts-expect-error: no source of this test
run.source('weather');
exactly<readonly Flight[]>()(run.sink<Flight>('out').committed);
