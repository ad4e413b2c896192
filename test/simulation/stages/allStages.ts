/** What a random dataflow is made of. Each has the same chance. */
import { asyncMap } from './asyncMap.ts';
import { windowByNewTimes } from './eventTime.ts';
import { count, distinct, window } from './keyed.ts';
import { filter, flatMap, map, partitionCustom, sideOutput } from './perRecord.ts';
import type { Stage } from './stage.ts';
import { connect, union } from './twoInputs.ts';

export const allStages: readonly Stage[] = [
  map,
  filter,
  flatMap,
  count,
  distinct,
  window,
  union,
  connect,
  asyncMap,
  sideOutput,
  partitionCustom,
  windowByNewTimes,
];

/** Where another one does not fit. */
export const anyInput: Stage = count;
