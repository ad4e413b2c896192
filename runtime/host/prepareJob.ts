/**
 * From a launch request to a job that can be started: planned, its sources there, its directories locked, the snapshot
 * chosen and checked. Every step ends in a value or in a LaunchError with the one sentence for the author; nothing has
 * been written before the last of them.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DefineOptions } from '../api/pipeline.ts';
import { latestSnapshot, nextCheckpointId, type SnapshotPoint, startsBranch } from '../checkpoint/lineage.ts';
import { checkpointIdOf } from '../checkpoint/snapshotPaths.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { partsCommittedAfter, partsRefusal } from '../connectors/partNames.ts';
import type { RestorePoint } from '../engine/job/jobMaster.ts';
import { parallelismProblem } from '../graph/buildExecutionGraph.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { LaunchRequest } from '../protocol/launch.ts';
import type { SavepointSummary } from '../protocol/savepoints.ts';
import type { Bundle } from './bundle.ts';
import { settleSnapshots } from './checkpointStorage.ts';
import { checkRestore, consentProblem } from './checkRestore.ts';
import { claimedSavepoints, claimSavepoint } from './claims.ts';
import { damagedPoint } from './damagedPoint.ts';
import { clearScratch, type DataDirectory } from './dataDirectory.ts';
import { machineFiles } from './files.ts';
import { LaunchError, launchFailure } from './launchFailure.ts';
import { type DirectoryLock, type LockHolder, lockDirectory } from './lock.ts';
import { namedSnapshot } from './namedSnapshot.ts';
import { missingSourceFile, planPipeline } from './planner.ts';
import { isAlive, type ProcessIdentity } from './processIdentity.ts';
import { recordedJob } from './runningJobs.ts';
import {
  checkpointDirectories,
  checkpointsOnShelf,
  savepointsOnShelf,
  snapshotIdOf,
  summaryOf,
} from './savepointShelf.ts';
import { supersedeAll } from './sinkParts.ts';
import { endOrphan } from './stoppedOrphan.ts';
import type { Utility } from './utility.ts';

export interface PreparedJob {
  readonly graph: JobGraph;
  readonly bundle: Bundle;
  readonly defineOptions: DefineOptions;
  readonly pipelineFile: string;
  readonly workingDirectory: string;
  readonly givesWay: boolean;
  readonly data: DataDirectory;
  readonly runId: string;
  /** Of the widest operator. */
  readonly parallelism: number;
  readonly parallelismOverride: number | null;
  readonly restore: RestorePoint | null;
  readonly restoredFrom: SavepointSummary | null;
  readonly nextCheckpointId: number;
  readonly retained: readonly { readonly checkpointId: number; readonly directory: string }[];
  readonly claimed: readonly { readonly checkpointId: number; readonly directory: string }[];
  readonly locks: readonly DirectoryLock[];
}

export interface PrepareOptions {
  readonly request: LaunchRequest & { readonly job: NonNullable<LaunchRequest['job']> };
  readonly data: DataDirectory;
  readonly supervisor: ProcessIdentity | null;
  readonly utility: Utility;
  print(text: string, isError: boolean): void;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

/** An orphan notices within 5 s that its supervisor is gone. */
const lockPatienceMs = 6_000;

/** Throws LaunchError. */
export async function prepareJob(options: PrepareOptions): Promise<PreparedJob> {
  const { request, data } = options;
  const { workingDirectory, job } = request;
  const defineOptions: DefineOptions = {
    parallelism: job.parallelism,
    checkpoints: job.checkpoints as DefineOptions['checkpoints'] & object,
    ...(job.state === undefined ? {} : { state: job.state as DefineOptions['state'] & object }),
    ...(job.restart === undefined ? {} : { restart: job.restart }),
    ...(job.stuckAfterMs === undefined ? {} : { stuckAfterMs: job.stuckAfterMs }),
  };
  const { pipelineFile } = job;
  const planned = await planPipeline({
    pipelineFile,
    workingDirectory,
    data,
    options: defineOptions,
    print: options.print,
  });
  if (!planned.ok) throw new LaunchError(planned.failure);
  const { graph, bundle } = planned;
  const problem = parallelismProblem(graph, job.parallelism);
  if (problem !== null) throw new LaunchError(launchFailure('invalid-plan', problem));
  const missing = missingSourceFile(graph, workingDirectory);
  if (missing !== null) throw new LaunchError(missing);

  const locks = await lockAll(graph, options);
  try {
    await settleSnapshots(data, graph.name);
    await clearScratch(data, graph.name);
    const point = choosePoint(graph, options);
    if (point?.manifest.finished === true) {
      // It may have been killed before its sinks heard of their last checkpoint, so it runs once more, to its end.
      options.log(
        'info',
        `${graph.name} had finished already: nothing is left to do but to commit what may be left.`,
      );
    }
    const files = machineFiles({ workingDirectory, afterCallback: () => {} });
    const runId = randomBytes(6).toString('hex');
    if (point !== null) {
      const preflight = await checkRestore(options.utility, {
        graph,
        point,
        id: snapshotIdOf(data, point.directory),
        workingDirectory,
        parallelism: job.parallelism,
        points: snapshotsOf(graph.name, data).points,
      });
      const problem = consentProblem(preflight, point, job);
      if (problem !== null) throw new LaunchError(problem);
    } else requireEmptySinks(graph, workingDirectory, job.supersede);
    // A restored job's parts are renamed when it is deployed, after its branch has a checkpoint of its own.
    if (job.supersede && point === null) supersedeAll(graph, null, files, runId);
    if (job.claim === true && point !== null) {
      if (point.manifest.kind === 'savepoint') await claimSavepoint(data, graph.name, point);
      else options.log('info', 'There is nothing to claim: the job goes on from a checkpoint of its own.');
    }

    const checkpoints = checkpointsOnShelf(data, graph.name);
    return {
      graph,
      bundle,
      defineOptions,
      pipelineFile,
      workingDirectory,
      givesWay: request.givesWay,
      data,
      runId,
      parallelism: graph.operators.reduce((widest, operator) => Math.max(widest, operator.parallelism), 1),
      parallelismOverride: job.parallelism,
      restore:
        point === null ? null : restorePoint(point, job.supersede, snapshotsOf(graph.name, data).points),
      restoredFrom: point === null ? null : summaryOf(data, point),
      nextCheckpointId: nextCheckpointId(idsOnDisk(graph.name, data), point?.manifest ?? null),
      retained: checkpoints.snapshots
        .map(({ manifest, directory }) => ({ checkpointId: manifest.checkpointId, directory }))
        .sort((a, b) => a.checkpointId - b.checkpointId),
      claimed: claimedSavepoints(data, graph.name),
      locks,
    };
  } catch (error) {
    for (const lock of locks) await lock.release();
    if (!(error instanceof SnapshotDamage)) throw error;
    const { points } = snapshotsOf(graph.name, data);
    throw new LaunchError(
      await damagedPoint({ error, graph, data, workingDirectory, utility: options.utility, points }),
    );
  }
}

/** The job's data directory and every sink's directory, in one order for everybody. */
async function lockAll(graph: JobGraph, options: PrepareOptions): Promise<readonly DirectoryLock[]> {
  const { data, request } = options;
  const sinks = graph.operators.flatMap(({ sinkDirectory }) =>
    sinkDirectory === null ? [] : [sinkDirectory.path],
  );
  const directories = [
    data.job(graph.name),
    ...sinks.map((path) => resolve(request.workingDirectory, path)).sort(),
  ];
  const locks: DirectoryLock[] = [];
  for (const directory of directories) {
    mkdirSync(directory, { recursive: true });
    const lock = () =>
      lockDirectory(directory, {
        job: graph.name,
        supervisor: options.supervisor,
        now: Date.now(),
        patienceMs: lockPatienceMs,
      });
    let outcome = await lock();
    const recorded = recordedJob(data, graph.name);
    if (!outcome.ok && outcome.holder === null && (await endOrphan(recorded))) {
      options.log(
        'warning',
        `Process ${recorded?.process.pid} of an earlier run of ${graph.name} was stopped, and nobody was left to wake it: it was ended.`,
      );
      outcome = await lock();
    }
    if (!outcome.ok) {
      for (const lock of locks) await lock.release();
      throw new LaunchError(
        launchFailure('already-running', takenText(graph.name, directory, data, outcome.holder)),
      );
    }
    locks.push(outcome.lock);
  }
  await waitForRecordedProcess(graph.name, data);
  return locks;
}

/** The lock is free, but its former holder may still be dying: it must not write any more. */
async function waitForRecordedProcess(job: string, data: DataDirectory): Promise<void> {
  const recorded = recordedJob(data, job);
  if (recorded === null || recorded.process.pid === process.pid) return;
  const giveUpAt = performance.now() + lockPatienceMs;
  while (isAlive(recorded.process)) {
    if (performance.now() > giveUpAt) {
      const message = `Process ${recorded.process.pid} of an earlier run of ${job} is still there; end it and try again.`;
      throw new LaunchError(launchFailure('already-running', message));
    }
    await new Promise((later) => setTimeout(later, 20));
  }
}

function takenText(job: string, directory: string, data: DataDirectory, holder: LockHolder | null): string {
  if (holder === null)
    return `${directory} is used by another run that does not answer; end it and try again.`;
  const since = new Date(holder.since).toLocaleTimeString('en-GB');
  const who = `process ${holder.process.pid}, since ${since}`;
  return directory === data.job(job)
    ? `${job} is running already on ${data.root} (${who}); stop it with sluice stop, or give this run another --data.`
    : `${directory} is written to by the running job ${holder.job} (${who}); stop it, or give this sink another directory.`;
}

/** What `from` names; null: an empty start. */
function choosePoint(graph: JobGraph, { request, data, log }: PrepareOptions): SnapshotPoint | null {
  const { from } = request.job;
  if (from === null) return null;
  if (from === 'latest') {
    const { points, problems } = snapshotsOf(graph.name, data);
    for (const problem of problems) log('warning', `Passed over a damaged checkpoint: ${problem}`);
    return latestSnapshot(points);
  }
  const { workingDirectory } = request;
  const named = namedSnapshot(from, { data, workingDirectory, allowed: 'anywhere', job: graph.name });
  if (named.type === 'ambiguous') throw new LaunchError(launchFailure('savepoint-not-found', named.problem));
  if (named.type === 'found') {
    const { snapshot } = named;
    if (startsBranch(snapshot.manifest, snapshotsOf(graph.name, data).points)) {
      log('info', `${from} is not the latest of ${graph.name}: going on from it starts a new branch.`);
    }
    return snapshot;
  }
  const message = `There is no savepoint ${from}; sluice savepoint list shows those of ${data.root}.`;
  throw new LaunchError(launchFailure('savepoint-not-found', message));
}

/** Checkpoints and savepoints of the job, and what is wrong with those that cannot be read. */
export function snapshotsOf(
  job: string,
  data: DataDirectory,
): { readonly points: readonly SnapshotPoint[]; readonly problems: readonly string[] } {
  const savepoints = savepointsOnShelf(data).snapshots.filter(({ manifest }) => manifest.job === job);
  const checkpoints = checkpointsOnShelf(data, job);
  return {
    points: [...checkpoints.snapshots, ...savepoints],
    problems: checkpoints.damaged.map(({ message }) => message),
  };
}

/** Every id that a directory claims counts, also of one that cannot be read: an id never comes twice. */
function idsOnDisk(job: string, data: DataDirectory): readonly number[] {
  const claimed = checkpointDirectories(data, job).map((name) => checkpointIdOf(name) ?? 0);
  return [...claimed, ...snapshotsOf(job, data).points.map(({ manifest }) => manifest.checkpointId)];
}

/** Does the job have newer snapshots? Then going on from this one begins a branch. */
export function restorePoint(
  point: SnapshotPoint,
  supersede: boolean,
  points: readonly SnapshotPoint[],
): RestorePoint {
  const latest = latestSnapshot(points);
  const isLatest = latest === null || latest.manifest.checkpointId <= point.manifest.checkpointId;
  return { ...point, supersede, isLatest };
}

function requireEmptySinks(graph: JobGraph, workingDirectory: string, supersede: boolean): void {
  if (supersede) return;
  const files = machineFiles({ workingDirectory, afterCallback: () => {} });
  for (const { sinkDirectory } of graph.operators) {
    if (sinkDirectory === null) continue;
    const parts = partsCommittedAfter([], files.list(sinkDirectory.path), sinkDirectory.extension);
    if (parts.length === 0) continue;
    throw new LaunchError(launchFailure('needs-consent', partsRefusal(sinkDirectory.path, parts, true)));
  }
}
