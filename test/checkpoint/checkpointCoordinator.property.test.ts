/**
 * The coordinator under any order of events: whatever storage, tasks, users and the clock do, and however late, the
 * promises hold. Each is checked on the effects alone, by a witness that knows no phases.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckpointFailureReason } from '../../runtime/checkpoint/barrier.ts';
import type { CoordinatorEffect } from '../../runtime/checkpoint/checkpointCoordinator.ts';
import { CoordinatorModel } from '../conformance/coordinatorModel.ts';

const seed = 20_260;
const names = ['a[0]', 'b[0]', 'join[0]', 'out[0]'];
const reasons: CheckpointFailureReason[] = ['IO_EXCEPTION', 'CHECKPOINT_SUBSUMED', 'CHECKPOINT_DECLINED'];

type Command =
  | {
      readonly do: 'ask';
      readonly kind: 'checkpoint' | 'savepoint';
      readonly suspend: boolean;
      readonly whenEnded: boolean;
    }
  /** The n-th of what storage owes; directories and manifests come in any order. */
  | { readonly do: 'storage'; readonly which: number; readonly ok: boolean }
  | { readonly do: 'acknowledge'; readonly name: string; readonly back: number }
  | { readonly do: 'acknowledge all'; readonly back: number }
  | {
      readonly do: 'decline';
      readonly name: string;
      readonly back: number;
      readonly reason: CheckpointFailureReason;
    }
  | { readonly do: 'end'; readonly name: string }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'abort'; readonly back: number }
  /** Seldom: it ends the run. */
  | { readonly do: 'stop' };

const name = fc.constantFrom(...names);
/** How many attempts ago. */
const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      kind: fc.constantFrom('checkpoint' as const, 'savepoint' as const),
      suspend: fc.constant(false),
      whenEnded: fc.nat({ max: 9 }).map((n) => n === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      kind: fc.constant('savepoint' as const),
      suspend: fc.constant(true),
      whenEnded: fc.constant(false),
    }),
  },
  {
    weight: 60,
    arbitrary: fc.record({
      do: fc.constant('storage' as const),
      which: fc.nat({ max: 2 }),
      ok: fc.integer({ min: 0, max: 19 }).map((n) => n > 0),
    }),
  },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), name, back }) },
  { weight: 60, arbitrary: fc.record({ do: fc.constant('acknowledge all' as const), back }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('decline' as const),
      name,
      back,
      reason: fc.constantFrom(...reasons),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), name }) },
  {
    weight: 30,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), back }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
);

class Run {
  readonly model: CoordinatorModel;
  readonly asked: string[] = [];
  readonly acknowledgedBy = new Map<number, Set<string>>();
  readonly #ended = new Set<string>();
  readonly #owed: { readonly type: 'directory' | 'manifest'; readonly id: number }[] = [];
  #seen = 0;
  #isStopped = false;

  constructor(maxConcurrent: number) {
    const settings = {
      intervalMs: 100,
      timeoutMs: 1_000,
      minPauseMs: 50,
      maxConcurrent,
      tolerableFailures: 3,
      retained: 2,
    };
    this.model = new CoordinatorModel('a b -> join -> out', settings, { requestsMax: 4 });
    this.model.holdsDirectories = true;
    this.model.holdsManifests = true;
    this.model.start();
    this.#note();
  }

  run(command: Command): void {
    const { model } = this;
    switch (command.do) {
      case 'ask': {
        const id = `r${this.asked.length}`;
        this.asked.push(id);
        model.ask(id, {
          kind: command.kind,
          trigger: command.suspend || command.whenEnded ? 'stop' : 'user',
          suspend: command.suspend,
          whenEnded: command.whenEnded,
        });
        break;
      }
      case 'storage':
        this.#answer(command.which, command.ok);
        break;
      case 'acknowledge':
        this.#acknowledge(this.#attempt(command.back), command.name);
        break;
      case 'acknowledge all':
        for (const each of names) this.#acknowledge(this.#attempt(command.back), each);
        break;
      case 'decline':
        model.decline(this.#attempt(command.back), command.name, command.reason);
        break;
      case 'end':
        this.#ended.add(command.name);
        model.end(command.name);
        break;
      case 'pass':
        model.pass(command.ms);
        break;
      case 'abort':
        model.abort(this.#attempt(command.back));
        break;
      case 'stop':
        this.stop();
    }
    this.#note();
  }

  stop(): void {
    this.#isStopped = true;
    this.model.stop();
    this.#note();
  }

  /** Storage answers everything at last. */
  settle(): void {
    for (let i = 0; i < 1_000 && this.#owed.length > 0; i++) this.#answer(0, true);
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  #attempt(back: number): number {
    return Math.max(1, this.model.coordinator.nextCheckpointId - 1 - back);
  }

  #acknowledge(id: number, by: string): void {
    // A task acknowledges only what storage has made a directory for.
    if (this.#owed.some((owed) => owed.type === 'directory' && owed.id === id)) return;
    this.acknowledgedBy.set(id, (this.acknowledgedBy.get(id) ?? new Set()).add(by));
    this.model.acknowledge(id, by);
    this.#note();
  }

  #answer(which: number, ok: boolean): void {
    const [owed] = this.#owed.splice(Math.min(which, this.#owed.length - 1), 1);
    if (owed === undefined) return;
    const outcome = ok
      ? ({ ok: true, value: `${owed.type}-${owed.id}` } as const)
      : ({ ok: false, message: 'disk' } as const);
    if (owed.type === 'directory') this.model.directoryReady(owed.id, outcome);
    else this.model.published(owed.id, outcome);
    this.#note();
  }

  #note(): void {
    for (const effect of this.model.effects.slice(this.#seen)) {
      if (effect.type === 'begin') this.#owed.push({ type: 'directory', id: effect.attempt.checkpointId });
      if (effect.type === 'publish') this.#owed.push({ type: 'manifest', id: effect.attempt.checkpointId });
    }
    this.#seen = this.model.effects.length;
  }
}

type Effect<Type> = Extract<CoordinatorEffect<string, null>, { type: Type }>;

function runOf(
  commands: readonly Command[],
  maxConcurrent: number,
): {
  run: Run;
  all: <T extends CoordinatorEffect['type']>(type: T) => Effect<T>[];
  effects: readonly CoordinatorEffect<string, null>[];
} {
  const run = new Run(maxConcurrent);
  for (const each of commands) run.run(each);
  if (!run.isStopped) run.stop();
  run.settle();
  const { effects } = run.model;
  return { run, effects, all: (type) => effects.filter((effect) => effect.type === type) as never };
}

function holds(check: (world: ReturnType<typeof runOf>) => void): void {
  const commands = fc.array(command, { minLength: 5, maxLength: 120, size: 'max' });
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 3 }), (list, maxConcurrent) =>
      check(runOf(list, maxConcurrent)),
    ),
    { seed, numRuns: 300 },
  );
}

test('nothing is completed that not every task has acknowledged', () => {
  let completed = 0;
  holds(({ run, all }) => {
    for (const { attempt, acknowledgements } of all('publish')) {
      expect(acknowledgements.map(({ operators }) => operators).toSorted()).toEqual(names);
      expect([...(run.acknowledgedBy.get(attempt.checkpointId) ?? [])].toSorted()).toEqual(names);
    }
    const published = new Set(all('publish').map(({ attempt }) => attempt.checkpointId));
    for (const { checkpointId } of all('complete')) expect(published.has(checkpointId)).toBe(true);
    completed += all('complete').length;
  });
  expect(completed).toBeGreaterThan(500);
});

test('every attempt ends exactly once, completed or aborted', () => {
  holds(({ all }) => {
    const ended = [...all('complete'), ...all('aborted')].map(({ checkpointId }) => checkpointId);
    const begun = all('begin').map(({ attempt }) => attempt.checkpointId);
    expect(ended.toSorted(byNumber)).toEqual(begun);
    expect(begun).toEqual(begun.map((_, i) => i + 1));
  });
});

test('every request is answered exactly once', () => {
  holds(({ run, all }) => {
    expect(
      all('answer')
        .map(({ requestId }) => requestId)
        .toSorted(),
    ).toEqual(run.asked.toSorted());
  });
});

test('a request that is answered well names a snapshot that completed before', () => {
  holds(({ effects }) => {
    const completed = new Set<number>();
    for (const effect of effects) {
      if (effect.type === 'complete') completed.add(effect.checkpointId);
      if (effect.type === 'answer' && effect.result.ok)
        expect(completed.has(effect.result.checkpointId)).toBe(true);
    }
  });
});

test('`stopped` comes exactly once, and nothing completes, begins or is triggered after it', () => {
  holds(({ effects }) => {
    const stoppedAt = effects.findIndex(({ type }) => type === 'stopped');
    expect(stoppedAt).toBeGreaterThanOrEqual(0);
    const after = effects.slice(stoppedAt + 1).map(({ type }) => type);
    expect(after.filter((type) => type !== 'discard' && type !== 'answer')).toEqual([]);
  });
});

test('triggers come in the order of ids, and to nobody twice', () => {
  holds(({ all }) => {
    const first = [...new Set(all('trigger').map(({ checkpointId }) => checkpointId))];
    expect(first).toEqual(first.toSorted(byNumber));
    const told = all('trigger').flatMap(({ checkpointId, subtasks }) =>
      subtasks.map(({ vertex }) => `${checkpointId} ${vertex}`),
    );
    expect(new Set(told).size).toBe(told.length);
  });
});

test('one manifest at a time is written, and none of an aborted attempt', () => {
  holds(({ effects }) => {
    let writing: number | null = null;
    const aborted = new Set<number>();
    for (const effect of effects) {
      if (effect.type === 'publish') {
        expect(writing).toBeNull();
        expect(aborted.has(effect.attempt.checkpointId)).toBe(false);
        writing = effect.attempt.checkpointId;
      }
      if (effect.type === 'aborted') aborted.add(effect.checkpointId);
      if ((effect.type === 'complete' || effect.type === 'aborted') && effect.checkpointId === writing)
        writing = null;
    }
    expect(writing).toBeNull();
  });
});

test('no directory of a completed snapshot is ever discarded', () => {
  holds(({ all }) => {
    const completed = new Set(all('complete').map(({ checkpointId }) => checkpointId));
    for (const { checkpointId } of all('discard')) expect(completed.has(checkpointId)).toBe(false);
  });
});

test('savepoints are never subsumed, neither pending nor completed, and never fail the job', () => {
  holds(({ all }) => {
    const savepoints = new Set(
      all('begin')
        .filter(({ attempt }) => attempt.kind === 'savepoint')
        .map(({ attempt }) => attempt.checkpointId),
    );
    for (const { checkpointIds } of all('subsume'))
      for (const id of checkpointIds) expect(savepoints.has(id)).toBe(false);
    for (const { checkpointId } of all('fail-job')) expect(savepoints.has(checkpointId)).toBe(false);
    for (const { checkpointId, reason, subtask } of all('aborted')) {
      // A task may say so; the coordinator does not.
      if (savepoints.has(checkpointId) && subtask === null) expect(reason).not.toBe('CHECKPOINT_SUBSUMED');
    }
  });
});

test('sinks commit completed checkpoints in the order of ids, and savepoints only when the job ends with them', () => {
  holds(({ all }) => {
    const committed = all('complete').filter(({ commit }) => commit);
    const ids = committed.map(({ checkpointId }) => checkpointId);
    expect(ids).toEqual(ids.toSorted(byNumber));
    for (const { attempt } of committed) {
      if (attempt.kind === 'savepoint') expect(attempt.suspend || attempt.ended).toBe(true);
    }
  });
});

test('retention keeps the newest ones, and drops each once', () => {
  holds(({ run, all }) => {
    const dropped = all('subsume').flatMap(({ checkpointIds }) => checkpointIds);
    expect(new Set(dropped).size).toBe(dropped.length);
    const completed = all('complete')
      .filter(({ attempt }) => attempt.kind === 'checkpoint')
      .map(({ checkpointId }) => checkpointId);
    const kept = completed.filter((id) => !dropped.includes(id));
    expect(kept).toEqual(completed.slice(-2));
    expect(run.model.coordinator.completed).toEqual(kept);
  });
});

test('never more than allowed are pending beside savepoints and the last one', () => {
  const commands = fc.array(command, { minLength: 5, maxLength: 120, size: 'max' });
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 3 }), (list, maxConcurrent) => {
      const run = new Run(maxConcurrent);
      for (const each of list) {
        run.run(each);
        const periodic = run.model.coordinator.pending.filter(
          ({ kind, trigger }) => kind === 'checkpoint' && trigger === 'periodic',
        );
        expect(periodic.length).toBeLessThanOrEqual(maxConcurrent);
      }
    }),
    { seed, numRuns: 300 },
  );
});

function byNumber(a: number, b: number): number {
  return a - b;
}
