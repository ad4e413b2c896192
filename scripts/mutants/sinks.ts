/** Breakages of two-phase commit, of the exactly-once file sink, and of the sources that must replay exactly. */
import type { Mutant } from '../mutants.ts';

const operator = 'runtime/operators/sinkOperator.ts';
const writer = 'runtime/connectors/fileSinkWriter.ts';
const committer = 'runtime/connectors/fileSinkCommitter.ts';
const names = 'runtime/connectors/partNames.ts';
const operatorTests = 'test/operators/sinkOperator.test.ts';
const sinkTests = 'test/connectors/fileSink.test.ts';
const nameTests = 'test/connectors/partNames.test.ts';
const sourceTests = 'test/connectors/fileSource.test.ts';

export const sinkMutants: readonly Mutant[] = [
  {
    name: 'a complete checkpoint commits what later ones have prepared',
    file: operator,
    find: 'pending.checkpointId <= checkpointId',
    replace: 'pending.checkpointId >= 0',
    tests: [operatorTests],
    caughtBy: ['I5:'],
  },
  {
    name: 'what an aborted checkpoint had prepared is forgotten',
    file: operator,
    find: '[...this.#pending, ...prepared]',
    replace: 'prepared',
    tests: [operatorTests, sinkTests],
    caughtBy: ['I4:', 'the next one carries its part'],
  },
  {
    name: 'the first commit that fails ends the round',
    file: operator,
    find: '        failures.push(error);',
    replace: '        throw error;',
    tests: [operatorTests],
    caughtBy: ['I6:'],
  },
  {
    name: 'only the subtask of the same number commits what was pending',
    file: operator,
    find: 'prepared.subtaskIndex % parallelism === subtaskIndex',
    replace: 'prepared.subtaskIndex === subtaskIndex',
    tests: [operatorTests, sinkTests],
    caughtBy: ['I8:'],
  },
  {
    name: 'a savepoint does not keep what waited for a checkpoint',
    file: operator,
    find: 'if (context.isSavepoint && this.#pending.length > 0)',
    replace: 'if (context.isSavepoint && this.#pending.length < 0)',
    tests: [sinkTests],
    caughtBy: ['waits for the savepoint too'],
  },
  {
    name: 'the second name of a part that a savepoint keeps is not synced',
    file: committer,
    find: 'snapshot.defer((done) => files.syncDirectory(this.#directory, done));',
    replace: 'snapshot.defer((done) => done());',
    tests: [sinkTests],
    caughtBy: ['waits for the savepoint too'],
  },
  {
    name: 'a part is acknowledged before its bytes are durable',
    file: writer,
    find: '    part.file.sync((error) => {',
    replace: '    ((call: (error?: FileError) => void) => call())((error) => {',
    tests: [sinkTests],
    caughtBy: ['bytes and dotted name are durable before'],
  },
  {
    name: 'a part is acknowledged before its name is durable',
    file: writer,
    find: 'this.#context.files.syncDirectory(this.#directory, (problem) => {',
    replace: '((_: string, call: (problem?: FileError) => void) => call())(this.#directory, (problem) => {',
    tests: [sinkTests],
    caughtBy: ['bytes and dotted name are durable before'],
  },
  {
    name: 'a task goes on after a sync that failed',
    file: writer,
    find: 'if (this.#lost !== null) throw new SinkError(this.#lost);',
    replace: '',
    tests: [sinkTests],
    caughtBy: ['after a sync that failed the part is not asked again'],
  },
  {
    name: 'names that could not be made durable are not tried again',
    file: writer,
    find: 'if (problem !== undefined) return done(this.#sinkError(problem));',
    replace: 'this.#closing = []; if (problem !== undefined) return done(this.#sinkError(problem));',
    tests: [sinkTests],
    caughtBy: ['a snapshot whose names cannot be made durable'],
  },
  {
    name: 'what waits to be committed is not read before a restore commits it',
    file: committer,
    find: 'for (const committable of pending) this.#guard(() => this.#requireWhole(committable));',
    replace: '',
    tests: [sinkTests],
    caughtBy: ['was changed meanwhile is told with its name'],
  },
  {
    name: 'the dotted name goes away before the final one is durable',
    file: committer,
    find: '      this.#linked.add(pending);\n      return;',
    replace: '      this.#removeWaiting(pending);\n      return;',
    tests: [sinkTests],
    caughtBy: ['only when the final one is durable'],
  },
  {
    name: 'a part with other bytes passes for the own one',
    file: committer,
    find: 'return crc === checksum;',
    replace: 'return crc >= 0;',
    tests: [sinkTests],
    caughtBy: ['a part with other bytes'],
  },
  {
    name: 'strays are left where they are',
    file: committer,
    find: '      this.#guard(() => files.remove(this.#path(name)));',
    replace: '',
    tests: [sinkTests],
    caughtBy: ['I8:'],
  },
  {
    name: 'a counter is used again after its part was superseded',
    file: names,
    find: 'const used = [...committedParts(names, extension), ...supersededParts(names, extension)];',
    replace: 'const used = committedParts(names, extension);',
    tests: [nameTests],
    caughtBy: ['above everything that was ever there'],
  },
  {
    name: 'superseded parts of the own past stay superseded',
    file: names,
    find: 'isPast(states, part) && !goneBack.has(part.run)',
    replace: 'isPast(states, part) && goneBack.has(part.run)',
    tests: [nameTests],
    caughtBy: ['is revived'],
  },
  {
    name: 'parts of subtasks that are no more are taken for new ones',
    file: names,
    find: 'return states.some((state) => part.counter < state.floor);',
    replace: 'return false;',
    tests: [nameTests],
    caughtBy: ['below the floor of its run'],
  },
  {
    name: 'a reader that goes on forgets the header',
    file: 'runtime/connectors/fileSource.ts',
    find: 'this.#header = resume?.header ?? null;',
    replace: 'this.#header = null;',
    tests: [sourceTests],
    caughtBy: ['knows the header'],
  },
  {
    name: 'half a line is given when a file is followed',
    file: 'runtime/connectors/fileSource.ts',
    find: 'if (this.#followMs !== null) return this.#wait(this.#followMs);',
    replace: 'if (this.#followMs !== null && cut.halfBytes === 0) return this.#wait(this.#followMs);',
    tests: [sourceTests],
    caughtBy: ['a half written last line waits'],
  },
  {
    name: 'a truncated file is read on',
    file: 'runtime/connectors/fileSource.ts',
    find: 'if (size >= position) return;',
    replace: 'if (size >= 0) return;',
    tests: [sourceTests],
    caughtBy: ['shorter than what was read'],
  },
];
