/**
 * The checkpoint coordinator with a storage and tasks on one screen: storage answers at once unless a test holds it
 * back, tasks do nothing by themselves. What the coordinator decides is logged as lines:
 *
 *   begin 1 · trigger 1 a[0] b[0] · publish 1 · complete 1 · complete 2, no commit · aborted 3 CHECKPOINT_EXPIRED
 *   answer save 4 · answer save USER_ABORTED · subsume 1 2 · discard 3 · skipped … · fail-job … · stopped
 */

import { unreachable } from '../../runtime/base/assert.ts';
import type { Moment } from '../../runtime/base/clock.ts';
import type { CheckpointFailureReason } from '../../runtime/checkpoint/barrier.ts';
import {
  type AskedRequest,
  type CheckpointCoordinator,
  type CheckpointCoordinatorOptions,
  type CoordinatorEffect,
  createCheckpointCoordinator,
  type StorageOutcome,
} from '../../runtime/checkpoint/checkpointCoordinator.ts';
import type { CheckpointMode } from '../../runtime/checkpoint/checkpointMode.ts';
import { nameOf } from '../../runtime/checkpoint/triggerPlan.ts';
import type { ExecutionGraph } from '../../runtime/graph/executionGraph.ts';
import { type CheckpointSettings, defaultCheckpointSettings } from '../../runtime/graph/jobGraph.ts';

/** `a b -> join -> out*2`: stages of vertices, each connected with all of the next; `*n` is the parallelism. */
export function graphOf(text: string): ExecutionGraph {
  const stages = text.split('->').map((stage) =>
    stage
      .trim()
      .split(/\s+/)
      .map((word) => {
        const [id = '', parallelism = '1'] = word.split('*');
        return {
          id,
          name: id,
          parallelism: Number(parallelism),
          maxParallelism: 128,
          operators: [],
          inputs: [],
          outputs: [],
        };
      }),
  );
  const channels = stages.slice(1).flatMap((stage, i) =>
    (stages[i] ?? []).flatMap((from) =>
      stage.flatMap((to) =>
        Array.from({ length: from.parallelism * to.parallelism }, (_, place) => ({
          edge: `${from.id}-${to.id}`,
          fromVertex: from.id,
          fromSubtask: place % from.parallelism,
          toVertex: to.id,
          toSubtask: Math.floor(place / from.parallelism),
        })),
      ),
    ),
  );
  return {
    job: undefined as never,
    vertices: stages.flat(),
    edges: [],
    channels: channels.map((channel, id) => ({ id, ...channel })),
  };
}

export class CoordinatorModel {
  readonly coordinator: CheckpointCoordinator<string, null>;
  readonly effects: CoordinatorEffect<string, null>[] = [];
  /** A test that sets one of these answers by itself, with `directoryReady` or `published`. */
  holdsDirectories = false;
  holdsManifests = false;
  storageFails = false;
  manifestsFail = false;
  readonly #graph: ExecutionGraph;
  #ms = 0;
  #logged = 0;

  constructor(
    graph: string,
    settings: Partial<CheckpointSettings> = {},
    options: Partial<CheckpointCoordinatorOptions> = {},
  ) {
    this.#graph = graphOf(graph);
    this.coordinator = createCheckpointCoordinator<string, null>({
      settings: { ...defaultCheckpointSettings, intervalMs: null, ...settings },
      graph: this.#graph,
      nextCheckpointId: 1,
      ...options,
    });
  }

  get at(): Moment {
    return { now: 1_000_000 + this.#ms, monotonicMs: this.#ms };
  }

  /** Everything since the last call. */
  log(): string[] {
    const news = this.effects
      .slice(this.#logged)
      .map(lineOf)
      .filter((line) => line !== null);
    this.#logged = this.effects.length;
    return news;
  }

  start(): this {
    this.run(this.coordinator.start(this.at));
    return this;
  }

  /** Time passes; the coordinator is called at its deadlines, as by a timer. */
  pass(durationMs: number): void {
    const until = this.#ms + durationMs;
    for (let calls = 0; calls < 10_000; calls++) {
      const deadline = this.coordinator.nextDeadline();
      if (deadline === null || deadline > until) break;
      this.#ms = Math.max(this.#ms, deadline);
      this.run(this.coordinator.tick(this.at));
    }
    this.#ms = until;
  }

  ask(requestId: string, asked: Partial<AskedRequest> = {}): void {
    const request = { kind: 'savepoint', trigger: 'user', label: null, notes: null, suspend: false } as const;
    this.run(this.coordinator.request({ ...request, ...asked, requestId }, this.at));
  }

  /** `a[0]` or `a`. */
  acknowledge(checkpointId: number, ...names: string[]): void {
    for (const name of names.length > 0 ? names : this.names()) {
      this.run(this.coordinator.acknowledge(subtaskOf(name), checkpointId, name, null, this.at));
    }
  }

  decline(checkpointId: number, name: string, reason: CheckpointFailureReason): void {
    this.run(this.coordinator.decline(subtaskOf(name), checkpointId, reason, 'no', this.at));
  }

  end(...names: string[]): void {
    for (const name of names) this.run(this.coordinator.taskEnded(subtaskOf(name), this.at));
  }

  abort(checkpointId: number): void {
    this.run(this.coordinator.abort(checkpointId, 'USER_ABORTED', 'by hand', this.at));
  }

  switchMode(mode: CheckpointMode): void {
    this.run(this.coordinator.switchMode(mode, this.at));
  }

  switched(): void {
    this.run(this.coordinator.switched(this.at));
  }

  stop(): void {
    this.run(this.coordinator.stop('JOB_FAILURE', 'it failed', this.at));
  }

  directoryReady(
    checkpointId: number,
    outcome: StorageOutcome = { ok: true, value: `tmp-${checkpointId}` },
  ): void {
    this.run(this.coordinator.directoryReady(checkpointId, outcome, this.at));
  }

  published(
    checkpointId: number,
    outcome: StorageOutcome = { ok: true, value: `chk-${checkpointId}` },
  ): void {
    this.run(this.coordinator.published(checkpointId, outcome, this.at));
  }

  names(): string[] {
    return this.#graph.vertices.flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, index) => nameOf({ vertex: id, index })),
    );
  }

  run(effects: readonly CoordinatorEffect<string, null>[]): void {
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === 'begin' && !this.holdsDirectories) {
        const { checkpointId } = effect.attempt;
        if (this.storageFails) this.directoryReady(checkpointId, { ok: false, message: 'no space' });
        else this.directoryReady(checkpointId);
      }
      if (effect.type === 'publish' && !this.holdsManifests) {
        const { checkpointId } = effect.attempt;
        if (this.manifestsFail) this.published(checkpointId, { ok: false, message: 'no space' });
        else this.published(checkpointId);
      }
    }
  }
}

function subtaskOf(name: string): { vertex: string; index: number } {
  const [vertex = '', index = '0'] = name.split(/[[\]]/);
  return { vertex, index: Number(index) };
}

function lineOf(effect: CoordinatorEffect<string, null>): string | null {
  switch (effect.type) {
    case 'triggered':
      return null;
    case 'begin':
      return `begin ${effect.attempt.checkpointId}`;
    case 'trigger':
      return `trigger ${effect.checkpointId} ${effect.subtasks.map(nameOf).join(' ')}`;
    case 'publish':
      return `publish ${effect.attempt.checkpointId}`;
    case 'complete':
      return `complete ${effect.checkpointId}${effect.commit ? '' : ', no commit'}`;
    case 'aborted':
      return `aborted ${effect.checkpointId} ${effect.reason}`;
    case 'discard':
      return `discard ${effect.checkpointId}`;
    case 'subsume':
      return `subsume ${effect.checkpointIds.join(' ')}`;
    case 'answer':
      return `answer ${effect.requestId} ${effect.result.ok ? effect.result.checkpointId : effect.result.reason}`;
    case 'skipped':
      return `skipped ${effect.reason}`;
    case 'fail-job':
      return `fail-job ${effect.reason}`;
    case 'stopped':
      return 'stopped';
    default:
      return unreachable(effect);
  }
}
