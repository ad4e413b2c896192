import { expect, test } from 'vitest';
import { textHash } from '../../runtime/base/textHash.ts';
import { fingerprint } from '../../runtime/graph/fingerprint.ts';
import type { GraphOperator } from '../../runtime/graph/jobGraph.ts';
import { graphOf } from './graphOf.ts';

const edges = ['a → b', 'b hash c', 'c → d'];
const state = { name: 'seen', type: 'value', schemaVersion: 1 } as const;
const of = (operators: Record<string, Partial<GraphOperator>> = {}, given = edges) =>
  graphOf(given, operators).fingerprint;

test('a fingerprint is fixed for good', () => {
  expect(of()).toBe('489b1b7e6b0b8a83');
});

test('what a restore does not depend on leaves the fingerprint alone', () => {
  expect(of({ b: { name: 'renamed', uidDerived: true } })).toBe(of());
  expect(of({ b: { location: { file: 'x.ts', line: 1, column: 2 } } })).toBe(of());
  expect(of({ b: { parallelism: 4, parallelismFixed: true, chainable: false } })).toBe(of());
  expect(of({}, ['a → b', 'c → d', 'b hash c'])).toBe(of());
});

test('what a restore depends on changes it', () => {
  const changed = [
    of({ b: { maxParallelism: 64 } }),
    of({ c: { states: [state] } }),
    of({ c: { states: [{ ...state, schemaVersion: 2 }] } }),
    of({ c: { states: [{ ...state, type: 'list' }] } }),
    of({ c: { states: [{ ...state, name: 'other' }] } }),
    of({ b: { type: 'flatMap' } }),
    of({ b: { keyed: true } }),
    of({}, ['a → b', 'b hash c', 'c rebalance d']),
    of({}, ['a → b', 'b hash c:1', 'c → d']),
    of({}, ['a → x', 'x hash c', 'c → d']),
    of({}, [...edges, 'b → d']),
  ];
  expect(new Set([of(), ...changed]).size).toBe(changed.length + 1);
});

test('the order in which states are declared does not matter', () => {
  const other = { name: 'first', type: 'map', schemaVersion: 1 } as const;
  expect(of({ c: { states: [state, other] } })).toBe(of({ c: { states: [other, state] } }));
});

test('an independent computation by BigInt arrives at the same hash', () => {
  const slow = (text: string): string => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of Buffer.from(text, 'utf16le'))
      hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
    return hash.toString(16).padStart(16, '0');
  };
  for (const text of ['', 'a', 'sluice', 'äöü € 😀', 'x'.repeat(1000), JSON.stringify(graphOf(edges))]) {
    expect(textHash(text)).toBe(slow(text));
  }
});

test('nothing but the plan goes in', () => {
  const { maxParallelism, operators, edges: given } = graphOf(edges);
  expect(fingerprint({ maxParallelism, operators, edges: given })).toBe(of());
});
