/** What is wrong with a declared state is told with operator, line and state, before anything runs. */
import { expect, test } from 'vitest';
import { declareStates } from '../../runtime/api/declareStates.ts';
import { PipelineError } from '../../runtime/api/pipelineError.ts';
import {
  aggregatingState,
  broadcastState,
  type DeclaredStates,
  listState,
  mapState,
  operatorListState,
  reducingState,
  type StateKind,
  type TtlOptions,
  unionListState,
  valueState,
} from '../../runtime/api/state.ts';

const location = { file: 'pipeline.ts', line: 7, column: 3 };
const sum = (a: number, b: number) => a + b;
const declare = (states: DeclaredStates, kinds?: readonly StateKind[]) =>
  declareStates(states, { uid: 'op' }, location, kinds);
const ttl = (options: unknown) => ({ a: valueState<number>({ ttl: options as TtlOptions }) });

test('every kind of state has its type', () => {
  const states = declare({
    value: valueState<number>(),
    list: listState<number>(),
    map: mapState<string, number>(),
    reducing: reducingState({ reduce: sum }),
    aggregating: aggregatingState({ create: () => 0, add: sum, result: String }),
    ready: operatorListState<number>(),
    offsets: unionListState<number>(),
    rules: broadcastState<string, number>({ name: 'the rules' }),
  });
  expect(Object.values(states).map(({ name, type }) => [name, type])).toEqual([
    ['value', 'value'],
    ['list', 'list'],
    ['map', 'map'],
    ['reducing', 'reducing'],
    ['aggregating', 'aggregating'],
    ['ready', 'operator-list'],
    ['offsets', 'operator-union'],
    ['the rules', 'operator-broadcast'],
  ]);
});

test('a time to live is in milliseconds, with the defaults of Flink', () => {
  expect(declare(ttl({ after: '2 days' })).a?.ttl).toEqual({
    afterMs: 172_800_000,
    refresh: 'on-create-and-write',
    visibility: 'never-return-expired',
  });
  expect(declare({ a: valueState() }).a).not.toHaveProperty('ttl');
});

test('a function of an author is called on the object that it was written in', () => {
  const mean = {
    digits: 2,
    create: () => 0,
    add: sum,
    result(total: number) {
      return total.toFixed(this.digits);
    },
  };
  const { fold } = declare({ mean: aggregatingState(mean) }).mean!;
  expect(fold!.result(fold!.add(undefined, 1))).toBe('1.00');
});

test.each<[string, DeclaredStates, string]>([
  ['no name', { a: valueState({ name: '' }) }, ' has a state without a name.'],
  [
    'the same name',
    { a: valueState(), b: listState({ name: 'a' }) },
    ' has two states named "a": give each its own name.',
  ],
  [
    'the same name of state with and without a key',
    { a: valueState(), b: operatorListState({ name: 'a' }) },
    ' has two states named "a": give each its own name.',
  ],
  [
    'the name of timers',
    { a: valueState({ name: 'event-time-timers' }) },
    ' has a state named "event-time-timers", as its timers are in savepoints: give it another name.',
  ],
  [
    'a name of times',
    { 'visits (ttl)': valueState() },
    ' has a state named "visits (ttl)", as the times of a state with TTL are: give it another name.',
  ],
  [
    'half a version',
    { a: reducingState({ reduce: sum, schemaVersion: 1.5 }) },
    ' gives state "a" the schema version 1.5: versions are whole numbers from 1 on.',
  ],
  [
    'a migration that is missing',
    { a: operatorListState({ schemaVersion: 3, migrations: { 2: (old) => old } }) },
    ' has migrations for state "a", but none from schema version 1 to 2: add it, so that older savepoints can be restored.',
  ],
  [
    'a migration to a version that is not declared',
    { a: broadcastState({ schemaVersion: 2, migrations: { 1: (old) => old, 2: (old) => old } }) },
    ' has a migration for state "a" from schema version 2 to 3, but its schema version is 2: raise it.',
  ],
  [
    'a migration from no version',
    { a: valueState({ migrations: { 0: (old) => old } }) },
    ' has a migration for state "a" from schema version 0: versions are whole numbers from 1 on.',
  ],
  ['no time to live', ttl({ after: 0 }), ': the TTL of state "a" must be longer than zero, not 0.'],
  [
    'a time to live that is no duration',
    ttl({ after: '1 fortnight' }),
    `: the TTL of state "a" must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not "1 fortnight".`,
  ],
  [
    'a refresh that there is not',
    ttl({ after: 1, refresh: 'never' }),
    ': the TTL of state "a" has the refresh "never"; it is one of "on-create-and-write", "on-read-and-write".',
  ],
  [
    'a visibility that there is not',
    ttl({ after: 1, visibility: 'always' }),
    ': the TTL of state "a" has the visibility "always"; it is one of "never-return-expired", "return-expired-if-not-cleaned-up".',
  ],
  [
    'a time to live without a key',
    { a: operatorListState({ ttl: { after: 1 } } as never) },
    ' gives state "a" a TTL, which only keyed state can have.',
  ],
])('%s is refused', (_, states, problem) => {
  expect(() => declare(states)).toThrow(
    new PipelineError(location, 'Operator "op"', location, problem).message,
  );
});

test.each<[DeclaredStates, string]>([
  [
    { a: valueState() },
    ' declares state "a", which belongs to a key, and has no keys: put a keyBy before it, or declare operatorListState.',
  ],
  [
    { a: broadcastState() },
    ' cannot have state "a": it is broadcast state, and here only operator state can be.',
  ],
])('a kind of state that the operator cannot have is refused', (states, problem) => {
  expect(() => declare(states, ['operator'])).toThrow(`Operator "op" (pipeline.ts:7)${problem}`);
});
