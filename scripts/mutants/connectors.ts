/** Breakages of splits that come while a job runs, and of sources and sinks that are fed and emptied from outside. */
import type { Mutant } from '../mutants.ts';

const discovery = 'runtime/operators/splitDiscovery.ts';
const intake = 'runtime/engine/sourceIntake.ts';
const discoveryTests = 'test/connectors/discoveredSplits.test.ts';
const ownerTests = 'test/operators/splitDiscovery.test.ts';
const intakeTests = 'test/engine/splitDiscovery.test.ts';
const functions = 'runtime/connectors/functionSink.ts';
const functionTests = 'test/connectors/functionSink.test.ts';
const board = 'runtime/connectors/webSocketSink.ts';
const boardTests = 'test/connectors/webSocketSink.test.ts';
const polling = 'runtime/connectors/httpPolling.ts';
const pollingTests = 'test/connectors/httpPolling.test.ts';
const lasting = 'runtime/connectors/lastingConnection.ts';
const lastingTests = 'test/connectors/lastingConnection.test.ts';
const cutter = 'runtime/connectors/delimitedCutter.ts';
const cutterTests = 'test/connectors/delimitedCutter.test.ts';
const socketTests = 'test/connectors/socketSource.test.ts';
const webSocketTests = 'test/connectors/webSocketSource.test.ts';

export const connectorMutants: readonly Mutant[] = [
  {
    name: 'who reads a split that comes later follows from its place in a list',
    file: discovery,
    find: ': ids.filter((id) => ownerOf(id, parallelism) === subtaskIndex);',
    replace: ': ids.filter((_, place) => place % parallelism === subtaskIndex);',
    tests: [discoveryTests, ownerTests],
    caughtBy: ['is not opened again', 'D1, D2:'],
  },
  {
    name: 'a split that a snapshot knows is found again',
    file: discovery,
    find: 'for (const id of mine) this.#known.add(id);',
    replace: '',
    tests: [discoveryTests],
    caughtBy: ['committed once', 'is not opened again'],
  },
  {
    name: 'a split that came later turns event time back after a restore',
    file: intake,
    find: 'highestTimestamp: null, watermark: this.#watermark }',
    replace: 'highestTimestamp: null }',
    tests: [discoveryTests],
    caughtBy: ['is as late after a restore'],
  },
  {
    name: 'a subtask that found its first split stays idle',
    file: intake,
    find: "    this.#running.chain.idleness('active');\n    this.#idleSent = false;",
    replace: '    this.#idleSent = false;',
    tests: [intakeTests],
    caughtBy: ['is there again when one comes'],
  },
  {
    name: 'a split that is read to its end stays open',
    file: intake,
    find: '    this.#splits = this.#splits.filter((other) => other !== split);\n    this.#guard(() => reader.close());',
    replace: '    split.readyAt = null;',
    tests: [intakeTests],
    caughtBy: ['is let go at once'],
  },
  {
    name: 'a checkpoint does not wait for the promises before it',
    file: functions,
    find: 'for (const waiting of underWay) waiting.push(checkpoint);',
    replace: 'done();',
    tests: [functionTests],
    caughtBy: ['U1:', 'U3:'],
  },
  {
    name: 'a function sink takes whatever comes',
    file: functions,
    find: 'return this.#inFlight.size < this.#inFlightMax;',
    replace: 'return true;',
    tests: [functionTests],
    caughtBy: ['U2:'],
  },
  {
    name: 'a rejected promise is passed over',
    file: functions,
    find: 'this.#failure ??= new RecordFailure(value, reason);',
    replace: '',
    tests: [functionTests],
    caughtBy: ['U3:', 'is the failure of the job'],
  },
  {
    name: 'what was sent on a lost connection counts as sent',
    file: board,
    find: '        this.#sent = this.#confirmed;\n',
    replace: '',
    tests: [boardTests],
    caughtBy: ['V1:', 'nothing is passed over'],
  },
  {
    name: 'a pong confirms a record too many',
    file: board,
    find: 'this.#kept.splice(0, below - this.#confirmed);',
    replace: 'this.#kept.splice(0, below - this.#confirmed + 1);',
    tests: [boardTests],
    caughtBy: ['nothing is passed over'],
  },
  {
    name: 'a pong that nobody asked for confirms what was not sent',
    file: board,
    find: ' || below > this.#asked',
    replace: '',
    tests: [boardTests],
    caughtBy: ['V2: one pong'],
  },
  {
    name: 'a checkpoint of the WebSocket sink means that records were sent',
    file: board,
    find: 'const below = this.#end;',
    replace: 'const below = this.#confirmed;',
    tests: [boardTests],
    caughtBy: ['V2: a checkpoint', 'nothing is passed over'],
  },
  {
    name: 'a WebSocket sink takes whatever comes',
    file: board,
    find: 'return this.#kept.length < this.#options.maxBufferedRecords;',
    replace: 'return true;',
    tests: [boardTests],
    caughtBy: ['V3:'],
  },
  {
    name: 'what a server answered and was not given yet is in no snapshot',
    file: polling,
    find: 'const left = this.#records.slice(this.#given);',
    replace: 'const left: readonly T[] = [];',
    tests: [pollingTests],
    caughtBy: ['H1:'],
  },
  {
    name: 'a restored reader asks from the beginning',
    file: polling,
    find: 'resume === null || resume === undefined ? polled.initialCursor : resume.cursor;',
    replace: 'polled.initialCursor;',
    tests: [pollingTests],
    caughtBy: ['H1:'],
  },
  {
    name: 'a server is asked though its last answer was not given out',
    file: polling,
    find: "if (this.#given < this.#records.length) return { status: 'more' };",
    replace: '',
    tests: [pollingTests],
    caughtBy: ['H1:'],
  },
  {
    name: 'retries are never counted',
    file: lasting,
    find: 'if (this.#hasWorked || stood) this.#retries = 0;',
    replace: 'this.#retries = 0;',
    tests: [lastingTests],
    caughtBy: ['L1: retries come after their delay'],
  },
  {
    name: 'a connection that was let go is still heard',
    file: lasting,
    find: '    const state = this.#state;\n    this.#heard = [];',
    replace: '    const state = this.#state;',
    tests: [lastingTests],
    caughtBy: ['L2:'],
  },
  {
    name: 'a delimiter that comes in two pieces is not found',
    file: cutter,
    find: 'limit - this.#delimiter.length + 1',
    replace: 'limit',
    tests: [cutterTests],
    caughtBy: ['however the bytes come in pieces'],
  },
  {
    name: 'a full socket is read on',
    file: 'runtime/connectors/socketSource.ts',
    find: 'this.#connection.current?.pause();',
    replace: '',
    tests: [socketTests],
    caughtBy: ['a full inbox pauses the socket'],
  },
  {
    name: 'a full WebSocket is read on',
    file: 'runtime/connectors/webSocketSource.ts',
    find: 'this.#connection.current?.pause();',
    replace: '',
    tests: [webSocketTests],
    caughtBy: ['a full inbox pauses the socket'],
  },
];
