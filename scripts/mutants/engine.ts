/**
 * Breakages of what carries records, barriers and state. Each is caught by simulated lives, whatever small test notices it
 * as well: this is how it is known that the lives would find such a hole, also where no small test was thought of.
 */
import type { Mutant } from '../mutants.ts';

const lives = 'test/simulation/simulation.test.ts';
const livesNotice = 'what is committed is exactly right';
const output = 'runtime/engine/output.ts';
const gate = 'runtime/engine/inputGate.ts';
const intake = 'runtime/engine/sourceIntake.ts';
const gateIntake = 'runtime/engine/gateIntake.ts';
const master = 'runtime/engine/job/jobMaster.ts';
const checkpoints = 'runtime/engine/job/jobCheckpoints.ts';
const tables = 'runtime/state/stateTable.ts';
const shares = 'runtime/checkpoint/operatorStateShares.ts';

/** Caught by any of the fixed seeds. */
const seen = (name: string, file: string, find: string, replace: string): Mutant => ({
  name,
  file,
  find,
  replace,
  tests: [lives],
  caughtBy: [livesNotice],
});

export const engineMutants: readonly Mutant[] = [
  seen(
    'a barrier overtakes the records of an unfinished batch',
    output,
    'for (const [to, lane] of this.#lanes.entries()) {\n      this.#flushLane(lane);',
    'for (const [to, lane] of this.#lanes.entries()) {',
  ),
  seen(
    'what comes later overtakes what waits for room',
    output,
    'if (lane.overflow.length === 0 && this.#offer(lane, frame, null)) return;',
    'if (this.#offer(lane, frame, null)) return;',
  ),
  seen(
    'a broadcast record goes to the first receiver only',
    output,
    'for (const lane of this.#lanes) this.#append(lane, value, timestamp);',
    'this.#append(this.#lanes[0] as Lane, value, timestamp);',
  ),
  seen(
    'a channel that is blocked is read',
    gate,
    'if (!this.#blocked[channel] && (this.channels[channel] as GateChannel).reader.hasFrame())',
    'if ((this.channels[channel] as GateChannel).reader.hasFrame())',
  ),
  seen(
    'a snapshot sees a value that was set after its mark',
    tables,
    '  if (table.stashes !== null) protectValue(table, key);\n',
    '',
  ),
  seen(
    'a snapshot sees an entry that was set after its mark',
    tables,
    '  if (table.stashes !== null) protectMapEntry(table, key, subKey, map);\n',
    '',
  ),
  seen(
    'a failure goes back to the checkpoint that the deployment began with',
    master,
    'this.#lastCompleted = lineageOf(manifest);\n    this.#point = { manifest, directory, supersede: false, isLatest: true };',
    'this.#lastCompleted = lineageOf(manifest);',
  ),
  seen(
    'sinks commit while the manifest is still on its way',
    checkpoints,
    '    storage.publish(effect.directory, manifest, (result) => {\n',
    "    this.#options.broadcast({ type: 'checkpoint-complete', checkpointId: attempt.checkpointId, commit: true });\n    storage.publish(effect.directory, manifest, (result) => {\n",
  ),
  seen(
    'a completed checkpoint is not told to the sinks',
    checkpoints,
    'commit: effect.commit,',
    'commit: false,',
  ),
  seen(
    'a split that was read to its end is read again from its beginning',
    intake,
    'if (from?.position.finished === true) {\n        this.#finished.push(from);\n        continue;\n      }',
    'if (from?.position.finished === true) {\n        this.#openSplit(id, null);\n        this.#watermarks.add(id, null, this.#inputMs());\n        continue;\n      }',
  ),
  seen(
    'an offset is saved one too high',
    intake,
    'position: { ...this.#positionOf(split), finished: false },',
    'position: { ...this.#positionOf(split), offset: this.#positionOf(split).offset + 1, finished: false },',
  ),
  seen(
    'an offset is saved one too low',
    intake,
    'position: { ...this.#positionOf(split), finished: false },',
    'position: { ...this.#positionOf(split), offset: Math.max(0, this.#positionOf(split).offset - 1), finished: false },',
  ),
  seen(
    'a batch that was in flight is dropped at another parallelism',
    'runtime/engine/replay.ts',
    'const timestamps = frame.timestamps.filter((_timestamp, place) => mine[place]);',
    'const timestamps: number[] = [];\n    values.length = 0;',
  ),
  seen(
    'operator lists are cut anew with a gap',
    shares,
    'return all.slice(from, to);',
    'return all.slice(from, Math.max(from, to - 1));',
  ),
  seen(
    'a union list is given to the first subtask only',
    shares,
    "case 'operator-union':\n      return inOrder.flatMap(({ elements }) => elements);",
    "case 'operator-union':\n      return subtaskIndex > 0 ? [] : inOrder.flatMap(({ elements }) => elements);",
  ),
  seen(
    'broadcast state stays with the first subtask',
    shares,
    'return wholeCopy(inOrder);',
    'return subtaskIndex > 0 ? [] : wholeCopy(inOrder);',
  ),
  seen(
    'what an asyncMap has under way is not in its snapshot',
    'runtime/operators/async/asyncMapOperator.ts',
    'context.putOperatorState(inFlightDeclaration, saved);',
    'context.putOperatorState(inFlightDeclaration, []);',
  ),
  seen(
    'the end is told again to whoever restores a point behind it',
    'runtime/operators/endOnce.ts',
    'if (this.#ended) return;',
    '',
  ),
  {
    name: 'a source keeps its barrier while its output finds no room',
    file: 'runtime/engine/task.ts',
    find: 'this.#intake.control(!this.chain.walking)',
    replace: 'this.#intake.control(!this.chain.overflowing && !this.chain.walking)',
    tests: ['test/engine/sourceTask.test.ts'],
    caughtBy: ['answers a trigger while nothing it sends finds room'],
  },
  {
    name: 'a trigger that waits for the end of the input is forgotten',
    file: gateIntake,
    find: 'if (this.#gate.allEnded) for (const barrier of this.#triggers.splice(0)) this.trigger(barrier);',
    replace: 'if (this.#gate.allEnded) this.#triggers.length = 0;',
    tests: ['test/engine/task.test.ts'],
    caughtBy: ['a trigger does not overtake an older barrier that is still in a channel'],
  },
  {
    name: 'a restart waits for the wall clock',
    file: master,
    find: 'this.#restartDueMs = delayMs === null ? null : clock.monotonicMs() + delayMs;',
    replace: 'this.#restartDueMs = delayMs === null ? null : clock.now() + delayMs + 3_600_000;',
    tests: ['test/simulation/jobLife.test.ts'],
    caughtBy: ['a wall clock that is set back an hour does not put the restart off'],
  },
];
