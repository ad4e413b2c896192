/** Breakages of who owns a snapshot, and for how long. */
import type { Mutant } from '../mutants.ts';

const checkpoints = 'runtime/engine/job/jobCheckpoints.ts';
const master = 'runtime/engine/job/jobMaster.ts';
const claim = 'test/conformance/claim.test.ts';
const oracle = 'test/checkpoint/compareOracle.test.ts';

export const savepointMutants: readonly Mutant[] = [
  {
    name: 'a claimed savepoint is deleted one checkpoint too early',
    file: checkpoints,
    find: '.length >= Math.max(1, this.#options.settings.retained)',
    replace: '.length >= Math.max(1, this.#options.settings.retained) - 1',
    tests: [claim],
    caughtBy: ['with 2 retained it goes with the 2. checkpoint after it'],
  },
  {
    name: 'a claimed savepoint is kept for ever',
    file: checkpoints,
    find: "if (effect.attempt.kind === 'checkpoint') this.#dropClaimed(coordinator.completed);",
    replace: '',
    tests: [claim],
    caughtBy: ['with 1 retained it goes with the 1. checkpoint after it'],
  },
  {
    name: 'a savepoint is claimed though nobody said so',
    file: master,
    find: 'if (point.claim === true)',
    replace: 'if (point.claim !== null)',
    tests: [claim],
    caughtBy: ['a running job that goes back to it leaves it alone'],
  },
  {
    name: 'a runtime that goes away takes the checkpoints of its job with it',
    file: master,
    find: 'this.#keepsCheckpoints = true;',
    replace: '',
    tests: [claim],
    caughtBy: ['its process goes away: kept, it may go on later'],
  },
  {
    name: 'checkpoints are left behind where they should not be',
    file: master,
    find: 'this.#keepsCheckpoints = options.settings.retainOnExit;',
    replace: 'this.#keepsCheckpoints = true;',
    tests: [claim],
    caughtBy: ['cancelled: deleted', 'finished: everything is committed'],
  },
  {
    name: 'a page of a comparison begins one entry too late',
    file: 'runtime/checkpoint/entryPages.ts',
    find: 'place++ >= skip',
    replace: 'place++ > skip',
    tests: [oracle],
    caughtBy: ['H9: counts and pages of every kind of state'],
  },
  {
    name: 'what stands beside an entry in a comparison is that of its neighbour',
    file: 'runtime/checkpoint/comparedState.ts',
    find: 'compareEntries(this.#next.value, entry) < 0',
    replace: 'compareEntries(this.#next.value, entry) <= 0',
    tests: [oracle],
    caughtBy: ['H9: counts and pages of every kind of state'],
  },
  {
    name: 'a comparison takes values that hold the same in another order for changed ones',
    file: 'runtime/state/sameValue.ts',
    find: 'if (isPlain(a) && isPlain(b)) return sameProperties(a, b);',
    replace: 'if (isPlain(a) && isPlain(b)) return JSON.stringify(a) === JSON.stringify(b);',
    tests: ['test/checkpoint/compare.test.ts'],
    caughtBy: ['another order of properties is no change'],
  },
];
