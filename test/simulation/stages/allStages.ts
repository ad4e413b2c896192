/** What a random dataflow is made of. Each has the same chance. */
import { asyncMap } from './asyncMap.ts';
import { broadcast } from './broadcast.ts';
import { windowByNewTimes } from './eventTime.ts';
import { coGroup, intervalJoin, windowJoin } from './joins.ts';
import { count, countInEveryState, distinct } from './keyed.ts';
import { endMarks, gather, unionCount } from './operatorState.ts';
import { filter, flatMap, map, partitionCustom, sideOutput, spread } from './perRecord.ts';
import type { Stage } from './stage.ts';
import { eventTimers, processingTimers } from './timers.ts';
import { connect, union } from './twoInputs.ts';
import {
  countWindow,
  globalCountWindow,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  windowAll,
} from './windows.ts';

/** More records in never make anything disappear from what comes out: fit for lives with duplicates. */
export const growingStages: readonly Stage[] = [
  map,
  filter,
  flatMap,
  sideOutput,
  partitionCustom,
  spread,
  asyncMap,
  union,
  connect,
  broadcast,
  count,
  distinct,
  countInEveryState,
  gather,
  unionCount,
  processingTimers,
];

export const allStages: readonly Stage[] = [
  ...growingStages,
  intervalJoin,
  windowJoin,
  coGroup,
  tumblingWindow,
  slidingWindow,
  sessionWindow,
  windowAll,
  globalCountWindow,
  countWindow,
  windowByNewTimes,
  eventTimers,
  endMarks,
];

/** Where another one does not fit. */
export const anyInput: Stage = count;
