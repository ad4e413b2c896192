/**
 * The synchronous part of a snapshot, for one operator: its keyed state is only marked, its own state is encoded at once
 * (it is small), and what it defers is gathered.
 */
import { assert } from '../base/assert.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import type { SourcePosition } from '../operators/operator.ts';
import { describeState, type StateDeclaration, type StateDescription } from '../state/declarations.ts';
import { encodeStateValue } from '../state/stateTable.ts';
import { ValueRefused } from '../state/valueCodec.ts';
import { StateRefused } from '../state/snapshotCursor.ts';
import type { ChainLink } from './operatorChain.ts';
import type { MarkedOperator } from './snapshotRun.ts';

export type Deferred = (done: (error?: Error) => void) => void;

export interface MarkedState {
  readonly description: StateDescription;
  readonly elements: readonly Uint8Array[];
}

export const markOperatorState = (uid: string, declaration: StateDeclaration, elements: readonly unknown[]): MarkedState => ({
  description: describeState(declaration),
  elements: elements.map((element) => encodeElement(uid, declaration.name, element)),
});

const encodeElement = (uid: string, state: string, element: unknown): Uint8Array => {
  try {
    return encodeStateValue(element).slice();
  } catch (error) {
    if (error instanceof ValueRefused) throw new StateRefused(`Operator "${uid}" cannot save an element of its state ${state}: ${error.message} (at ${error.path || 'the element itself'}).`);
    throw error;
  }
};

export const markLink = (link: ChainLink, barrier: Barrier, deferred: Deferred[]): MarkedOperator => {
  const operatorStates: MarkedState[] = [];
  const positions: SourcePosition[] = [];
  link.run((operator) =>
    operator.snapshot?.({
      checkpointId: barrier.checkpointId,
      isSavepoint: barrier.isSavepoint,
      putOperatorState: (declaration, elements) => {
        assert(!operatorStates.some((state) => state.description.name === declaration.name), `operator ${link.uid} puts the state ${declaration.name} twice into one snapshot`);
        operatorStates.push(markOperatorState(link.uid, declaration, elements));
      },
      putSourcePositions: (list) => positions.push(...list),
      defer: (work) => deferred.push(work),
    }),
  );
  return { uid: link.uid, cursor: link.keyed?.markSnapshot(barrier.checkpointId) ?? null, operatorStates, positions };
};
