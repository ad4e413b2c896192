/** Breakages of what a job does when something in it fails, hangs, or is changed while it runs. */
import type { Mutant } from '../mutants.ts';

const master = 'runtime/engine/job/jobMaster.ts';
const jobLife = 'test/simulation/jobLife.test.ts';

export const recoveryMutants: readonly Mutant[] = [
  {
    name: 'a stop is answered as soon as its savepoint is durable',
    file: master,
    find: 'this.#stopped = { taken: result.value, done };',
    replace: 'done(result);',
    tests: [jobLife],
    caughtBy: [
      'suspended: it is answered when what the savepoint holds is committed',
      'drained, but its commit fails: it is said that the savepoint exists',
    ],
  },
  {
    name: 'whoever stopped a job whose commit failed waits for ever',
    file: master,
    find: "this.#become('failing', reason);\n    this.#notStopped(reason);",
    replace: "this.#become('failing', reason);",
    tests: [jobLife],
    caughtBy: ['suspended, but its commit fails: it is said that the savepoint exists'],
  },
];
