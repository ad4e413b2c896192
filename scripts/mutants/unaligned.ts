/** Breakages of what carries unaligned checkpoints out: announcements, capture, the sender's part, the replay. */
import type { Mutant } from '../mutants.ts';

const capture = 'runtime/engine/channelCapture.ts';
const replay = 'runtime/engine/replay.ts';
const intake = 'runtime/engine/gateIntake.ts';
const output = 'runtime/engine/output.ts';
const snapshot = 'runtime/engine/snapshotRun.ts';
const task = 'test/engine/unalignedTask.test.ts';
const rescale = 'test/simulation/rescaleInFlight.test.ts';
const channels = 'test/engine/channels.test.ts';
const preflight = 'test/checkpoint/preflight.test.ts';

export const unalignedMutants: readonly Mutant[] = [
  {
    name: 'what waits for room at the sender is not saved',
    file: output,
    find: "for (const frame of lane.overflow) inFlight.add(overtaking.senderUid, channel, 'sent', frame);",
    replace: '',
    tests: [task],
    caughtBy: ['O4 nothing is ever read downstream'],
  },
  {
    name: 'the announced position is one frame short',
    file: output,
    find: 'lane.writer.announce({ barrier, position: lane.writer.writtenPosition() });',
    replace: 'lane.writer.announce({ barrier, position: Math.max(0, lane.writer.writtenPosition() - 1) });',
    tests: [rescale],
    caughtBy: ['G6'],
  },
  {
    name: 'announcements are looked at once a turn only',
    file: intake,
    find: 'if (this.#look(place)) {',
    replace: 'if (place < 0 && this.#look(place)) {',
    tests: [task],
    caughtBy: ['C4 what is announced while a step goes on'],
  },
  {
    name: 'a barrier waits for room although it may overtake',
    file: 'runtime/engine/task.ts',
    find: 'if (this.#intake.control(!this.chain.walking)) {',
    replace: 'if (!this.chain.overflowing && this.#intake.control(!this.chain.walking)) {',
    tests: [task],
    caughtBy: ['O4 nothing is ever read downstream'],
  },
  {
    name: 'what lies in an overtaken channel is not saved',
    file: capture,
    find: 'for (const frame of reader.peek(this.#positions[place] ?? 0))',
    replace: 'for (const frame of reader.peek(reader.readPosition()))',
    tests: [task],
    caughtBy: ['an announced barrier overtakes', 'D3'],
  },
  {
    name: 'the rest of the batch that is worked off is not saved',
    file: capture,
    find: `if (!this.#capturing[place] && underWay?.place === place)
          this.#save(effect.checkpointId, place, underWay.rest);`,
    replace: '',
    tests: [task],
    caughtBy: ['an announced barrier overtakes'],
  },
  {
    name: 'what comes after the cut on a captured channel is not saved',
    file: capture,
    find: 'if (this.#capturing[place] && this.#inFlight !== null)',
    replace: 'if (!this.#capturing[place] && this.#inFlight !== null)',
    tests: [task],
    caughtBy: ['C1', 'D4'],
  },
  {
    name: 'a frame is saved after its operator had it',
    file: 'runtime/engine/inFlight.ts',
    find: 'bytes = encodeStateValue(element).slice();',
    replace: 'bytes = encodeStateValue(element);',
    tests: [task],
    caughtBy: ['C1'],
  },
  {
    name: 'a checkpoint is acknowledged before its capture is complete',
    file: snapshot,
    find: 'if (isHead && this.#inFlight?.alignmentMs === null) return false;',
    replace: '',
    tests: [task],
    caughtBy: ['C1'],
  },
  {
    name: 'a record that cannot be saved is left out in silence',
    file: snapshot,
    find: 'if (this.#inFlight.problem !== null) throw new StateRefused(this.#inFlight.problem);',
    replace: '',
    tests: [task],
    caughtBy: ['I3'],
  },
  {
    name: 'what the sender still held is replayed before what the receiver had',
    file: replay,
    find: '[...atReceiver.received, ...atSender.sent]',
    replace: '[...atSender.sent, ...atReceiver.received]',
    tests: [rescale],
    caughtBy: ['G6 union'],
  },
  {
    name: 'every subtask replays every record',
    file: replay,
    find: 'const mine = frame.values.map(isMine);',
    replace: 'const mine = frame.values.map(() => true);',
    tests: [rescale],
    caughtBy: ['G6 union', 'G6 multi-input'],
  },
  {
    name: 'event time begins anew after a restore',
    file: replay,
    find: 'if (saved !== null) watermarks.place(place, saved);',
    replace: '',
    tests: [task],
    caughtBy: ['C7'],
  },
  {
    name: 'new input is taken while what was in flight is replayed',
    file: intake,
    find: 'if (this.#afterReplay === null) return false;',
    replace: 'if (this.#afterReplay === null || this.#gate.channels.length > 0) return false;',
    tests: [task],
    caughtBy: ['C7'],
  },
  {
    name: 'an operator that something is in flight to is chained away',
    file: 'runtime/graph/chaining.ts',
    find: '!heads.has(operator.uid) &&',
    replace: '',
    tests: ['test/graph/buildExecutionGraph.test.ts'],
    caughtBy: ['begins a chain'],
  },
  {
    name: 'a newer announcement is lost behind an older one',
    file: 'runtime/engine/channels/ring.ts',
    find: 'slotOf(this.slots, newest - 1)',
    replace: 'slotOf(this.slots, newest)',
    tests: [channels],
    caughtBy: ['a newer one replaces it'],
  },
  {
    name: 'what was in flight is restored into any plan',
    file: 'runtime/checkpoint/preflight.ts',
    find: 'const isSamePlan = manifest.fingerprint === graph.fingerprint;',
    replace: 'const isSamePlan = manifest.fingerprint !== null;',
    tests: [preflight],
    caughtBy: ['in flight'],
  },
];
