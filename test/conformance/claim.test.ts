/** CONFORMANCE H: what becomes of a savepoint that was restored, and of checkpoints when their job ends. */
import { describe, expect, test } from 'vitest';
import type { RestorePoint, TakenSnapshot } from '../../runtime/engine/job/jobMaster.ts';
import { JobWorld } from './jobWorld.ts';

const pointOf = ({ manifest, path }: TakenSnapshot, changes: Partial<RestorePoint> = {}): RestorePoint => ({
  manifest,
  directory: path,
  supersede: true,
  isLatest: false,
  ...changes,
});
const storedOf = ({ manifest, path }: TakenSnapshot) => ({
  checkpointId: manifest.checkpointId,
  directory: path,
});

/** A job that was stopped with a savepoint, which is the newest there is. */
function suspended(settings = {}): { readonly world: JobWorld; readonly stop: TakenSnapshot } {
  const world = new JobWorld(settings);
  world.untilStatus('running');
  world.untilCheckpoints(1);
  let stop: TakenSnapshot | null = null;
  world.process.master.stop({ drain: false, label: 'stop' }, (result) => {
    stop = result.ok ? result.value : null;
  });
  world.untilStatus('suspended');
  return { world, stop: stop as unknown as TakenSnapshot };
}

describe('H4 a claimed savepoint is deleted once newer checkpoints have subsumed it', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
  ])('with %i retained it goes with the %i. checkpoint after it', (retained, goesWith) => {
    const { world, stop } = suspended({ retained });
    world.start({ ...pointOf(stop), isLatest: true, supersede: false }, [storedOf(stop)]);
    world.untilStatus('running');
    for (let taken = 1; taken < goesWith; taken++) {
      world.untilCheckpoints(1);
      world.rest();
      expect(world.savepoints(), `after ${taken}`).toEqual(['stop']);
    }
    world.untilCheckpoints(1);
    world.until('its deletion', () => world.savepoints().length === 0);
    world.committedExactly();
  });

  test('a job that goes on from an older one at once, and drops it together with its branch', () => {
    const world = new JobWorld({ retained: 2 });
    world.untilStatus('running');
    const older = world.takeSavepoint('older');
    const newer = world.takeSavepoint('newer');
    world.untilCheckpoints(2);
    world.process.master.restore(pointOf(older, { claim: true }), null, () => {});
    world.untilStatus('restarting');
    world.untilStatus('running');
    world.untilCheckpoints(3);
    world.until('its deletion', () => !world.savepoints().includes('older'));
    expect(world.savepoints()).toEqual(['newer']);
    expect(newer.manifest.label).toBe('newer');
    world.committedExactly();
  });

  test('it is there as long as a failure would go back to it', () => {
    const { world, stop } = suspended();
    world.settings = { retained: 1, intervalMs: null };
    world.start({ ...pointOf(stop), isLatest: true, supersede: false }, [storedOf(stop)]);
    world.untilStatus('running');
    for (let failures = 0; failures < 2; failures++) {
      world.process.killThread(0);
      world.untilStatus('restarting');
      world.untilStatus('running');
    }
    expect(world.savepoints()).toEqual(['stop']);
    world.process.master.stop({ drain: false, label: 'again' }, () => {});
    world.untilStatus('suspended');
    world.committedExactly();
  });

  test('killed before it was subsumed, the next process still knows that it was handed over', () => {
    const { world, stop } = suspended({ retained: 2 });
    world.start({ ...pointOf(stop), isLatest: true, supersede: false }, [storedOf(stop)]);
    world.untilStatus('running');
    world.untilCheckpoints(1);
    expect(world.savepoints()).toEqual(['stop']);
    world.continue([storedOf(stop)]);
    world.untilStatus('running');
    world.untilCheckpoints(1);
    world.until('its deletion', () => world.savepoints().length === 0);
    world.committedExactly();
  });
});

describe('H5 without a claim a savepoint stays the user’s', () => {
  test('it is never deleted, however many checkpoints come', () => {
    const { world, stop } = suspended({ retained: 1 });
    world.start({ ...pointOf(stop), isLatest: true, supersede: false });
    world.untilStatus('running');
    world.untilCheckpoints(5);
    expect(world.savepoints()).toEqual(['stop']);
    expect(world.checkpoints().length).toBeLessThanOrEqual(2);
  });

  test('a running job that goes back to it leaves it alone', () => {
    const world = new JobWorld({ retained: 1 });
    world.untilStatus('running');
    const mine = world.takeSavepoint('mine');
    world.untilCheckpoints(1);
    world.process.master.restore(pointOf(mine), null, () => {});
    world.untilStatus('restarting');
    world.untilStatus('running');
    world.untilCheckpoints(4);
    expect(world.savepoints()).toEqual(['mine']);
    world.committedExactly();
  });

  test('the first checkpoint after it is whole: the original may be deleted then, and a crash is survived', () => {
    const { world, stop } = suspended({ retained: 1 });
    world.start({ ...pointOf(stop), isLatest: true, supersede: false });
    world.untilStatus('running');
    world.untilCheckpoints(1);
    world.disk.storage('/sluice').discard(stop.path, () => {});
    world.until('the deletion by hand', () => world.savepoints().length === 0);
    world.continue();
    world.untilStatus('running');
    world.untilCheckpoints(2);
    expect(world.committedExactly()).toBeGreaterThan(0);
  });

  test('M11 savepoints outlive every checkpoint; checkpoints are dropped as newer ones come', () => {
    const world = new JobWorld({ retained: 2 });
    world.untilStatus('running');
    world.takeSavepoint('mine');
    world.untilCheckpoints(8);
    expect(world.savepoints()).toEqual(['mine']);
    expect(world.checkpoints().length).toBeLessThanOrEqual(3);
  });
});

describe('on-exit retention', () => {
  const ends: readonly (readonly [name: string, leave: (world: JobWorld) => void, deleted: boolean])[] = [
    [
      'cancelled: deleted',
      (world) => {
        world.process.master.cancel();
        world.untilStatus('canceled');
      },
      true,
    ],
    [
      'stopped with a savepoint, which is all that is left: deleted',
      (world) => {
        world.process.master.stop({ drain: false, label: 'stop' }, () => {});
        world.untilStatus('suspended');
      },
      true,
    ],
    [
      'its process goes away: kept, it may go on later',
      (world) => {
        world.process.master.abandon();
        world.untilStatus('canceled');
      },
      false,
    ],
  ];

  test.each(ends)('%s', (_, leave, deleted) => {
    for (const retainOnExit of [true, false]) {
      const world = new JobWorld({ retainOnExit });
      world.untilStatus('running');
      world.takeSavepoint('mine');
      world.untilCheckpoints(2);
      leave(world);
      expect(world.checkpoints().length > 0).toBe(retainOnExit || !deleted);
      expect(world.savepoints()).toContain('mine');
      world.committedExactly();
    }
  });

  test('finished: everything is committed before its last checkpoint is deleted', () => {
    const world = new JobWorld({ retainOnExit: false }, { ticks: 300 });
    world.untilStatus('finished');
    expect(world.onDisk()).toEqual([]);
    expect(world.committedExactly()).toBe(300);
  });

  test('failed: kept, a failed job goes on from them', () => {
    const world = new JobWorld({ retainOnExit: false });
    world.untilStatus('running');
    world.untilCheckpoints(1);
    for (let failures = 0; failures < 200 && world.process.master.status !== 'failed'; failures++) {
      world.process.killThread(0);
      world.until('what comes of it', () => world.process.master.status !== 'running');
      world.until('what comes of that', () => ['running', 'failed'].includes(world.process.master.status));
    }
    expect(world.process.master.status).toBe('failed');
    expect(world.checkpoints()).not.toEqual([]);
  });

  test('nobody restores a job whose checkpoints are being removed', () => {
    const world = new JobWorld({ retainOnExit: false });
    world.untilStatus('running');
    const mine = world.takeSavepoint('mine');
    world.process.master.cancel();
    const answers: string[] = [];
    world.until('the removal', () => {
      world.process.master.restore(pointOf(mine), null, (result) =>
        answers.push(result.ok ? 'runs' : 'refused'),
      );
      return world.process.master.status === 'canceled';
    });
    expect(new Set(answers)).toEqual(new Set(['refused']));
  });
});
