/**
 * One stage of a random dataflow, written twice: for Sluice, and as a plain function over arrays that knows no barriers, no
 * partitions and no order. Stages are such that the multiset of their output does not depend on how the inputs
 * interleave.
 */
import type { DataStream } from '../../../runtime/api/index.ts';

export interface Item {
  readonly id: string;
  readonly key: string;
  readonly time: number;
}

export interface Made {
  readonly stream: DataStream<Item>;
  readonly items: readonly Item[];
  /** Timestamps are a function of the record: windows may follow. */
  readonly timed: boolean;
  /** Some records come when the end of the input is told, behind the last watermark: too late for whatever waits for that. */
  readonly speaksAtEnd?: boolean;
}

/** What was drawn for a stage beside its kind. */
export interface StageOptions {
  readonly uid: string;
  /** Null: that of the job. */
  readonly parallelism: number | null;
  /** It is a task of its own. */
  readonly isAlone: boolean;
  /** 0 to 7, for whatever the stage has to choose. */
  readonly choice: number;
  /** Calls at any time, in any order with everything else. */
  readonly later: (call: () => void) => void;
}

export interface Applied {
  readonly made: Made;
  readonly word: string;
  readonly usesOther: boolean;
}

/** Null: not for this input. */
export type Stage = (from: Made, other: Made, options: StageOptions) => Applied | null;

/** Pairs of pairs of pairs would not fit into memory. */
export const PAIRS_MAX = 20_000;

export const FIRST_TIME = 1_600_000_000_000;

/** A stage of one input. */
export function applied(
  word: string,
  stream: DataStream<Item>,
  items: readonly Item[],
  timed: boolean,
): Applied {
  return { made: { stream, items, timed }, word, usesOther: false };
}

export function byKey(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.key, [...(groups.get(item.key) ?? []), item]);
  return groups;
}

/** 0 to `below` − 1, the same for the same item everywhere. */
export function drawn(item: Item, below: number): number {
  let sum = 7;
  for (let place = 0; place < item.id.length; place++) sum = (sum * 31 + item.id.charCodeAt(place)) % 99_991;
  return sum % below;
}

export interface OwnOptions {
  readonly uid: string;
  readonly disableChaining: boolean;
  readonly parallelism?: number;
}

/** An operator's own options, without what only the stage knows. */
export function operatorOptions({ uid, parallelism, isAlone }: StageOptions): OwnOptions {
  const own = { uid, disableChaining: isAlone };
  return parallelism === null ? own : { ...own, parallelism };
}
