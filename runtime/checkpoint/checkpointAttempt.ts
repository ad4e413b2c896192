/**
 * One snapshot on its way from the first directory to the manifest, as the coordinator keeps it; and what is kept of
 * those that were aborted, for whatever comes late.
 */

import type { Acknowledgement, AttemptDescription, AttemptOptions } from './checkpointEffects.ts';
import type { RequestId } from './checkpointRequests.ts';
import { durationText } from './sentences.ts';
import { nameOf, type TriggerPlan } from './triggerPlan.ts';

export interface Attempt<Operators, Report> {
  readonly description: AttemptDescription;
  /** Clock.now() */
  readonly triggeredAt: number;
  readonly requestId: RequestId | null;
  /** Monotonic. */
  readonly expiresMs: number;
  /** In this order: storage makes its directory; tasks acknowledge; its turn to be published comes; it is published. */
  phase: 'beginning' | 'triggered' | 'acknowledged' | 'publishing';
  /** Known from `triggered` on. */
  options: AttemptOptions | null;
  /** Names of subtasks that were sent the trigger. */
  readonly triggered: Set<string>;
  readonly acknowledged: Map<string, Acknowledgement<Operators, Report>>;
}

export function createAttempt<Operators, Report>(
  known: Pick<Attempt<Operators, Report>, 'description' | 'triggeredAt' | 'requestId' | 'expiresMs'>,
): Attempt<Operators, Report> {
  return { ...known, phase: 'beginning', options: null, triggered: new Set(), acknowledged: new Map() };
}

/** The job ends with it, so whatever it holds is committed. */
export function endsJob({ suspend, trigger, ended }: AttemptDescription): boolean {
  return suspend || trigger === 'final' || (trigger === 'stop' && ended);
}

export function expiryMessage(
  attempt: Attempt<unknown, unknown>,
  plan: TriggerPlan,
  timeoutMs: number,
): string {
  const after = `after ${durationText(timeoutMs)}`;
  if (attempt.phase === 'beginning') return `Storage had not made its directory ${after}.`;
  const missing = plan.subtasks.map(nameOf).filter((name) => !attempt.acknowledged.has(name));
  if (missing.length === 0) return `Its turn to be written had not come ${after}.`;
  const others = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `${missing.slice(0, 3).join(', ')}${others} had not acknowledged ${after}.`;
}

/** The last so many aborted attempts; what comes later than that finds nobody. */
export class AbortedAttempts {
  /** By id; null: its directory has not been made yet. */
  readonly #directories = new Map<number, string | null>();

  add({ description, options }: Attempt<unknown, unknown>): void {
    this.#directories.set(description.checkpointId, options?.directory ?? null);
    if (this.#directories.size > rememberedMax)
      this.#directories.delete(Math.min(...this.#directories.keys()));
  }

  /** The directory was made after all. */
  gotDirectory(checkpointId: number, directory: string): void {
    if (this.#directories.has(checkpointId)) this.#directories.set(checkpointId, directory);
  }

  directoryOf(checkpointId: number): string | null {
    return this.#directories.get(checkpointId) ?? null;
  }
}

const rememberedMax = 128;
