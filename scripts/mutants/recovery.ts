/** Breakages of what a job does when something in it fails, hangs, or is changed while it runs. */
import type { Mutant } from '../mutants.ts';

const master = 'runtime/engine/job/jobMaster.ts';
const watchdog = 'runtime/engine/job/watchdog.ts';
const looks = 'test/engine/watchdog.test.ts';
const coordinator = 'runtime/checkpoint/checkpointCoordinator.ts';
const switching = 'test/conformance/switchingModes.test.ts';
const jobLife = 'test/simulation/jobLife.test.ts';

export const recoveryMutants: readonly Mutant[] = [
  {
    name: 'a job is over while a manifest is being written, and whoever asked for it waits for ever',
    file: master,
    find: 'this.#tasks.isActive || !this.#checkpoints.isAtRest',
    replace: 'this.#tasks.isActive || (this.#ending === null && !this.#checkpoints.isAtRest)',
    tests: [jobLife],
    caughtBy: ['and a manifest is being written: whoever asked is answered first'],
  },
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
  {
    name: 'the watchdog takes a breakpoint for a thread that hangs',
    file: watchdog,
    find: 'if (isDebugged || stepStartedAt === 0',
    replace: 'if (stepStartedAt === 0',
    tests: [looks],
    caughtBy: ['while a debugger is attached nothing counts'],
  },
  {
    name: 'the watchdog takes a thread that parks or restores for one that hangs',
    file: watchdog,
    find: 'isDebugged || stepStartedAt === 0 || ',
    replace: 'isDebugged || ',
    tests: [looks],
    caughtBy: ['no step (parked, restoring, writing a snapshot) is well'],
  },
  {
    name: 'the watchdog ends a thread that writes a large snapshot',
    file: 'runtime/engine/taskThread.ts',
    find: 'this.#caught(slot, (task) => {\n        wrote = task.stepSnapshots();',
    replace: 'this.#guarded(slot, (task) => {\n        wrote = task.stepSnapshots();',
    tests: ['test/engine/watchedSteps.test.ts'],
    caughtBy: ["wherever the author's code runs a step is under way"],
  },
  {
    name: 'a laptop that slept has hung all of its threads',
    file: watchdog,
    find: 'Math.min(monotonicMs - (this.#lookedAt ?? monotonicMs), this.lookEveryMs)',
    replace: 'monotonicMs - (this.#lookedAt ?? monotonicMs)',
    tests: [looks],
    caughtBy: ['a machine that slept for an hour has hung nobody'],
  },
  {
    name: 'time in earlier steps counts against the present one',
    file: watchdog,
    find: '|| known?.stepStartedAt !== stepStartedAt',
    replace: '|| known === undefined',
    tests: [looks],
    caughtBy: ['steps that come back are well'],
  },
  {
    name: 'a checkpoint that is under way goes on while gates are switched to another mode',
    file: coordinator,
    find: "if (attempt.phase !== 'beginning' && attempt.phase !== 'triggered') continue;",
    replace: 'continue;',
    tests: [switching, jobLife],
    caughtBy: ['aborts what gates work on', 'what is pending is aborted first'],
  },
  {
    name: 'a checkpoint begins before every gate is of the new mode',
    file: coordinator,
    find: "while (this.#phase === 'running' && !this.#isSwitching) {",
    replace: "while (this.#phase === 'running') {",
    tests: [switching],
    caughtBy: ['begins nothing before all have switched'],
  },
  {
    name: 'a gate that is switched leaves its channels shut',
    file: 'runtime/checkpoint/exactlyOnceHandler.ts',
    find: 'if (this.#pending !== null) this.#abort(this.#pending.barrier.checkpointId, cancelled, effects);',
    replace: 'this.#pending = null;',
    tests: [switching],
    caughtBy: ['aligned: the blocked channels open'],
  },
  {
    name: 'a gate that is switched forgets which channels have ended',
    file: 'runtime/checkpoint/exactlyOnceHandler.ts',
    find: 'memory: { ended: this.#ended, newest',
    replace: 'memory: { ended: new Set(), newest',
    tests: [switching],
    caughtBy: ['a channel that has ended stays so'],
  },
  {
    name: 'a restart forgets the mode that the job was switched to',
    file: 'runtime/engine/job/jobCheckpoints.ts',
    find: 'this.#settings = { ...this.#settings, ...mode };',
    replace: '',
    tests: [jobLife],
    caughtBy: ['a restart keeps the mode'],
  },
  {
    name: 'a job whose drain failed ends with input that nobody has read',
    file: 'runtime/checkpoint/checkpointCoordinator.ts',
    find: "const isDrain = trigger === 'stop' && !suspend;",
    replace: 'const isDrain = false;',
    tests: [jobLife],
    caughtBy: ['drained, but its savepoint fails'],
  },
  {
    name: 'a checkpoint that drained sources took part in is gone back to when the drain fails',
    file: 'runtime/checkpoint/checkpointCoordinator.ts',
    find: 'if (isOnItsWay && !endsJob(attempt.description))',
    replace: 'if (isOnItsWay && endsJob(attempt.description))',
    tests: [jobLife],
    caughtBy: ['has the windows fired already'],
  },
];
