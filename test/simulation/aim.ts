/**
 * When the next process is killed. Half of the time at any moment; else aimed at one of the narrow windows of a checkpoint,
 * which a blow at random would rarely hit: a few turns after something that the coordinator has heard of.
 */
import type { Random } from '../../runtime/base/random.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';

const targets = [
  'checkpoint-triggered',
  'barrier-injected',
  'barrier-arrived',
  'acknowledged',
  'acknowledged',
  'checkpoint-completed',
  'checkpoint-failed',
  'deployed',
] as const satisfies readonly JobFact['type'][];

const TURNS_AFTER_MAX = 12;
const OCCURRENCES_MAX = 24;

export interface Aim {
  hear(fact: JobFact): void;
  /** Called once a turn. */
  strikes(): boolean;
}

export const noAim: Aim = { hear: () => {}, strikes: () => false };

export const drawAim = (random: Random): Aim => {
  let turnsLeft = random.below(1 + 2 ** (4 + random.below(10)));
  const target = random.below(2) === 0 ? null : targets[random.below(targets.length)];
  const after = random.below(TURNS_AFTER_MAX);
  let occurrences = 1 + random.below(OCCURRENCES_MAX);
  return {
    hear: (fact) => {
      if (fact.type === target && --occurrences === 0) turnsLeft = Math.min(turnsLeft, after);
    },
    strikes: () => turnsLeft-- <= 0,
  };
};
