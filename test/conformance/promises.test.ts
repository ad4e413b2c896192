/**
 * What the mechanism promises, on a whole job: two sources that are united and counted by key, so that there is a barrier to
 * align, a state to snapshot and a sink to commit. Named after the promises of docs/conformance.md; what a single task or the
 * coordinator alone can show is in their own tests.
 */
import { describe, expect, test } from 'vitest';
import { SavedState } from '../../runtime/checkpoint/savedState.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import { readWholeValue } from '../../runtime/state/valueReader.ts';
import { JobWorld } from './jobWorld.ts';

const facts = <T extends JobFact['type']>(world: JobWorld, type: T) =>
  world.process.facts.filter((fact): fact is Extract<JobFact, { type: T }> => fact.type === type);

test.each([1, 2, 3])(
  'M2 one trigger puts the barrier into every source, once, in the order of ids (seed %i)',
  (seed) => {
    const world = new JobWorld({}, { sources: 3, seed });
    world.untilCheckpoints(4);
    const completed = facts(world, 'checkpoint-completed').map(({ checkpointId }) => checkpointId);
    const injected = facts(world, 'barrier-injected');
    for (const source of ['ticks', 'ticks-1', 'ticks-2']) {
      const ids = injected
        .filter(({ subtask }) => subtask.vertex === source)
        .map(({ checkpointId }) => checkpointId);
      expect(ids.slice(0, completed.length)).toEqual(completed);
    }
  },
);

test.each([1, 2, 3, 4])(
  'M3 a checkpoint holds what came before its barrier and nothing that came after: its counts are its offsets (seed %i)',
  (seed) => {
    const world = new JobWorld({ retained: 100 }, { sources: 2, seed });
    world.untilCheckpoints(5);
    // Going on from each of them, all that the sources had read is committed at once, and nothing more.
    const checkpoints = [...world.disk.manifests()].slice(0, 5);
    expect(checkpoints).toHaveLength(5);
    for (const [directory, manifest] of checkpoints) {
      const read = manifest.sources.reduce((sum, { offset }) => sum + offset, 0);
      expect(countedIn(world, directory)).toBe(read);
    }
  },
);

describe('M8 the barrier reaches the sinks last, and they commit when every task has acknowledged', () => {
  test.each([1, 2, 3])('seed %i', (seed) => {
    const world = new JobWorld({}, { sources: 2, seed });
    let committedBefore = 0;
    for (let round = 0; round < 4; round++) {
      const done = facts(world, 'checkpoint-completed').length;
      world.until('the next manifest', () => {
        const isDone = facts(world, 'checkpoint-completed').length > done;
        // Not one part becomes visible between two manifests but those of the one before.
        if (!isDone) {
          const visible = world.committed().length;
          expect(visible).toBeLessThanOrEqual(lastRead(world));
          committedBefore = Math.max(committedBefore, visible);
        }
        return isDone;
      });
    }
    expect(committedBefore).toBeGreaterThan(0);
    for (const { checkpointId } of facts(world, 'checkpoint-completed')) {
      const ofThis = world.process.facts.filter(
        (fact) => 'checkpointId' in fact && fact.checkpointId === checkpointId,
      );
      const tasks = facts(world, 'checkpoint-triggered').find(
        ({ checkpoint }) => checkpoint.checkpointId === checkpointId,
      )?.checkpoint.tasks;
      const place = ofThis.findIndex(({ type }) => type === 'checkpoint-completed');
      const acknowledged = ofThis.slice(0, place).filter(({ type }) => type === 'acknowledged');
      expect(acknowledged).toHaveLength(tasks?.length ?? -1);
      // In a chain of two tasks the sink's is the one that the barrier comes to, and it is the last to align.
      const injected = ofThis.findLastIndex(({ type }) => type === 'barrier-injected');
      expect(ofThis.findIndex(({ type }) => type === 'aligned')).toBeGreaterThan(injected);
    }
  });
});

describe('M9 alignment can be switched off', () => {
  const total = 2 * 2 * 100;
  const afterFailures = (settings: ConstructorParameters<typeof JobWorld>[0], seed: number): number => {
    const world = new JobWorld(
      { intervalMs: 5, ...settings },
      { sources: 2, ticks: 100, parallelism: 2, seed },
    );
    for (let failures = 0; failures < 8; failures++) {
      const done = facts(world, 'checkpoint-completed').length;
      world.until(
        'the next checkpoint',
        () => world.process.over || facts(world, 'checkpoint-completed').length > done,
      );
      if (world.process.over) break;
      world.process.killThread(0);
      world.until('the failure', () => world.process.master.status !== 'running');
    }
    world.untilStatus('finished');
    return world.committed().length;
  };
  const seeds = [1, 2, 3, 4, 5, 6];

  test.each([
    ['aligned', {}],
    ['unaligned', { unaligned: true }],
    ['aligned with a timeout', { unaligned: true, alignedTimeoutMs: 3 }],
  ])('%s: exactly once, whatever fails', (_, settings) => {
    for (const seed of seeds)
      expect({ seed, count: afterFailures(settings, seed) }).toEqual({ seed, count: total });
  });

  test('at least once: nothing is lost, and some come twice', () => {
    const counts = seeds.map((seed) => afterFailures({ mode: 'at-least-once' }, seed));
    for (const count of counts) expect(count).toBeGreaterThanOrEqual(total);
    expect(Math.max(...counts)).toBeGreaterThan(total);
  });
});

test.each([1, 2, 3, 4, 5, 6])(
  'F15 killed before the manifest: the checkpoint before is gone on from, and what was written is ignored (seed %i)',
  (seed) => {
    const world = new JobWorld({}, { sources: 2, seed });
    world.untilCheckpoints(2);
    const before = facts(world, 'checkpoint-completed').length;
    const tasks = () => facts(world, 'checkpoint-triggered').at(-1)?.checkpoint;
    world.until('every acknowledgement but no manifest', () => {
      const newest = tasks();
      const acknowledged = facts(world, 'acknowledged').filter(
        ({ checkpointId }) => checkpointId === newest?.checkpointId,
      );
      const isCompleted = facts(world, 'checkpoint-completed').some(
        ({ checkpointId }) => checkpointId === newest?.checkpointId,
      );
      return acknowledged.length === newest?.tasks.length && !isCompleted;
    });
    const torn = tasks()?.checkpointId ?? -1;
    const newest = Math.max(...facts(world, 'checkpoint-completed').map(({ checkpointId }) => checkpointId));
    expect(newest).toBeLessThan(torn);
    expect(before).toBeGreaterThan(0);
    world.continue();
    world.untilStatus('running');
    expect(facts(world, 'deployed')[0]?.restoredCheckpointId).toBe(newest);
    world.untilCheckpoints(2);
    world.committedExactly();
  },
);

/** What the counts of a checkpoint add up to. */
function countedIn(world: JobWorld, directory: string): number {
  const snapshot = world.disk.manifests().get(directory);
  if (snapshot === undefined) throw new Error(`${directory} is gone`);
  const point = { manifest: snapshot, directory };
  const saved = SavedState.open(point, 'count', 'count', world.disk);
  if (saved === null) return 0;
  let sum = 0;
  for (const group of saved.groups)
    for (const { value } of saved.entries(group)) sum += readWholeValue(value) as number;
  saved.close();
  return sum;
}

/** What the sources had read at the newest manifest. */
function lastRead(world: JobWorld): number {
  const newest = facts(world, 'checkpoint-completed').at(-1)?.manifest;
  return (newest?.sources ?? []).reduce((sum, { offset }) => sum + offset, 0);
}
