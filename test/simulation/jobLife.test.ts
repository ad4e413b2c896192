/** The life of a job, from its start to each of its ends, on the simulated process. */
import { describe, expect, test } from 'vitest';
import {
  boundedOutOfOrderness,
  ofType,
  type Pipeline,
  pipeline,
  type RestartOptions,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { modeText } from '../../runtime/checkpoint/checkpointMode.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import type { JobStatus } from '../../runtime/engine/job/facts.ts';
import type { RestorePoint, TakenSnapshot } from '../../runtime/engine/job/jobMaster.ts';
import type { Sink } from '../../runtime/operators/sink.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { Scheduler } from './scheduler.ts';
import { latestPoint, SimulatedProcess } from './simulatedProcess.ts';

interface Tick {
  readonly n: number;
  readonly key: string;
}

/** Ticks without end, 10 ms of event time apart; `until` makes it bounded. */
const ticks = (until = Number.POSITIVE_INFINITY): Source<Tick> => ({
  name: 'ticks',
  bounded: Number.isFinite(until),
  splits: () => ['all'],
  openSplit: (_split, from) => {
    let n = from?.offset ?? 0;
    return {
      poll: (emit) => {
        for (let taken = 0; taken < 3 && n < until; taken++) if (!emit({ n, key: `k${n++ % 3}` }, 0)) break;
        return n < until ? { status: 'more' } : { status: 'finished' };
      },
      position: () => ({ offset: n, resume: null, finished: n >= until }),
      close: () => {},
    };
  },
});

/** What is committed is asked for first: may it throw. */
const askingSink = (beforeCommit: () => void): Sink<{ id: string }> => {
  const sink = jsonl.sink<{ id: string }>('/out') as Sink<{ id: string }>;
  return {
    ...sink,
    createCommitter: () => {
      const committer = sink.createCommitter();
      if (committer === null) return null;
      return {
        recover: (context, pending) => committer.recover(context, pending),
        retain: (committables, snapshot) => committer.retain?.(committables, snapshot),
        settle: (snapshot) => committer.settle?.(snapshot),
        close: () => committer.close?.(),
        commit: (committables) => {
          beforeCommit();
          committer.commit(committables);
        },
      };
    },
  };
};

/** What is to be committed cannot be prepared for those snapshots, which fail. */
const refusingSink = (isRefused: (checkpointId: number) => boolean): Sink<{ id: string }> => {
  const sink = jsonl.sink<{ id: string }>('/out') as Sink<{ id: string }>;
  return {
    ...sink,
    createWriter: () => {
      const writer = sink.createWriter();
      const prepareCommit = writer.prepareCommit.bind(writer);
      writer.prepareCommit = (snapshot) => {
        if (isRefused(snapshot.checkpointId)) snapshot.defer((done) => done(new Error('no room')));
        return prepareCommit(snapshot);
      };
      return writer;
    },
  };
};

const counting = (
  source: Source<Tick>,
  onRecord: (tick: Tick) => void = () => {},
  sink: Sink<{ id: string }> = jsonl.sink('/out'),
): Pipeline =>
  pipeline('counting', (env) => {
    env
      .fromSource(source, { uid: 'ticks' })
      .keyBy((tick) => tick.key)
      .process(
        {
          output: ofType<{ id: string }>(),
          state: { count: valueState<number>({ initial: () => 0 }) },
          onElement: (tick, context) => {
            onRecord(tick);
            const count = (context.state.count.get() ?? 0) + 1;
            context.state.count.set(count);
            context.emit({ id: `${tick.key}#${count}` });
          },
        },
        { uid: 'count' },
      )
      .sinkTo(sink, { uid: 'out' });
  });

class World {
  readonly scheduler: Scheduler;
  readonly disk: MemoryDisk;
  process: SimulatedProcess;
  readonly #pipeline: Pipeline;
  readonly #intervalMs: number | null;

  constructor(made: Pipeline, options: { readonly seed?: number; readonly intervalMs?: number | null } = {}) {
    this.#pipeline = made;
    this.#intervalMs = options.intervalMs === undefined ? 20 : options.intervalMs;
    this.scheduler = new Scheduler(seededRandom(options.seed ?? 1));
    this.disk = new MemoryDisk((call) => this.scheduler.later(call));
    this.process = this.start(null);
  }

  start(restore: RestorePoint | null): SimulatedProcess {
    const ids = [...this.disk.manifests().values()].map((manifest) => manifest.checkpointId);
    this.process = new SimulatedProcess({
      define: () => this.#pipeline.define(),
      disk: this.disk,
      scheduler: this.scheduler,
      settings: {
        ...this.#pipeline.define().graph.checkpoints,
        intervalMs: this.#intervalMs,
        tolerableFailures: 0,
      },
      parallelism: null,
      threadsMax: 2,
      ringBytes: 1 << 16,
      runId: `run-${ids.length}`,
      restore,
      nextCheckpointId: Math.max(0, ...ids) + 1,
      retained: [],
    });
    return this.process;
  }

  continue(): void {
    const latest = latestPoint(this.disk);
    this.start(latest === null ? null : { ...latest, supersede: false, isLatest: true });
  }

  until(what: string, reached: () => boolean): void {
    for (let turn = 0; !reached(); turn++) {
      if (turn > 300_000) throw new Error(`never came: ${what}; the job is ${this.process.master.status}`);
      this.process.advance();
    }
  }

  untilStatus(...statuses: JobStatus[]): void {
    this.until(statuses.join(' or '), () => statuses.includes(this.process.master.status));
  }

  untilCheckpoints(count: number): void {
    this.until(
      `${count} checkpoints`,
      () => this.process.facts.filter((fact) => fact.type === 'checkpoint-completed').length >= count,
    );
  }

  committed(): string[] {
    return this.disk
      .list('/out')
      .filter((name) => name.startsWith('part-'))
      .flatMap((name) => this.disk.text(`/out/${name}`).split('\n'))
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: string }).id)
      .sort();
  }

  statuses(): string[] {
    return this.process.facts.flatMap((fact) => (fact.type === 'status' ? [fact.status] : []));
  }
}

const exactlyOnce = (ids: readonly string[]): void => {
  expect(new Set(ids).size).toBe(ids.length);
  for (const key of ['k0', 'k1', 'k2']) {
    const counts = ids
      .filter((id) => id.startsWith(key))
      .map((id) => Number(id.slice(3)))
      .sort((a, b) => a - b);
    expect(counts).toEqual(Array.from({ length: counts.length }, (_unused, index) => index + 1));
  }
};

describe('a job ends', () => {
  test('F13 finished: what came after the last periodic checkpoint is committed by the last one, also when periodic ones are off', () => {
    const world = new World(counting(ticks(500)));
    world.untilStatus('finished');
    expect(world.committed()).toHaveLength(500);
    exactlyOnce(world.committed());
    expect(latestPoint(world.disk)?.manifest).toMatchObject({ finished: true, trigger: 'final' });
  });

  test('H1 stopped with a savepoint: committed up to it, and going on from it continues exactly there', () => {
    const world = new World(counting(ticks()));
    world.untilStatus('running');
    world.untilCheckpoints(2);
    let taken: TakenSnapshot | null = null;
    world.process.master.stop({ drain: false, label: 'lunch' }, (result) => {
      taken = result.ok ? result.value : null;
    });
    world.untilStatus('suspended');
    expect(taken).toMatchObject({
      manifest: { kind: 'savepoint', stopped: true, drained: false, label: 'lunch' },
    });
    const offset = latestPoint(world.disk)?.manifest.sources[0]?.offset;
    expect(world.committed()).toHaveLength(offset ?? -1);
    world.continue();
    world.untilCheckpoints(2);
    world.process.master.stop({ drain: false, label: null }, () => {});
    world.untilStatus('suspended');
    exactlyOnce(world.committed());
    expect(world.committed()).toHaveLength(latestPoint(world.disk)?.manifest.sources[0]?.offset ?? -1);
  });

  test('cancelled: at once, with what was committed before', () => {
    const world = new World(counting(ticks()));
    world.untilStatus('running');
    world.untilCheckpoints(1);
    world.process.master.cancel();
    world.untilStatus('canceled');
    exactlyOnce(world.committed());
  });

  const cases = [1, 2, 3, 4, 5, 6].flatMap((seed) => [
    ['while its tasks run', seed, false] as const,
    ['while it fails', seed, true] as const,
  ]);
  test.each(cases)(
    'cancelled %s and a manifest is being written: whoever asked is answered first, seed %i',
    (_name, seed, fails) => {
      const world = new World(counting(ticks()), { intervalMs: null, seed });
      world.untilStatus('running');
      const answers: boolean[] = [];
      world.process.master.takeSavepoint({ label: null, notes: null }, ({ ok }) => answers.push(ok));
      const { facts } = world.process;
      world.until('the last acknowledgement', () => {
        const triggered = facts.find((fact) => fact.type === 'checkpoint-triggered');
        const acknowledged = facts.filter(({ type }) => type === 'acknowledged').length;
        return acknowledged === triggered?.checkpoint.tasks.length;
      });
      expect(answers).toEqual([]);
      if (fails) world.process.master.threadDied(0, 'the thread died');
      world.process.master.cancel();
      world.untilStatus('canceled');
      expect(answers).toEqual([true]);
      expect(facts.at(-1)).toMatchObject({ type: 'status', status: 'canceled' });
      expect(latestPoint(world.disk)?.manifest).toMatchObject({ kind: 'savepoint' });
      exactlyOnce(world.committed());
    },
  );
});

describe('H1 H2 windows and the end of event time', () => {
  const windows = (source = ticks(), sink: Sink<{ id: string }> = jsonl.sink('/out')): Pipeline =>
    pipeline('windows', (env) => {
      env
        .fromSource(source, {
          uid: 'ticks',
          watermarks: boundedOutOfOrderness(0, (tick: Tick) => tick.n * 10),
        })
        .keyBy((tick) => tick.key)
        .window(tumbling('1 h'))
        .process(
          {
            output: ofType<{ id: string }>(),
            onWindow: (values, window, { emit }) => emit({ id: `${window.key}#${values.length}` }),
          },
          { uid: 'hours' },
        )
        .sinkTo(sink, { uid: 'out' });
    });

  test.each([
    ['suspended: the windows stay open', false, 0],
    ['drained: all windows fire and are committed', true, 3],
  ])('%s', (_name, drain, fired) => {
    const world = new World(windows());
    world.untilStatus('running');
    world.untilCheckpoints(2);
    let taken: TakenSnapshot | null = null;
    world.process.master.stop({ drain, label: null }, (result) => {
      taken = result.ok ? result.value : null;
    });
    world.untilStatus('suspended');
    expect(taken).toMatchObject({ manifest: { kind: 'savepoint', stopped: true, drained: drain } });
    expect(world.committed()).toHaveLength(fired);
  });

  test('drained, but its savepoint fails: no checkpoint that the job goes back to has the windows fired already', () => {
    const isSavepoint = (id: number): boolean =>
      world.process.facts.some(
        (fact) =>
          fact.type === 'checkpoint-triggered' &&
          fact.checkpoint.checkpointId === id &&
          fact.checkpoint.kind === 'savepoint',
      );
    const world: World = new World(windows(ticks(2_000), refusingSink(isSavepoint)), { intervalMs: null });
    world.untilStatus('running');
    for (let turn = 0; turn < 500; turn++) world.process.advance();
    const answers: boolean[] = [];
    // Its barrier would come to the source after the order to drain.
    world.process.master.triggerCheckpoint(({ ok }) => answers.push(ok));
    world.process.master.stop({ drain: true, label: null }, ({ ok }) => answers.push(ok));
    world.untilStatus('finished');
    expect(world.statuses()).toContain('restarting');
    expect(world.committed()).toEqual(['k0#667', 'k1#667', 'k2#666']);
    expect(answers).toEqual([false, false]);
  });
});

describe('what is sent at the end is sent once', () => {
  const totals = (sources: readonly Source<Tick>[], onRecord: (tick: Tick) => void = () => {}): Pipeline =>
    pipeline('totals', (env) => {
      const ends = sources.map((source, place) =>
        env.fromSource(source, { uid: `ticks${place}` }).process(
          {
            output: ofType<{ id: string }>(),
            onElement: (tick, context) => {
              onRecord(tick);
              context.emit({ id: `${place}/${tick.n}` });
            },
            onEnd: (context) => context.emit({ id: `${place}/end` }),
          },
          { uid: `total${place}` },
        ),
      );
      const [first, ...rest] = ends;
      const all = rest.reduce((stream, end) => stream.union(end), first as (typeof ends)[number]);
      all.sinkTo(jsonl.sink('/out'), { uid: 'out' });
    });

  test('by a job that had finished and is continued', () => {
    const world = new World(totals([ticks(30)]));
    world.untilStatus('finished');
    world.continue();
    world.untilStatus('finished');
    expect(world.committed().filter((id) => id === '0/end')).toHaveLength(1);
    expect(world.committed()).toHaveLength(31);
  });

  test('F12 by an operator that had ended before the checkpoint that a failure goes back to', () => {
    let failures = 0;
    const world = new World(
      totals([ticks(5), ticks(2_000)], (tick) => {
        if (tick.n === 1_900 && failures++ === 0) throw new Error('once');
      }),
    );
    world.untilStatus('finished');
    expect(failures).toBeGreaterThan(0);
    expect(
      world
        .committed()
        .filter((id) => id.endsWith('end'))
        .sort(),
    ).toEqual(['0/end', '1/end']);
    expect(world.committed()).toHaveLength(2_007);
  });

  test('and once more when a drained job goes on and has more to say', () => {
    const world = new World(totals([ticks()]));
    world.untilStatus('running');
    world.untilCheckpoints(1);
    for (const ends of [1, 2]) {
      world.process.master.stop({ drain: true, label: null }, () => {});
      world.untilStatus('suspended');
      expect(world.committed().filter((id) => id === '0/end')).toHaveLength(ends);
      world.continue();
      world.untilStatus('running');
      world.untilCheckpoints(2);
    }
  });
});

describe('a job fails', () => {
  test('M1 a failure in the middle goes back to the last checkpoint by itself, and nothing is lost or doubled', () => {
    let failures = 0;
    const made = counting(ticks(400), (tick) => {
      if (tick.n === 300 && failures++ === 0) throw new Error('once');
    });
    const world = new World(made);
    world.untilStatus('finished');
    expect(world.statuses()).toEqual(['running', 'failing', 'restarting', 'running', 'finished']);
    expect(world.committed()).toHaveLength(400);
    exactlyOnce(world.committed());
  });

  test('a thread that dies is a failure like any other', () => {
    const world = new World(counting(ticks(2_000)), { seed: 3 });
    world.untilCheckpoints(1);
    world.process.killThread(0);
    world.untilStatus('finished');
    expect(world.statuses()).toContain('restarting');
    expect(world.committed()).toHaveLength(2_000);
    exactlyOnce(world.committed());
  });

  test('a wall clock that is set back an hour does not put the restart off', () => {
    const world = new World(counting(ticks(200)));
    world.untilCheckpoints(1);
    world.process.killThread(0);
    world.untilStatus('restarting');
    world.scheduler.setWallClock(-3_600_000);
    world.untilStatus('running');
  });

  test("timers of the machine's clock fire once for what is committed, whatever fails in between", () => {
    const clocked = (): Pipeline =>
      pipeline('clocked', (env) => {
        env
          .fromSource(ticks(), { uid: 'ticks' })
          .keyBy((tick) => tick.key)
          .process(
            {
              output: ofType<{ id: string }>(),
              state: { seen: valueState<number>({ initial: () => 0 }), told: valueState<number>() },
              onElement: (_tick, context) => {
                context.state.seen.set((context.state.seen.get() ?? 0) + 1);
                // In the simulation's past and near future, a few of them at once.
                context.timers.registerProcessingTime(1_700_000_000_000 + (context.state.seen.get() ?? 0));
              },
              onTimer: (_timer, context) => {
                const told = context.state.told.get() ?? 0;
                for (let n = told + 1; n <= (context.state.seen.get() ?? 0); n++)
                  context.emit({ id: `${context.key}#${n}` });
                context.state.told.set(context.state.seen.get() ?? 0);
              },
            },
            { uid: 'clocked' },
          )
          .sinkTo(jsonl.sink('/out'), { uid: 'out' });
      });
    for (let seed = 1; seed <= 8; seed++) {
      const world = new World(clocked(), { seed });
      for (const checkpoints of [2, 4, 6]) {
        world.untilCheckpoints(checkpoints);
        world.process.killThread(0);
        world.untilStatus('restarting');
        world.untilStatus('running');
      }
      world.untilCheckpoints(9);
      expect(world.committed().length).toBeGreaterThan(0);
      exactlyOnce(world.committed());
    }
  });

  test('an error that comes back every time ends the job, with the operator and the record', () => {
    const made = counting(ticks(400), (tick) => {
      if (tick.n === 300) throw new Error('always');
    });
    const world = new World(made);
    world.untilStatus('failed');
    const failures = world.process.facts.filter((fact) => fact.type === 'failure');
    expect(failures).toHaveLength(4);
    expect(failures[0]).toMatchObject({
      failure: { operator: 'count', message: 'always', record: '{"n":300,"key":"k0"}', origin: 'user' },
    });
    exactlyOnce(world.committed());
  });

  test('E5 what an operator throws while it is marked is what the job fails with, though no checkpoint may fail', () => {
    const throwing: Sink<{ id: string }> = {
      name: 'throwing',
      guarantee: 'at-least-once',
      createWriter: () => ({
        open: () => {},
        write: () => {},
        prepareCommit: () => {
          throw new RangeError('cannot be saved');
        },
        writerState: () => null,
        close: () => {},
      }),
      createCommitter: () => null,
    };
    const made = pipeline('throwing', (env) => {
      env
        .fromSource(ticks(), { uid: 'ticks' })
        .map((tick) => ({ id: tick.key }))
        .sinkTo(throwing, { uid: 'out' });
    });
    const world = new World(made);
    world.untilStatus('failing');
    expect(world.process.facts.filter((fact) => fact.type === 'failure')).toMatchObject([
      { failure: { operator: 'out', name: 'RangeError', message: 'cannot be saved' } },
    ]);
  });

  test('F14 killed between the manifest of the last checkpoint and its commit: going on commits it', () => {
    // Without periodic ones the last checkpoint is the only one.
    const world = new World(counting(ticks(12)), { intervalMs: null });
    world.until('the last manifest', () => latestPoint(world.disk)?.manifest.finished === true);
    const before = world.committed().length;
    world.scheduler.forget();
    expect(before).toBe(0);
    world.continue();
    world.untilStatus('finished');
    expect(world.committed()).toHaveLength(12);
    exactlyOnce(world.committed());
  });
});

describe('J6 the restart strategy of the pipeline decides what follows a failure', () => {
  const failing = (restart: RestartOptions): Pipeline =>
    pipeline('failing', (env) => {
      env.restart(restart);
      env
        .fromSource(ticks(), { uid: 'ticks' })
        .map(
          (tick) => {
            if (tick.n === 300) throw new Error('always');
            return { id: `${tick.n}` };
          },
          { uid: 'checked' },
        )
        .sinkTo(jsonl.sink('/out'), { uid: 'out' });
    });

  test.each<[RestartOptions, readonly number[], string]>([
    [{ strategy: 'none' }, [], 'its restart strategy is none'],
    [
      { strategy: 'fixed-delay', attempts: 2, delay: 50 },
      [50, 50],
      'it was restarted twice, and no more is allowed',
    ],
    [
      {
        strategy: 'exponential-delay',
        initial: 10,
        max: 40,
        multiplier: 2,
        jitter: 0,
        resetAfter: '1 h',
        attempts: 4,
      },
      [10, 20, 40, 40],
      'it was restarted 4 times without running for 1 h 00 m in between',
    ],
    [
      { strategy: 'failure-rate', failures: 3, interval: '1 h', delay: 5 },
      [5, 5, 5],
      'it failed 4 times within 1 h 00 m',
    ],
  ])('%o', (restart, delays, reason) => {
    const world = new World(failing(restart));
    world.untilStatus('failed');
    const { facts } = world.process;
    const waited = facts.flatMap((fact, place) => {
      if (fact.type !== 'status' || fact.status !== 'restarting' || fact.restartAt === null) return [];
      const failed = facts.slice(0, place).findLast((earlier) => earlier.type === 'failure');
      return [fact.restartAt - (failed?.at ?? 0)];
    });
    expect(waited).toEqual(delays);
    expect(facts.filter(({ type }) => type === 'deployed')).toHaveLength(delays.length + 1);
    expect(facts).toContainEqual(
      expect.objectContaining({ type: 'log', text: `The job is not restarted: ${reason}.` }),
    );
    expect(facts.at(-1)).toMatchObject({ status: 'failed', reason: 'checked[0] failed: always' });
  });
});

describe('F8 a job that is stopped is never half stopped', () => {
  /** Stops it, and tells what was answered and in which status the job was then. */
  const stopped = (world: World, drain: boolean) => {
    const answers: { ok: boolean; message: string; status: JobStatus; committed: number }[] = [];
    world.process.master.stop({ drain, label: null }, (result) =>
      answers.push({
        ok: result.ok,
        message: result.ok ? '' : result.message,
        status: world.process.master.status,
        committed: world.committed().length,
      }),
    );
    return answers;
  };

  test.each([
    ['suspended', false],
    ['drained', true],
  ])('%s: it is answered when what the savepoint holds is committed', (_name, drain) => {
    const world = new World(counting(ticks()), { intervalMs: null });
    world.untilStatus('running');
    for (let turn = 0; turn < 500; turn++) world.process.advance();
    const answers = stopped(world, drain);
    world.untilStatus('suspended');
    const offset = latestPoint(world.disk)?.manifest.sources[0]?.offset;
    expect(answers).toMatchObject([{ ok: true, committed: offset }]);
    expect(offset).toBeGreaterThan(0);
  });

  test.each([
    ['suspended', false],
    ['drained', true],
  ])(
    '%s, but its commit fails: it is said that the savepoint exists and the job goes on from it',
    (_name, drain) => {
      let breaks = true;
      const sink = askingSink(() => {
        if (breaks) throw new Error('the other side is away');
      });
      const world = new World(
        counting(ticks(), () => {}, sink),
        { intervalMs: null },
      );
      world.untilStatus('running');
      for (let turn = 0; turn < 500; turn++) world.process.advance();
      const answers = stopped(world, drain);
      world.untilStatus('failing', 'restarting');
      breaks = false;
      const point = latestPoint(world.disk);
      expect(point?.manifest).toMatchObject({ kind: 'savepoint', stopped: true, drained: drain });
      expect(answers).toMatchObject([{ ok: false, committed: 0 }]);
      expect(answers[0]?.message).toBe(
        `The savepoint is complete (${point?.directory}), but the job did not stop with it: out[0] failed: the other side is away. Whoever goes on from it commits what it holds.`,
      );
      world.untilStatus('running');
      expect(world.process.facts.findLast((fact) => fact.type === 'deployed')).toMatchObject({
        restoredCheckpointId: point?.manifest.checkpointId,
      });
      // Going on from it has committed it.
      expect(world.committed()).toHaveLength(point?.manifest.sources[0]?.offset ?? -1);
      world.process.master.stop({ drain: false, label: null }, () => {});
      world.untilStatus('suspended');
      exactlyOnce(world.committed());
    },
  );

  test('drained, but its savepoint fails: the job fails over and reads what was left', () => {
    const world = new World(
      counting(
        ticks(2_000),
        () => {},
        refusingSink((checkpointId) => checkpointId === 1),
      ),
      { intervalMs: null },
    );
    world.untilStatus('running');
    for (let turn = 0; turn < 500; turn++) world.process.advance();
    const answers = stopped(world, true);
    world.untilStatus('finished');
    expect(answers).toMatchObject([{ ok: false, status: 'stopping', committed: 0 }]);
    expect(world.statuses()).toContain('restarting');
    expect(world.committed()).toHaveLength(2_000);
    exactlyOnce(world.committed());
  });

  // The news that the manifest is durable may come before the job is cancelled, or after its threads are gone.
  test.each([1, 2, 3, 4, 5, 6])('cancelled before its commit: that is said as well, seed %i', (seed) => {
    const world = new World(counting(ticks()), { intervalMs: null, seed });
    world.untilStatus('running');
    for (let turn = 0; turn < 500; turn++) world.process.advance();
    const answers = stopped(world, false);
    world.until('the savepoint', () => latestPoint(world.disk) !== null);
    world.process.master.cancel();
    world.untilStatus('canceled');
    expect(answers).toMatchObject([
      { ok: false, message: expect.stringContaining('it was canceled before its output was committed') },
    ]);
  });

  test('J7 a thread that hangs is a failure with its operator and its line, and the job goes on', () => {
    const world = new World(counting(ticks(2_000)), { seed: 3 });
    world.untilCheckpoints(1);
    world.process.master.threadHung(
      { thread: 0, subtask: { vertex: 'count', index: 0 }, silentMs: 50_000 },
      { operator: 'count', record: '{"n":7}', stack: '' },
    );
    world.untilStatus('finished');
    expect(world.process.facts.filter((fact) => fact.type === 'failure')).toMatchObject([
      {
        failure: {
          name: 'ThreadHung',
          operator: 'count',
          record: '{"n":7}',
          message: 'it has not come back from its own code for 50 s, so its thread was ended',
          location: { file: expect.stringContaining('jobLife.test.ts') },
        },
      },
    ]);
    expect(world.statuses()).toEqual(['running', 'failing', 'restarting', 'running', 'finished']);
    expect(world.committed()).toHaveLength(2_000);
    exactlyOnce(world.committed());
  });

  test('F13 a job whose last commit fails has not finished: it goes on from its last checkpoint and commits it', () => {
    let failures = 0;
    const sink = askingSink(() => {
      if (failures++ === 0) throw new Error('the other side is away');
    });
    const world = new World(
      counting(ticks(30), () => {}, sink),
      { intervalMs: null },
    );
    world.untilStatus('finished');
    expect(world.statuses()).toEqual(['running', 'failing', 'restarting', 'running', 'finished']);
    expect(world.committed()).toHaveLength(30);
    exactlyOnce(world.committed());
  });
});

describe('M9 a running job is switched to another mode', () => {
  const unaligned = { mode: 'exactly-once', unaligned: true, alignedTimeoutMs: 0 } as const;
  const switched = (world: World, mode: Parameters<World['process']['master']['switchMode']>[0]) => {
    const answers: string[] = [];
    world.process.master.switchMode(mode, (result) =>
      answers.push(result.ok ? modeText(result.value) : result.message),
    );
    return answers;
  };

  test.each([1, 2, 3, 4])(
    'answered when every gate has switched, exactly-once before and after, seed %i',
    (seed) => {
      const world = new World(counting(ticks()), { seed });
      world.untilStatus('running');
      world.untilCheckpoints(2);
      const answers = switched(world, unaligned);
      expect(answers).toEqual([]);
      world.until('the switch', () => answers.length > 0);
      expect(answers).toEqual(['unaligned']);
      world.untilCheckpoints(5);
      const back = switched(world, { ...unaligned, unaligned: false });
      world.until('the switch back', () => back.length > 0);
      world.untilCheckpoints(8);
      world.process.master.stop({ drain: false, label: null }, () => {});
      world.untilStatus('suspended');
      exactlyOnce(world.committed());
    },
  );

  test('what is pending is aborted first: nothing completes that was begun before', () => {
    const world = new World(counting(ticks()), { seed: 5 });
    world.until('a checkpoint under way', () => world.process.facts.at(-1)?.type === 'checkpoint-triggered');
    const answers = switched(world, unaligned);
    world.until('the switch', () => answers.length > 0);
    const { facts } = world.process;
    const before = facts.slice(
      0,
      facts.findIndex(({ type }) => type === 'checkpoint-settings'),
    );
    const begun = before.filter(({ type }) => type === 'checkpoint-triggered');
    expect(begun).toHaveLength(1);
    expect(before.filter(({ type }) => type === 'checkpoint-failed')).toHaveLength(1);
    expect(before.filter(({ type }) => type === 'checkpoint-completed')).toEqual([]);
  });

  test('a restart keeps the mode; a new run has what the pipeline says', () => {
    const world = new World(counting(ticks()), { seed: 3 });
    world.untilStatus('running');
    const answers = switched(world, unaligned);
    world.until('the switch', () => answers.length > 0);
    world.untilCheckpoints(1);
    world.process.killThread(0);
    world.untilStatus('restarting');
    world.untilStatus('running');
    const { facts } = world.process;
    const before = facts.length;
    world.untilCheckpoints(4);
    const triggered = facts.slice(before).some(({ type }) => type === 'checkpoint-triggered');
    expect(triggered).toBe(true);
    expect(world.process.master.checkpointSettings).toMatchObject({ unaligned: true });
    world.process.master.cancel();
    world.untilStatus('canceled');
    world.continue();
    expect(world.process.master.checkpointSettings).toMatchObject({ unaligned: false });
    exactlyOnce(world.committed());
  });

  test('a failure before every gate has answered: the next deployment has the new mode from its start', () => {
    const world = new World(counting(ticks(3_000)), { seed: 7 });
    world.untilCheckpoints(1);
    const answers = switched(world, unaligned);
    world.process.killThread(0);
    world.untilStatus('restarting');
    expect(answers).toEqual(['unaligned']);
    world.untilStatus('finished');
    expect(world.committed()).toHaveLength(3_000);
    exactlyOnce(world.committed());
  });

  test('what does not go together is refused, and so is a job that does not run', () => {
    const world = new World(counting(ticks()));
    expect(switched(world, unaligned)).toEqual([
      'The job is created; its checkpoints can be switched while it runs.',
    ]);
    world.untilStatus('running');
    expect(switched(world, { ...unaligned, mode: 'at-least-once' })[0]).toContain('choose either');
    const first = switched(world, unaligned);
    expect(switched(world, unaligned)).toEqual([
      'The checkpoints are being switched already; try again when they are.',
    ]);
    world.until('the switch', () => first.length > 0);
  });
});

describe('M12 a job goes on from another point', () => {
  const takenBy = (world: World): TakenSnapshot => {
    let taken: TakenSnapshot | null = null;
    world.process.master.takeSavepoint({ label: 'here', notes: null }, (result) => {
      taken = result.ok ? result.value : null;
    });
    world.until('the savepoint', () => taken !== null);
    return taken as unknown as TakenSnapshot;
  };

  test('M11 a savepoint that does not stop the job commits nothing; the next checkpoint does', () => {
    const world = new World(counting(ticks()), { intervalMs: null });
    world.untilStatus('running');
    const taken = takenBy(world);
    expect(taken.manifest).toMatchObject({ kind: 'savepoint', trigger: 'user', label: 'here' });
    for (let turn = 0; turn < 2_000; turn++) world.process.advance();
    expect(world.committed()).toEqual([]);
    let asked = false;
    world.process.master.triggerCheckpoint((result) => {
      asked = result.ok;
    });
    world.until('the checkpoint', () => asked && world.committed().length > 0);
    exactlyOnce(world.committed());
  });

  test('restoring while it runs begins a branch: a crash right after it does not go back to what was left', () => {
    const world = new World(counting(ticks()));
    world.untilStatus('running');
    world.untilCheckpoints(1);
    const taken = takenBy(world);
    world.untilCheckpoints(5);
    const committedBefore = world.committed().length;
    let runs = false;
    world.process.master.restore(
      { manifest: taken.manifest, directory: taken.path, supersede: true, isLatest: false },
      2,
      (result) => {
        runs = result.ok;
      },
    );
    world.until('the branch', () => latestPoint(world.disk)?.manifest.trigger === 'restore');
    world.scheduler.forget();
    world.continue();
    world.untilStatus('running');
    world.untilCheckpoints(1);
    expect(runs).toBe(false);
    exactlyOnce(world.committed());
    expect(world.committed().length).toBeLessThan(committedBefore + 5_000);
    expect(latestPoint(world.disk)?.manifest.parent?.checkpointId).toBeGreaterThan(
      taken.manifest.checkpointId,
    );
  });

  test('a restore that comes while the last commit is on its way overtakes it, and nothing is lost', () => {
    const world = new World(counting(ticks(600)), { intervalMs: null });
    world.untilStatus('running');
    const taken = takenBy(world);
    world.until('the last checkpoint', () =>
      world.process.facts.some((fact) => fact.type === 'checkpoint-completed' && fact.manifest.finished),
    );
    expect(world.process.master.status).toBe('running');
    world.process.master.restore(
      { manifest: taken.manifest, directory: taken.path, supersede: true, isLatest: false },
      null,
      () => {},
    );
    world.untilStatus('finished');
    expect(world.committed()).toHaveLength(600);
    exactlyOnce(world.committed());
  });

  test('a restore that another one overtook leaves nothing that retention would count', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World(counting(ticks()), { seed });
      world.untilStatus('running');
      const taken = takenBy(world);
      const point = { manifest: taken.manifest, directory: taken.path, supersede: true, isLatest: false };
      world.process.master.restore(point, null, () => {});
      for (let turn = 0; turn < seed; turn++) world.process.advance();
      if (world.process.master.status === 'running') continue;
      world.process.master.restore({ ...point }, null, () => {});
      world.untilStatus('running');
      const { facts } = world.process;
      const before = facts.length;
      world.until('retention', () =>
        facts.slice(before).some((fact) => fact.type === 'checkpoints-discarded'),
      );
      const existed = facts.flatMap((fact) =>
        fact.type === 'checkpoint-completed'
          ? [fact.checkpointId]
          : fact.type === 'deployed' && fact.restoredCheckpointId !== null
            ? [fact.restoredCheckpointId]
            : [],
      );
      const discarded = facts.flatMap((fact) =>
        fact.type === 'checkpoints-discarded' ? fact.checkpointIds : [],
      );
      expect(existed).toEqual(expect.arrayContaining(discarded));
      world.scheduler.forget();
    }
  });

  test('a job that is being cancelled is cancelled: it does not go on from elsewhere', () => {
    const world = new World(counting(ticks()));
    world.untilStatus('running');
    const taken = takenBy(world);
    const answers: string[] = [];
    world.process.master.cancel();
    world.process.master.restore(
      { manifest: taken.manifest, directory: taken.path, supersede: true, isLatest: false },
      null,
      (result) => answers.push(result.ok ? 'runs' : result.message),
    );
    world.untilStatus('canceled');
    expect(answers).toEqual(['The job is cancelling; run it from the savepoint instead.']);
  });

  test('a request that comes while the job is not running is refused with what it is doing', () => {
    const world = new World(counting(ticks()));
    const answers: string[] = [];
    world.process.master.takeSavepoint({ label: null, notes: null }, (result) =>
      answers.push(result.ok ? 'taken' : result.message),
    );
    world.untilStatus('running');
    world.process.master.cancel();
    world.untilStatus('canceled');
    world.process.master.stop({ drain: false, label: null }, (result) =>
      answers.push(result.ok ? 'stopped' : result.message),
    );
    expect(answers).toEqual([
      'The job is created; a savepoint can be taken while it runs.',
      'The job is canceled; only a running job can be stopped with a savepoint.',
    ]);
  });
});
