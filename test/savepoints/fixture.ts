/**
 * The job whose savepoint is kept under `v1/`: two subtasks, every type of state, every type of key and value. What is
 * expected of it stands here as plain data. `node test/savepoints/writeFixture.ts v1` wrote it; once a version is released
 * its files are never written again.
 */
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';

export const uid = 'fixture-operator';
export const maxParallelism = 16;
export const parallelism = 2;

export const lastValue: StateDeclaration<unknown> = { name: 'last', type: 'value', schemaVersion: 1 };
export const total: StateDeclaration<unknown> = { name: 'total', type: 'aggregating', schemaVersion: 2 };
export const events: StateDeclaration<unknown> = { name: 'events', type: 'list', schemaVersion: 1 };
export const perHour: StateDeclaration<unknown> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
export const declarations = [lastValue, total, events, perHour] as const;
export const pending: StateDeclaration = { name: 'pending', type: 'operator-list', schemaVersion: 1 };
export const positions: StateDeclaration = { name: 'positions', type: 'operator-union', schemaVersion: 1 };

/** Every type of key and value; each key has the value in `last` and, as `{ value }`, everywhere else. */
export const content: readonly (readonly [key: Key, value: unknown])[] = [
  [null, null],
  [true, false],
  [false, true],
  [0, 0],
  [-1.5, -0],
  [1e300, Number.NaN],
  [Number.NaN, Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, 1.1],
  [7, 127],
  [8, 128],
  [9, -33],
  [10, 65_536],
  [11, 4_294_967_295],
  [12, 4_294_967_296],
  [13, -2_147_483_648],
  [0n, 0n],
  [-1n, -1n],
  [2n ** 64n, 2n ** 64n],
  [-(2n ** 70n), -(2n ** 70n)],
  ['', ''],
  ['SFO', 'San Francisco International'],
  ['a\0b', 'zero \0 inside'],
  ['zürich', 'é'.repeat(40)],
  ['東京', '羽田'],
  ['😀', '\ud800 alone'],
  [[], []],
  [['SFO', 7, [null]], [1, [2, [3, undefined]]]],
  [{}, {}],
  [{ b: 1, a: { 'é': 'x', z: 2n } }, { nested: { list: [{ n: 1 }], nothing: undefined } }],
  ['date', new Date(1_700_000_000_123)],
  ['old date', new Date(-1)],
  ['map', new Map<unknown, unknown>([[1, 'one'], [{ k: 1 }, new Map()]])],
  ['set', new Set([1, 'a', null])],
  ['bytes', Uint8Array.of(0, 255, 7)],
  ['doubles', Float64Array.of(1.5, -0)],
  ['bigints', BigInt64Array.of(-1n)],
  ['buffer', Uint8Array.of(1, 2, 3).buffer],
  ['long text', 'x'.repeat(300)],
  ['long list', Array.from({ length: 300 }, (_, i) => i)],
];

export const pendingOf: readonly (readonly unknown[])[] = [[{ part: 'a' }, { part: 'b' }], [{ part: 'c' }]];
export const positionsOf: readonly (readonly unknown[])[] = [[{ split: 'x', offset: 12 }], [{ split: 'y', offset: 34 }]];
