/**
 * The restart strategies: a failure at a time, answered by a delay or by giving up. Pure; the four of Flink.
 *
 *   none               every failure is the last
 *   fixed-delay        so many restarts in all, each after the same delay
 *   exponential-delay  each restart waits longer, until the job has run quietly for a while:
 *
 *       fail  fail     fail          fail                 … quiet …        fail
 *        ├100─┤├──200──┤├────400────┤├───────800─────── running ──────────▶├100─┤
 *
 *   failure-rate       gives up when more than so many failures come within an interval
 */

import { unreachable } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import type { RestartStrategy } from '../graph/jobGraph.ts';
import { durationText } from './sentences.ts';

export type RestartDecision =
  | { readonly type: 'restart'; readonly delayMs: number }
  /** `reason` ends the sentence "The job has failed: …". */
  | { readonly type: 'give-up'; readonly reason: string };

export interface RestartBackoff {
  /** Monotonic. One call for one failure of the job, however many of its tasks fell with it. */
  failed(nowMs: number): RestartDecision;
}

export function createRestartBackoff(strategy: RestartStrategy, random: Random): RestartBackoff {
  switch (strategy.type) {
    case 'none':
      return { failed: () => giveUp('its restart strategy is none') };
    case 'fixed-delay':
      return fixedDelay(strategy);
    case 'exponential-delay':
      return exponentialDelay(strategy, random);
    case 'failure-rate':
      return failureRate(strategy);
    default:
      return unreachable(strategy);
  }
}

function fixedDelay({
  attempts,
  delayMs,
}: Extract<RestartStrategy, { type: 'fixed-delay' }>): RestartBackoff {
  let restarts = 0;
  return {
    failed: () => {
      if (restarts >= attempts) return giveUp(`it was restarted ${times(restarts)}, and no more is allowed`);
      restarts++;
      return { type: 'restart', delayMs };
    },
  };
}

function exponentialDelay(
  strategy: Extract<RestartStrategy, { type: 'exponential-delay' }>,
  random: Random,
): RestartBackoff {
  const { initialMs, maxMs, multiplier, jitter, resetAfterMs, attempts } = strategy;
  let backoffMs = initialMs;
  let restarts = 0;
  /** When the last restart was due: the quiet time counts from there, not from the failure. */
  let runningSinceMs: number | null = null;
  return {
    failed: (nowMs) => {
      if (runningSinceMs !== null && nowMs - runningSinceMs >= resetAfterMs) {
        backoffMs = initialMs;
        restarts = 0;
      }
      if (restarts >= attempts) {
        return giveUp(
          `it was restarted ${times(restarts)} without running for ${durationText(resetAfterMs)} in between`,
        );
      }
      restarts++;
      // Jobs that fell together should not come back together.
      const spread = 1 + jitter * (2 * random.next() - 1);
      const delayMs = Math.max(initialMs, Math.min(maxMs, Math.round(backoffMs * spread)));
      backoffMs = Math.min(maxMs, backoffMs * multiplier);
      runningSinceMs = nowMs + delayMs;
      return { type: 'restart', delayMs };
    },
  };
}

function failureRate({
  failuresMax,
  intervalMs,
  delayMs,
}: Extract<RestartStrategy, { type: 'failure-rate' }>): RestartBackoff {
  /** The last failures, oldest first; never more than it takes to give up. */
  let failures: readonly number[] = [];
  return {
    failed: (nowMs) => {
      failures = [...failures.filter((at) => nowMs - at < intervalMs), nowMs];
      if (failures.length <= failuresMax) return { type: 'restart', delayMs };
      return giveUp(`it failed ${times(failures.length)} within ${durationText(intervalMs)}`);
    },
  };
}

function giveUp(reason: string): RestartDecision {
  return { type: 'give-up', reason };
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}
