/** Breakages of the built-in operators, of watermarks, and of how a plan becomes chains and channels. */
import type { Mutant } from '../mutants.ts';

const watermarks = 'runtime/operators/watermarks.ts';
const chaining = 'runtime/graph/chaining.ts';
const watermarkTests = 'test/operators/watermarks.test.ts';
const graphTests = 'test/graph/buildExecutionGraph.test.ts';

export const operatorMutants: readonly Mutant[] = [
  {
    name: 'a watermark does not leave room for a second record of the highest time',
    file: watermarks,
    find: 'clock.highest - this.#outOfOrdernessMs - 1',
    replace: 'clock.highest - this.#outOfOrdernessMs',
    tests: [watermarkTests],
    caughtBy: ['and a millisecond'],
  },
  {
    name: 'the watermark of a source goes backwards',
    file: watermarks,
    find: 'this.#watermark = Math.max(this.#watermark, lowest',
    replace: 'this.#watermark = Math.max(MIN_WATERMARK, lowest',
    tests: [watermarkTests],
    caughtBy: ['without going back'],
  },
  {
    name: 'the watermark of several inputs goes backwards',
    file: watermarks,
    find: 'const rises = watermark > this.#combined;',
    replace: 'const rises = watermark !== this.#combined;',
    tests: [watermarkTests],
    caughtBy: ['a channel that wakes up behind the others moves nothing'],
  },
  {
    name: 'idle inputs hold the others back',
    file: watermarks,
    find: "      if (state === 'active') {",
    replace: "      if (state !== 'ended') {",
    tests: [watermarkTests],
    caughtBy: ['J2: an idle channel'],
  },
  {
    name: 'operators of different parallelism are chained',
    file: chaining,
    find: "edge.partitioning === 'forward' && senders !== receivers",
    replace: "edge.partitioning === 'forward' && senders > receivers + 9",
    tests: [graphTests],
    caughtBy: ['another parallelism ends a chain'],
  },
  {
    name: 'an operator with two inputs is chained to the first',
    file: chaining,
    find: 'others.length === 0',
    replace: 'others.length >= 0',
    tests: [graphTests],
    caughtBy: ['several inputs end a chain'],
  },
  {
    name: 'a parallelism that the author fixed is changed from outside',
    file: 'runtime/graph/buildExecutionGraph.ts',
    find: 'operator.parallelismFixed ? operator : {',
    replace: 'operator.parallelismFixed && false ? operator : {',
    tests: [graphTests],
    caughtBy: ['but those that the author fixed'],
  },
  {
    name: 'a derived uid depends on what else is in the pipeline',
    file: 'runtime/api/derivedUid.ts',
    find: 'const place = alike.get(what) ?? 0;',
    replace: 'const place = uids.size;',
    tests: ['test/api/plan.test.ts'],
    caughtBy: ['a derived uid survives edits elsewhere'],
  },
];
