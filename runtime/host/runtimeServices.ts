/**
 * What clients may ask of a runtime. Everything that runs is asked of the job, everything that lies on the disk of the shelf
 * and, where it takes long, of the utility worker. Names in requests lead to directories below the data directory and the
 * working directory only.
 */
import { join, resolve } from 'node:path';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { type Outcome, SnapshotDamage } from '../checkpoint/storage.ts';
import type { TakenSnapshot } from '../engine/job/jobMaster.ts';
import { parallelismProblem } from '../graph/buildExecutionGraph.ts';
import type { CheckpointSummary } from '../protocol/checkpoints.ts';
import { errorCodes } from '../protocol/version.ts';
import { internalError, withoutJob } from '../server/jobServer.ts';
import { type RpcError, rpcCodes } from '../server/jsonRpc.ts';
import { savepointDetails } from '../server/savepointInfo.ts';
import type { Answer, Asked, Services } from '../server/services.ts';
import { checkRestore, consentProblem } from './checkRestore.ts';
import { claimSavepoint } from './claims.ts';
import { type DataDirectory, snapshotDirectory } from './dataDirectory.ts';
import type { JobRun } from './jobRun.ts';
import { namedSnapshot, ofTheNewest } from './namedSnapshot.ts';
import { type PreparedJob, restorePoint, snapshotsOf } from './prepareJob.ts';
import { exportSavepoint, importSavepoint } from './savepointArchive.ts';
import { deleteSavepoint, relabel, savepointsOnShelf, snapshotIdOf, summaryOf } from './savepointShelf.ts';
import { QuestionCancelled, type Utility } from './utility.ts';

export interface ServiceContext {
  readonly data: DataDirectory;
  readonly workingDirectory: string;
  readonly utility: Utility;
  run(): JobRun | null;
  prepared(): PreparedJob | null;
  savepointsChanged(): void;
}

/** An answer that is an error, thrown between the steps of a request. */
class Refusal extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export function runtimeServices(context: ServiceContext): Services {
  const { data, utility } = context;
  const withRun = <T>(answer: Answer<T>, work: (run: JobRun) => void) => {
    const run = context.run();
    if (run === null) withoutJob(answer);
    else work(run);
  };
  const find = (id: string): SnapshotPoint => findSnapshot(context, id);

  return {
    'job/stop': ({ drain, label }, answer) =>
      withRun(answer, (run) =>
        run.stop(drain, label ?? null, (result) =>
          answer(mapped(result, (taken) => ({ savepoint: summaryOf(data, at(taken)) }))),
        ),
      ),
    'job/cancel': (_params, answer) =>
      withRun(answer, (run) => {
        run.cancel();
        answer({ ok: true, value: {} });
      }),
    'checkpoint/trigger': (_params, answer) =>
      withRun(answer, (run) =>
        run.triggerCheckpoint((result) => {
          // The fact of its completion, which makes the row, comes in the same step.
          setImmediate(() => answer(mapped(result, (taken) => ({ checkpoint: checkpointRow(run, taken) }))));
        }),
      ),
    'checkpoint/abort': ({ id }, answer) =>
      withRun(answer, (run) => {
        run.abortCheckpoint(id);
        answer({ ok: true, value: {} });
      }),
    'checkpoint/configure': (mode, answer) =>
      withRun(answer, (run) =>
        run.switchMode(mode, (result) =>
          answer(mapped(result, (settings) => ({ checkpointConfig: settings }))),
        ),
      ),
    'savepoint/take': ({ label, notes }, answer) =>
      withRun(answer, (run) =>
        run.takeSavepoint(label ?? null, notes ?? null, (result) =>
          answer(mapped(result, (taken) => ({ savepoint: summaryOf(data, at(taken)) }))),
        ),
      ),
    'savepoint/list': (_params, answer) =>
      settle(answer, async () => {
        const { snapshots, damaged } = savepointsOnShelf(data);
        return { savepoints: snapshots.map((snapshot) => summaryOf(data, snapshot)), damaged: [...damaged] };
      }),
    'savepoint/show': ({ savepoint }, answer) =>
      settle(answer, async () => {
        const { manifest, directory } = find(savepoint);
        return savepointDetails(manifest, snapshotIdOf(data, directory), directory);
      }),
    'savepoint/label': ({ savepoint, label, notes }, answer) =>
      settle(answer, async () => {
        const snapshot = find(savepoint);
        if (snapshot.manifest.kind !== 'savepoint') {
          throw new Refusal(
            errorCodes.wrongState,
            'A checkpoint belongs to Sluice and has no label; take a savepoint.',
          );
        }
        const changed = await relabel(snapshot, label, notes);
        context.savepointsChanged();
        return { savepoint: summaryOf(data, changed) };
      }),
    'savepoint/delete': ({ savepoint }, answer) =>
      settle(answer, async () => {
        // Also one that cannot be read any more.
        const directory = insideDirectory(context, savepoint);
        if (directory === null || !deleteSavepoint(data, directory)) throw notFound(savepoint);
        context.savepointsChanged();
        return {};
      }),
    'savepoint/export': ({ savepoint, file }, answer) =>
      settle(answer, async () => {
        const point = find(savepoint);
        if (point.manifest.kind !== 'savepoint')
          throw new Refusal(errorCodes.wrongState, 'Only a savepoint can be exported; take one.');
        const target = insideFile(context, file);
        return { file: target, bytes: await exportSavepoint(point, target) };
      }),
    'savepoint/import': ({ file }, answer) =>
      settle(answer, async () => {
        const imported = await importSavepoint(data, insideFile(context, file));
        context.savepointsChanged();
        return { savepoint: summaryOf(data, imported) };
      }),
    'savepoint/preflight': ({ savepoint, parallelism }, answer) =>
      settle(answer, async () => {
        const prepared = context.prepared();
        if (prepared === null)
          throw new Refusal(errorCodes.wrongState, 'No job runs here that could be restored.');
        const point = find(savepoint);
        return checkRestore(utility, {
          graph: prepared.graph,
          point,
          id: snapshotIdOf(data, point.directory),
          workingDirectory: prepared.workingDirectory,
          parallelism: parallelism ?? prepared.parallelismOverride,
          points: snapshotsOf(prepared.graph.name, data).points,
        });
      }),
    'savepoint/restore': ({ savepoint, parallelism, supersede, allowNonRestoredState, claim }, answer) =>
      withRun(answer, (run) =>
        settle(answer, async () => {
          const prepared = context.prepared();
          if (prepared === null)
            throw new Refusal(errorCodes.wrongState, 'No job runs here that could be restored.');
          const problem = parallelismProblem(prepared.graph, parallelism ?? null);
          if (problem !== null) throw new Refusal(errorCodes.notCompatible, problem);
          const point = find(savepoint);
          const preflight = await checkRestore(utility, {
            graph: prepared.graph,
            point,
            id: snapshotIdOf(data, point.directory),
            workingDirectory: prepared.workingDirectory,
            parallelism: parallelism ?? prepared.parallelismOverride,
            points: snapshotsOf(prepared.graph.name, data).points,
          });
          const missing = consentProblem(preflight, point, { supersede, allowNonRestoredState });
          if (missing !== null) throw new Refusal(errorCodes.notCompatible, missing.message, preflight);
          const isClaimed = claim === true && point.manifest.kind === 'savepoint';
          if (isClaimed) await claimSavepoint(data, prepared.graph.name, point);
          const result = await new Promise<Outcome<null>>((done) =>
            run.restore(
              {
                ...restorePoint(point, supersede, snapshotsOf(prepared.graph.name, data).points),
                claim: isClaimed,
              },
              parallelism ?? null,
              done,
            ),
          );
          if (!result.ok) throw new Refusal(errorCodes.failed, result.message);
          return { job: run.view.job };
        }),
      ),
    'savepoint/compare': ({ a, b, progress }, answer, asked) =>
      settle(answer, () =>
        ofTheNewest(
          () => [find(a), find(b)],
          ([left, right]) => {
            const question = {
              type: 'compare',
              a: { directory: left.directory, id: snapshotIdOf(data, left.directory) },
              b: { directory: right.directory, id: snapshotIdOf(data, right.directory) },
            } as const;
            return utility.ask(question, {
              signal: signalOf(asked),
              onProgress: (done, total) => {
                if (progress !== undefined) asked.notify('savepoint/progress', { progress, done, total });
              },
            });
          },
        ),
      ),
    'savepoint/compareEntries': ({ a, b, ...page }, answer, asked) =>
      settle(answer, async () =>
        utility.ask(
          { type: 'compare-entries', a: find(a).directory, b: find(b).directory, page },
          { signal: signalOf(asked) },
        ),
      ),
    'savepoint/compareValue': ({ a, b, ...value }, answer, asked) =>
      settle(answer, async () =>
        utility.ask(
          { type: 'compare-value', a: find(a).directory, b: find(b).directory, value },
          { signal: signalOf(asked) },
        ),
      ),
  };
}

function signalOf({ onCancel }: Asked): AbortSignal {
  const cancelling = new AbortController();
  onCancel(() => cancelling.abort());
  return cancelling.signal;
}

function findSnapshot(context: ServiceContext, id: string): SnapshotPoint {
  const { data, workingDirectory } = context;
  const allowed = [data.root, workingDirectory];
  const job = context.prepared()?.graph.name ?? null;
  const found = namedSnapshot(id, { data, workingDirectory, allowed, job });
  if (found.type === 'ambiguous') throw new Refusal(errorCodes.notFound, found.problem);
  if (found.type === 'none') throw notFound(id);
  return found.snapshot;
}

function insideDirectory({ data, workingDirectory }: ServiceContext, id: string): string | null {
  return snapshotDirectory(data, id, { workingDirectory, allowed: [data.root, workingDirectory] });
}

/** Also by way of links; everything else does not exist. */
function insideFile({ data, workingDirectory }: ServiceContext, file: string): string {
  const path = resolve(workingDirectory, file);
  const allowed = [data.root, workingDirectory];
  if (file.includes('\0') || snapshotDirectory(data, path, { workingDirectory, allowed }) === null)
    throw new Refusal(errorCodes.notFound, `${file} is no file of this workspace.`);
  return path;
}

function notFound(id: string): Refusal {
  return new Refusal(errorCodes.notFound, `There is no savepoint or checkpoint ${id} in this workspace.`);
}

function settle<T>(answer: Answer<T>, work: () => Promise<T>): void {
  work().then(
    (value) => answer({ ok: true, value }),
    (error: unknown) => {
      if (error instanceof Refusal) {
        const refused: RpcError = { code: error.code, message: error.message, data: error.data };
        answer({ ok: false, error: refused });
      } else if (error instanceof SnapshotDamage) {
        answer({ ok: false, error: { code: errorCodes.failed, message: error.message } });
      } else if (error instanceof QuestionCancelled) {
        answer({ ok: false, error: { code: rpcCodes.requestCancelled, message: error.message } });
      } else internalError(answer, error);
    },
  );
}

function mapped<A, B>(result: Outcome<A>, map: (value: A) => B): Parameters<Answer<B>>[0] {
  if (result.ok) return { ok: true, value: map(result.value) };
  return { ok: false, error: { code: errorCodes.failed, message: result.message } };
}

function at({ manifest, path }: TakenSnapshot): SnapshotPoint {
  return { manifest, directory: path };
}

function checkpointRow(run: JobRun, { manifest, path }: TakenSnapshot): CheckpointSummary {
  const row = run.view.checkpoints.find(({ id }) => id === manifest.checkpointId);
  if (row === undefined) throw new Error(`checkpoint ${manifest.checkpointId} at ${join(path)} has no row`);
  const { subtasks: _, ...summary } = row;
  return summary;
}
