/** `import { … } from 'sluice/connectors'`: sources and sinks. Their guarantees are in docs/guide/connectors.md. */
export type { Random } from '../base/random.ts';
export { type CollectingSink, collectingSink } from './collectingSink.ts';
export { collection } from './collection.ts';
export { consoleSink } from './consoleSink.ts';
export type { CsvRow, CsvSinkOptions, CsvSourceOptions } from './csv.ts';
export * as csv from './csv.ts';
export type { PartCommittable } from './fileSink.ts';
export type { FileSourceOptions } from './fileSource.ts';
export { type FunctionSinkOptions, functionSink, type RichSinkFunction } from './functionSink.ts';
export { type GeneratorOptions, generator } from './generator.ts';
export * as jsonl from './jsonl.ts';
export * as text from './text.ts';
