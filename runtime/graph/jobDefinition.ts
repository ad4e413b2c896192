/**
 * A pipeline that was evaluated: its plain graph and, by uid and edge id, the functions that the graph cannot carry.
 * The planner worker makes one and posts the graph; every task worker makes one and must arrive at the same fingerprint.
 */

import type { StreamOperator } from '../operators/operator.ts';
import type { Sink } from '../operators/sink.ts';
import type { Source, WatermarkStrategy } from '../operators/source.ts';
import type { Key, StateDeclaration } from '../state/declarations.ts';
import type { JobGraph } from './jobGraph.ts';

export type OperatorFactory =
  | {
      readonly role: 'source';
      readonly source: Source<unknown>;
      readonly watermarks: WatermarkStrategy<unknown> | null;
    }
  | {
      readonly role: 'operator';
      readonly states: readonly StateDeclaration[];
      readonly create: () => StreamOperator;
    }
  | { readonly role: 'sink'; readonly sink: Sink<unknown> };

/** Which of `receivers` subtasks gets the record: 0 to receivers − 1. */
export type Partitioner<T> = (value: T, receivers: number) => number;

export interface EdgeFunctions {
  /** Only for hash edges. */
  readonly keyOf: ((value: unknown) => Key) | null;
  /** Only for custom edges. */
  readonly partition: Partitioner<unknown> | null;
}

export interface JobDefinition {
  readonly graph: JobGraph;
  readonly factories: ReadonlyMap<string, OperatorFactory>;
  /** By edge id; edges without functions are absent. */
  readonly edges: ReadonlyMap<string, EdgeFunctions>;
}
