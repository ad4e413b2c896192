/**
 * What the job master needs of the threads that run tasks. `host` gives worker threads, a simulation gives task threads in
 * its own one. Everything returns at once; answers come back as calls of the job master.
 */
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { DeployOptions, SubtaskId, ToWorker } from '../control/messages.ts';

export interface Deployment {
  readonly execution: ExecutionGraph;
  readonly threads: readonly (readonly SubtaskId[])[];
  /** By thread. */
  readonly deploys: readonly DeployOptions[];
}

export interface Deployer {
  deploy(deployment: Deployment): void;
  send(thread: number, message: ToWorker): void;
  /** Ends all threads of the present deployment, whatever they do; `JobMaster.threadsGone()` follows. */
  terminate(): void;
}
