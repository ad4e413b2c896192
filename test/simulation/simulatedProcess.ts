/**
 * A runtime process in one test thread: the real job master and the real task threads, with a scheduler instead of
 * threads, a disk in memory instead of files. Killing it drops everything but the disk.
 */
import { seededRandom } from '../../runtime/base/random.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { makeRing } from '../../runtime/engine/channels/ring.ts';
import type { ToWorker } from '../../runtime/engine/control/messages.ts';
import type { Deployer, Deployment } from '../../runtime/engine/job/deployer.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import { JobMaster, type RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import { TaskThread } from '../../runtime/engine/taskThread.ts';
import { crossingChannels } from '../../runtime/engine/threadChannels.ts';
import type { JobDefinition } from '../../runtime/graph/jobDefinition.ts';
import type { CheckpointSettings } from '../../runtime/graph/jobGraph.ts';
import type { SpillOptions } from '../../runtime/state/spillCache.ts';
import { SlowSpillStore } from '../testing/slowSpillStore.ts';
import type { MemoryDisk } from './memoryDisk.ts';
import type { Scheduler } from './scheduler.ts';

export interface SimulatedProcessOptions {
  readonly define: () => JobDefinition;
  readonly disk: MemoryDisk;
  readonly scheduler: Scheduler;
  readonly settings: CheckpointSettings;
  readonly parallelism: number | null;
  readonly threadsMax: number;
  readonly ringBytes: number;
  readonly runId: string;
  readonly restore: RestorePoint | null;
  readonly nextCheckpointId: number;
  readonly retained: readonly { readonly checkpointId: number; readonly directory: string }[];
  readonly claimed?: readonly { readonly checkpointId: number; readonly directory: string }[];
  readonly emit?: (fact: JobFact) => void;
  /** By how much the wall clock of a thread is wrong; 0 where nothing is said. */
  readonly skewMs?: (thread: number) => number;
  /** Keyed state has so much memory, and the rest of it is on disk; null: all of it is in memory. */
  readonly stateBytes?: number | null;
}

interface RunningThread {
  readonly thread: TaskThread;
  readonly line: string;
  wakeAt: number | null;
}

export const STORAGE_ROOT = '/sluice';

export class SimulatedProcess {
  readonly master: JobMaster;
  readonly facts: JobFact[] = [];
  readonly #options: SimulatedProcessOptions;
  #threads: (RunningThread | null)[] = [];
  #deployments = 0;

  constructor(options: SimulatedProcessOptions) {
    this.#options = options;
    const { scheduler, disk } = options;
    this.master = new JobMaster({
      graph: options.define().graph,
      parallelism: options.parallelism,
      threadsMax: options.threadsMax,
      settings: options.settings,
      runId: options.runId,
      sluiceVersion: '0.0.0-simulation',
      clock: scheduler,
      random: seededRandom(scheduler.random.below(2 ** 31)),
      storage: disk.storage(STORAGE_ROOT),
      deployer: this.#deployer(),
      emit: (fact) => {
        this.facts.push(fact);
        options.emit?.(fact);
      },
      restore: options.restore,
      nextCheckpointId: options.nextCheckpointId,
      retained: options.retained,
      claimed: options.claimed ?? [],
    });
    this.master.start();
  }

  get over(): boolean {
    const { status } = this.master;
    return status === 'finished' || status === 'failed' || status === 'canceled' || status === 'suspended';
  }

  get threadCount(): number {
    return this.#threads.length;
  }

  /** One step of a random thread, a message, a disk answer or some time. Answers false when nothing was left but time. */
  advance(): void {
    const { scheduler } = this.#options;
    const { random } = scheduler;
    const choice = random.below(10);
    const deadline = this.master.nextDeadline();
    if (deadline !== null && deadline <= scheduler.now()) this.master.tick();
    if (choice < 6 && this.#stepThread(random.below(Math.max(1, this.#threads.length)))) return;
    if (choice < 9 && scheduler.deliver()) return;
    scheduler.pass(random.below(choice === 9 ? 20 : 3));
  }

  /** A thread dies by itself, as by an uncaught exception. */
  killThread(index: number): void {
    if (this.#threads[index] === undefined || this.#threads[index] === null) return;
    this.#threads[index] = null;
    this.#options.scheduler.inLine(`from ${this.#deployments}/${index}`, () =>
      this.master.threadDied(index, 'the thread died'),
    );
  }

  #stepThread(index: number): boolean {
    const running = this.#threads[index];
    if (running === undefined || running === null) return false;
    return running.thread.step().progressed;
  }

  #deployer(): Deployer {
    const { scheduler } = this.#options;
    return {
      deploy: (deployment) => this.#deploy(deployment),
      send: (index, message: ToWorker) => {
        const deploymentNumber = this.#deployments;
        scheduler.inLine(`to ${deploymentNumber}/${index}`, () => {
          if (deploymentNumber === this.#deployments)
            this.#threads[index]?.thread.handle(structuredClone(message));
        });
      },
      terminate: () => {
        this.#threads = this.#threads.map(() => null);
        this.#deployments++;
        scheduler.later(() => this.master.threadsGone());
      },
    };
  }

  #spill(): SpillOptions | null {
    const { stateBytes = null, scheduler } = this.#options;
    if (stateBytes === null) return null;
    const store = new SlowSpillStore(() => scheduler.later(() => store.finishWrite()));
    return { store, memoryBytes: stateBytes };
  }

  #deploy(deployment: Deployment): void {
    const { define, disk, scheduler, ringBytes } = this.#options;
    const { execution, threads } = deployment;
    const rings = new Map(
      crossingChannels(execution, threads).map((channel) => [channel, makeRing(ringBytes)]),
    );
    const metrics = new MetricsTable(execution, null);
    const deploymentNumber = this.#deployments;
    this.#threads = deployment.deploys.map((deploy, threadIndex) => {
      const line = `from ${deploymentNumber}/${threadIndex}`;
      const thread = new TaskThread({
        definition: define(),
        execution,
        deploy,
        threadIndex,
        threads,
        rings,
        metrics,
        clock: scheduler.clockOf(this.#options.skewMs?.(threadIndex) ?? 0),
        files: disk,
        snapshots: disk,
        // So little state that a real one would never be an increment.
        increments: { fullBelowBytes: 0, slices: 4 },
        send: (message) => {
          const sent = structuredClone(message);
          scheduler.inLine(line, () => {
            if (deploymentNumber === this.#deployments) this.master.fromWorker(threadIndex, sent);
          });
        },
        wakeThread: () => {},
        wakeSelf: () => {},
        newAbort: () => new AbortController(),
        spill: this.#spill(),
      });
      return { thread, line, wakeAt: null };
    });
  }
}

/** What a successor finds on the disk. */
export const latestPoint = (
  disk: MemoryDisk,
): { readonly directory: string; readonly manifest: Manifest } | null => {
  let latest: { directory: string; manifest: Manifest } | null = null;
  for (const [directory, manifest] of disk.manifests()) {
    if (latest === null || manifest.checkpointId > latest.manifest.checkpointId)
      latest = { directory, manifest };
  }
  return latest;
};
