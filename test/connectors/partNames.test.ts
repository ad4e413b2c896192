import { expect, test } from 'vitest';
import {
  firstFreeCounter,
  freshGoingBack,
  type PartWriterState,
  partsCommittedAfter,
  partsRefusal,
  partsToRevive,
} from '../../runtime/connectors/partNames.ts';

const state = (
  subtask: number,
  next: number,
  floor = 0,
  goneBack: readonly string[] = [],
): PartWriterState => ({
  subtask,
  next,
  floor,
  goneBack,
});

const check = (states: readonly PartWriterState[], names: string, after: string, revived = '') => {
  const list = names.split(' ');
  expect(
    partsCommittedAfter(states, list, 'jsonl')
      .map((part) => part.name)
      .join(' '),
  ).toBe(after);
  expect(
    partsToRevive(states, list, 'jsonl')
      .map((part) => part.part)
      .join(' '),
  ).toBe(revived);
};

test('parts from the counter on are committed after the snapshot', () => {
  check(
    [state(0, 2)],
    'part-0-0.jsonl part-0-1.jsonl part-0-2.jsonl part-0-10.jsonl',
    'part-0-2.jsonl part-0-10.jsonl',
  );
});

test('without a state every part is one too many', () => {
  check([], 'part-0-0.jsonl part-7-3.jsonl', 'part-0-0.jsonl part-7-3.jsonl');
});

test('subtasks that the snapshot does not know are past below the floor of its run', () => {
  check([state(0, 9, 5)], 'part-0-8.jsonl part-2-4.jsonl part-2-5.jsonl', 'part-2-5.jsonl');
});

test('other names are left alone', () => {
  check(
    [state(0, 0)],
    'part-0-0.csv .part-0-0.x.jsonl part-a-0.jsonl part-0-0.jsonl.bak notes.jsonl xpart-0-0.jsonl',
    '',
  );
});

test('what the past of the snapshot had committed is revived, unless its own branch had gone back there', () => {
  const names = '.superseded-part-0-1.jsonl-r2 .superseded-part-0-3.jsonl-r2';
  check([state(0, 2)], names, '', 'part-0-1.jsonl');
  check([state(0, 5, 4, ['r2'])], names, '', '');
});

test('a run begins above everything that was ever there', () => {
  expect(firstFreeCounter([], [], 'jsonl')).toBe(0);
  expect(firstFreeCounter([state(0, 2), state(1, 4)], ['part-0-1.jsonl'], 'jsonl')).toBe(4);
  expect(firstFreeCounter([state(0, 2)], ['.superseded-part-3-6.jsonl-r1'], 'jsonl')).toBe(7);
});

test('a run begins above what a savepoint keeps: it may be gone back to, and would commit that part beside others', () => {
  expect(firstFreeCounter([state(0, 2)], ['.savepoint-part-1-4.r5-2.jsonl'], 'jsonl')).toBe(5);
  expect(firstFreeCounter([state(0, 2)], ['.savepoint-part-1-4.r5-2.csv'], 'jsonl')).toBe(2);
});

test('a run that goes back twice has two names', () => {
  expect(freshGoingBack([], 'jsonl', 'r1')).toBe('r1');
  expect(
    freshGoingBack(['.superseded-part-0-0.jsonl-r1', '.superseded-part-0-1.jsonl-r1.2'], 'jsonl', 'r1'),
  ).toBe('r1.3');
});

test('the refusal says what is there, why that is bad, and what to do', () => {
  const parts = [0, 1, 2, 3].map((counter) => ({ name: `part-0-${counter}.jsonl`, subtask: 0, counter }));
  expect(partsRefusal('out', parts, false)).toBe(
    'out holds 4 parts committed that came after the point to be restored (part-0-0.jsonl, part-0-1.jsonl, part-0-2.jsonl, …); ' +
      'its records would be doubled. Start with --supersede to have them renamed, or choose another directory.',
  );
});
