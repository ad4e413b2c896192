/** Breakages of the test kit: what a test would then not see, or see wrongly. */
import type { Mutant } from '../mutants.ts';

const job = 'runtime/testing/memoryJob.ts';
const source = 'runtime/testing/handDrivenSource.ts';
const operatorTests = 'test/testing/testOperator.test.ts';
const pipelineTests = 'test/testing/testPipeline.test.ts';

export const testingMutants: readonly Mutant[] = [
  {
    name: 'a test goes on while records still move',
    file: job,
    find: 'for (let turns = 0; still === 0 ||',
    replace: 'for (let turns = 0; turns === 0 ||',
    tests: [pipelineTests],
    caughtBy: ['its strategy makes the watermarks of what is pushed'],
  },
  {
    name: 'the clock of a test jumps over what is due on the way',
    file: job,
    find: 'if (due <= this.clock.now()) break;',
    replace: 'break;',
    tests: [pipelineTests],
    caughtBy: ['time passes from one timer to the next'],
  },
  {
    name: 'a test is told another error than was thrown',
    file: job,
    find: 'new OperatorFailed(this.#failure, this.tasks.thrown)',
    replace: 'new OperatorFailed(this.#failure, new Error(this.#failure.message))',
    tests: [pipelineTests],
    caughtBy: ['is the very error'],
  },
  {
    name: 'a source that is filled by hand does not replay',
    file: source,
    find: 'this.#offset = from?.offset ?? log.from;',
    replace: 'this.#offset = log.from + log.events.length;',
    tests: [operatorTests, pipelineTests],
    caughtBy: ['replays what came since', 'a failure changes nothing of what is committed'],
  },
  {
    name: 'event time of an input starts anew after a restore',
    file: source,
    find: 'if (this.#told.watermark !== MIN_WATERMARK)',
    replace: 'if (this.#told.watermark === MIN_WATERMARK)',
    tests: [operatorTests],
    caughtBy: ['also after a restore'],
  },
  {
    name: 'a watermark that is said by hand overtakes the records before it',
    file: 'runtime/testing/handDrivenInput.ts',
    find: "return hasRoom && event.kind === 'record';",
    replace: 'return hasRoom;',
    tests: [operatorTests],
    caughtBy: ['what is said together keeps its order'],
  },
  {
    name: 'what a stopped run has committed is committed again',
    file: 'runtime/testing/recordingSink.ts',
    find: 'new Set(committedBefore)',
    replace: 'new Set()',
    tests: [pipelineTests],
    caughtBy: ['what a stop has committed is not committed by who goes on'],
  },
];
