/**
 * What is made of the records of a window: how they are kept until it fires, and what it then sends on.
 *
 * What an author's functions are handed may be changed by them in place, and what they emit may hold a part of it. So what
 * stays in state is copied before it is handed out: otherwise the next record would change a result that is still on its
 * way.
 */
import type { StateDeclaration } from '../../state/declarations.ts';
import { encodeStateValue, isMutable } from '../../state/stateTable.ts';
import { readWholeValue } from '../../state/valueReader.ts';
import { ValueRefused } from '../../state/valueWriter.ts';
import type { AnyLifecycle } from '../lifecycle.ts';
import type { KeyedWindow } from './window.ts';
import type { WindowContext } from './windowEmitter.ts';

/** How records become what is kept of them (their reduced value, an accumulator, the list of them). */
export interface WindowFold<T, Content> {
  /** What is kept, with one more record: changed in place or new. Undefined: nothing was kept yet. */
  readonly add: (content: Content | undefined, value: T, opened: never) => Content;
  /** Of two pieces of one window. May change the left one in place; null where pieces cannot be put together. */
  readonly merge: ((left: Content, right: Content, opened: never) => Content) | null;
  readonly copy: (content: Content) => Content;
}

export interface WindowFunction<T, Content> {
  readonly fold: WindowFold<T, Content>;
  /** A list keeps the order of arrival, also where it is put together from pieces. */
  readonly isList: boolean;
  /** What is kept of no records, for a window that an evictor has emptied; undefined: then nothing is sent on. */
  readonly empty: () => Content | undefined;
  readonly emit: (content: Content, window: KeyedWindow, context: WindowContext) => void;
  /** Of the key, by the names that the author's function uses. */
  readonly states: Readonly<Record<string, StateDeclaration>>;
  /** Values of the window. */
  readonly windowStates: Readonly<Record<string, StateDeclaration>>;
  readonly lifecycle: AnyLifecycle;
}

/** A copy that shares nothing that can be changed with what is kept. */
export function copyOf<T>(content: T): T {
  if (!isMutable(content)) return content;
  try {
    return readWholeValue(encodeStateValue(content).slice()) as T;
  } catch (error) {
    if (!(error instanceof ValueRefused)) throw error;
    const what = error.path === '' ? 'What a window keeps' : `${error.path} of what a window keeps`;
    throw new Error(`${what} ${error.message}.`, { cause: error });
  }
}
