/** `import { … } from 'sluice/testing'`: runs pipelines and operators in memory, in any test runner. See docs/guide/testing.md. */

export type { LoggedLine } from './memoryJob.ts';
export type { Emitted, RecordedSink } from './recordingSink.ts';
export type { SavedEntry, Savepoint } from './savepoint.ts';
export { OperatorFailed, TestKitError } from './testError.ts';
export type { InputLane, TestInput } from './testInput.ts';
export {
  type OperatorTest,
  type OperatorTest2,
  type OperatorTestOptions,
  type Piece,
  type Piece2,
  testOperator,
  testOperator2,
} from './testOperator.ts';
export {
  type PipelineTest,
  type PipelineTestOptions,
  type SourceInput,
  type SplitSourceInput,
  type TestSource,
  type TestSourceOptions,
  type TestSources,
  testPipeline,
  testSource,
} from './testPipeline.ts';
