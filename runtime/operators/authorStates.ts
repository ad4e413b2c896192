/**
 * The states that an author declared for one operator, opened: a handle for each. Keyed ones are of the backend, which
 * the engine restores and puts into snapshots. Those of the operator as a whole live here: they are filled with what
 * this subtask gets of them, and whoever opened them calls `snapshot` at every marking.
 */
import { assert, present, unreachable } from '../base/assert.ts';
import { isOperatorState, type StateDeclaration } from '../state/declarations.ts';
import { BroadcastMap, OperatorList } from '../state/operatorStates.ts';
import type { KeyedStates, OperatorContext, SnapshotContext } from './operator.ts';

export interface AuthorStates {
  /** By the names that the author's functions use. */
  readonly handles: Readonly<Record<string, unknown>>;
  /** Puts the operator's own states among them into the snapshot. Values are encoded before this returns. */
  snapshot(context: Pick<SnapshotContext, 'putOperatorState'>): void;
}

/** What of an operator's context the states need. */
export type StatesContext = Pick<OperatorContext, 'uid' | 'keyed' | 'restoredOperatorState'>;

/** Called once, in the operator's `open`. */
export function openAuthorStates(
  context: StatesContext,
  declarations: Readonly<Record<string, StateDeclaration>>,
): AuthorStates {
  const own: { readonly declaration: StateDeclaration; readonly state: OwnState }[] = [];
  const handles: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    if (isOperatorState(declaration.type)) {
      const state = ownState(context, declaration);
      own.push({ declaration, state });
      handles[name] = state;
    } else {
      assert(context.keyed !== null, `${context.uid} has keyed state but no key`);
      handles[name] = keyedHandle(present(context.keyed, 'keyed state'), declaration);
    }
  }
  return {
    handles,
    snapshot: (snapshot) => {
      for (const { declaration, state } of own) snapshot.putOperatorState(declaration, state.elements());
    },
  };
}

type OwnState = OperatorList<unknown> | BroadcastMap<never, unknown>;

function ownState(context: StatesContext, declaration: StateDeclaration): OwnState {
  const restored = context.restoredOperatorState(declaration);
  if (declaration.type !== 'operator-broadcast') return new OperatorList(restored);
  return new BroadcastMap(`Broadcast state "${declaration.name}" of operator "${context.uid}"`, restored);
}

function keyedHandle(keyed: KeyedStates, declaration: StateDeclaration): unknown {
  switch (declaration.type) {
    case 'value':
      return keyed.value(declaration);
    case 'list':
      return keyed.list(declaration);
    case 'map':
      return keyed.map(declaration);
    case 'reducing':
      return keyed.reducing(declaration);
    case 'aggregating':
      return keyed.aggregating(declaration);
    case 'timers':
    case 'operator-list':
    case 'operator-union':
    case 'operator-broadcast':
    case 'in-flight':
      throw new Error(`State ${declaration.name} of type ${declaration.type} is not declared by authors.`);
    default:
      return unreachable(declaration.type);
  }
}
