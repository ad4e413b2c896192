/** What every view is handed: the state, the moment, and the one who acts. */
import type { Capability } from '../../runtime/protocol/messages.ts';
import type { DashboardController } from '../controller.ts';
import type { DashboardState, JobState } from '../model/dashboardState.ts';

export interface Context {
  readonly state: DashboardState;
  readonly controller: DashboardController;
  /** The engine's clock. */
  readonly now: number;
  readonly width: number;
}

export interface JobContext extends Context {
  readonly job: JobState;
}

export const isNarrow = ({ width }: Context) => width < 560;

/** Why something cannot be done now; null when it can. Shown beside or over what is switched off. */
export function whyNot({ state }: Context, capability: Capability, needsRunning = true): string | null {
  if (state.connection.kind === 'connecting') return 'Connecting.';
  if (state.connection.kind === 'lost') return 'The runtime is not connected.';
  if (state.engine !== null && !state.engine.capabilities.has(capability))
    return `${state.engine.name} cannot do this.`;
  if (!needsRunning) return null;
  if (state.job === null) return 'No job runs here.';
  return state.job.info.status === 'running' ? null : `The job is ${state.job.info.status}.`;
}
