/**
 * A worker thread that runs tasks. It evaluates the pipeline again, must arrive at the very plan that the planner did, and
 * then steps the engine: up to 10 ms of work, then whatever events have come (control messages, finished writes), and
 * so on. When nothing progressed it parks; parked, it uses no CPU. It never ends by itself: the coordinator ends it.
 */
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type { DefineOptions } from '../api/pipeline.ts';
import { present } from '../base/assert.ts';
import type { DeployOptions, FromWorker, SubtaskId, ToWorker } from '../engine/control/messages.ts';
import { MetricsTable } from '../engine/metricsTable.ts';
import { TaskThread, type ThreadStep } from '../engine/taskThread.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { SpillOptions } from '../state/spillCache.ts';
import { machineFiles } from './files.ts';
import { loadPipeline } from './loadPipeline.ts';
import { machineClock } from './machineClock.ts';
import { machineSnapshotFiles } from './snapshotFiles.ts';
import { sourceMaps } from './sourceMaps.ts';
import { openSpillStore } from './spillStore.ts';
import { ThreadWaking } from './threadWaking.ts';

export interface TaskWorkerData {
  readonly bundlePath: string;
  readonly defineOptions: DefineOptions;
  readonly execution: ExecutionGraph;
  readonly deploy: DeployOptions;
  readonly threadIndex: number;
  readonly threads: readonly (readonly SubtaskId[])[];
  readonly rings: ReadonlyMap<number, SharedArrayBuffer>;
  readonly metrics: SharedArrayBuffer;
  readonly wakeWords: SharedArrayBuffer;
  readonly workingDirectory: string;
  /** Of this job; nothing in it has to survive. */
  readonly scratchDirectory: string;
  readonly givesWay: boolean;
}

/** Beside the engine's messages: the pipeline could not be evaluated here, or says something else than before. */
export type TaskWorkerMessage = FromWorker | { readonly type: 'unusable'; readonly reason: string };

/** Long enough that the events' share is small, short enough that a trigger is not kept waiting. */
const sliceMs = 10;
/** Also without anything to do: idle time is counted by stepping. */
const parkedMsMax = 500;

const data = workerData as TaskWorkerData;
const port = present(parentPort, 'the port to the coordinator');
const waking = new ThreadWaking(data.wakeWords, data.threadIndex);

let thread: TaskThread | null = null;
let isScheduled = false;
let timer: NodeJS.Timeout | undefined;

if (data.givesWay) giveWay();
await begin();

/** On Linux of this thread alone, so that the coordinator stays prompt; elsewhere of the whole process. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch (error) {
    const subtask = present(data.threads[data.threadIndex]?.[0], 'a task of this thread');
    const text = `The thread keeps its priority: ${String(error)}`;
    port.postMessage({ type: 'log', level: 'debug', text, subtask } satisfies TaskWorkerMessage);
  }
}

async function begin(): Promise<void> {
  const outcome = await loadPipeline(data.bundlePath, data.defineOptions);
  if (!outcome.ok) {
    const { name, message } = outcome.problem;
    return refuse(`the pipeline could not be evaluated in a task thread: ${name}: ${message}`);
  }
  const { definition } = outcome;
  if (definition.graph.fingerprint !== data.execution.job.fingerprint) {
    return refuse(
      'the pipeline is written differently each time it is evaluated; it must not depend on time, chance or files',
    );
  }
  const maps = sourceMaps(data.bundlePath);
  const spill = await openSpill(data);
  thread = new TaskThread({
    definition,
    execution: data.execution,
    deploy: data.deploy,
    threadIndex: data.threadIndex,
    threads: data.threads,
    rings: data.rings,
    metrics: new MetricsTable(data.execution, data.metrics),
    clock: machineClock,
    files: machineFiles({ workingDirectory: data.workingDirectory, afterCallback: schedule }),
    snapshots: machineSnapshotFiles({ afterCallback: schedule }),
    send,
    wakeThread: (index) => waking.wake(index),
    wakeSelf: schedule,
    newAbort: () => new AbortController(),
    spill,
  });
  port.on('message', (message: ToWorker) => {
    thread?.handle(message);
    schedule();
  });
  schedule();

  function send(message: FromWorker): void {
    if (message.type === 'failed') {
      const stack = maps.stack(message.failure.stack).text;
      port.postMessage({ ...message, failure: { ...message.failure, stack } });
    } else if (message.type === 'closed') {
      // The coordinator ends this thread on it: what the author's code printed goes first.
      process.stdout.write('', () => port.postMessage(message));
    } else port.postMessage(message);
  }
}

/** Every attempt has directories of its own: those of the last one may still be about to go. */
async function openSpill({
  execution,
  deploy,
  threadIndex,
  scratchDirectory,
}: TaskWorkerData): Promise<SpillOptions | null> {
  const { state } = execution.job;
  if (state === undefined || state.backend === 'memory') return null;
  const directory = join(scratchDirectory, `${deploy.attempt}-${threadIndex}`);
  return {
    store: await openSpillStore(directory, { afterCallback: schedule }),
    memoryBytes: state.memoryBytes ?? Math.floor(getHeapStatistics().heap_size_limit / 4),
  };
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  clearTimeout(timer);
  waking.announceAwake();
  setImmediate(run);
}

function run(): void {
  isScheduled = false;
  if (thread === null) return;
  const until = performance.now() + sliceMs;
  let step: ThreadStep;
  do {
    step = thread.step();
    if (step.closed) {
      thread = null;
      return;
    }
  } while (step.progressed && performance.now() < until);
  if (step.progressed) schedule();
  else park(thread);
}

function park(idle: TaskThread): void {
  waking.announceParked();
  // Work that came between the last look and the word.
  const step = idle.step();
  if (step.closed) {
    thread = null;
    return;
  }
  if (step.progressed || isScheduled) {
    waking.announceAwake();
    schedule();
    return;
  }
  waking.whenWoken(schedule);
  const waitMs = step.wakeAt === null ? parkedMsMax : step.wakeAt - machineClock.now();
  timer = setTimeout(schedule, Math.min(parkedMsMax, Math.max(0, waitMs)));
}

function refuse(reason: string): void {
  const message: TaskWorkerMessage = { type: 'unusable', reason };
  port.postMessage(message);
}
