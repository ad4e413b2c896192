/**
 * A pipeline while it is being written: operators and the legs that lead into them. The streams that an author handles
 * are views of it; `jobDefinitionOf` turns it into a job when the author's function has returned.
 *
 * keyBy, union and rebalance are no operators: they say how the next one gets its records, so they live in legs.
 */
import type { OperatorFactory, Partitioner } from '../graph/jobDefinition.ts';
import type { OperatorRole, Partitioning, SourceLocation } from '../graph/jobGraph.ts';
import type { WindowDescription } from '../graph/windowDescription.ts';
import type { StreamOperator } from '../operators/operator.ts';
import {
  describeState,
  type Key,
  type StateDeclaration,
  type StateDescription,
} from '../state/declarations.ts';
import type { OperatorOptions } from './operatorOptions.ts';

/** A stream on its way into an operator. */
export interface Leg {
  readonly from: PlannedOperator;
  readonly partitioning: Partitioning;
  readonly keyOf: ((value: unknown) => Key) | null;
  readonly partition: Partitioner<unknown> | null;
  /** The side output of `from` that it carries; null: its output. */
  readonly sideOutput: string | null;
  readonly label: string;
}

export interface PlannedOperator {
  readonly type: string;
  readonly role: OperatorRole;
  /** Where the author gave no name. */
  readonly defaultName: string;
  readonly options: OperatorOptions;
  readonly location: SourceLocation | null;
  /** Per input, the legs that are united in it. */
  readonly inputs: readonly (readonly Leg[])[];
  readonly keyed: boolean;
  readonly states: readonly StateDescription[];
  readonly windows?: WindowDescription;
  readonly factory: OperatorFactory;
}

/** An operator as its functions make it, wherever it stands. */
export interface PlannedFunction {
  readonly states: readonly StateDeclaration[];
  readonly create: () => StreamOperator;
  readonly windows?: WindowDescription;
}

export class Plan {
  /** In the order in which they were written; whatever feeds an operator was written before it. */
  readonly operators: PlannedOperator[] = [];

  /** Answers the stream behind the operator. */
  add(operator: PlannedOperator): readonly Leg[] {
    this.operators.push(operator);
    return [
      {
        from: operator,
        partitioning: 'forward',
        keyOf: null,
        partition: null,
        sideOutput: null,
        label: 'forward',
      },
    ];
  }

  /** An operator between source and sink. */
  addOperator(
    operator: PlannedFunction & {
      readonly type: string;
      readonly options: OperatorOptions;
      readonly location: SourceLocation | null;
      readonly inputs: readonly (readonly Leg[])[];
      readonly keyed: boolean;
    },
  ): readonly Leg[] {
    const { create, states, ...rest } = operator;
    return this.add({
      ...rest,
      role: 'operator',
      defaultName: operator.type,
      states: states.map(describeState),
      factory: { role: 'operator', states, create },
    });
  }
}
