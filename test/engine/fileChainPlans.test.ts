/** N3, L3: when a checkpoint is an increment, and what makes it a full one. */
import { expect, test } from 'vitest';
import { DataFileWriter, type WrittenFile } from '../../runtime/checkpoint/dataFileWriter.ts';
import { type ChainPlan, FileChain } from '../../runtime/engine/fileChain.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, subtasksOf } from '../checkpoint/snapshotting.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const operator = { uid: 'op', maxParallelism: 8, declarations: [count] as readonly StateDeclaration[] };

/** An operator with 100 keys, its chain, and a checkpoint that is taken and confirmed at once. */
function world(fullBelowBytes = 0) {
  const [backend] = subtasksOf(operator, 1);
  const chain = new FileChain(backend!, { fullBelowBytes, slices: 4 });
  const files = new MemoryFiles();
  const set = (from: number, until: number) => {
    for (let i = from; i < until; i++) at([backend!], `k${i}`).value(count).set(i);
  };
  const write = (id: number): ChainPlan => {
    const plan = chain.plan(`chk-${id}`, files);
    const options = {
      operatorUid: 'op',
      subtaskIndex: 0,
      maxParallelism: 8,
      wholeGroups: plan.type === 'increment' ? [...plan.wholeGroups] : null,
    };
    const writer = new DataFileWriter(files.create(`chk-${id}/f.${id}`), options, backend!.states);
    const cursor =
      plan.type === 'increment'
        ? backend!.markIncrement(id, plan.wholeGroups)
        : plan.type === 'full'
          ? backend!.markFullCheckpoint(id)
          : backend!.markSnapshot(id);
    for (let slice = cursor.next(); slice !== null; slice = cursor.next())
      if (slice.block !== null) writer.append(slice.block);
    let written: WrittenFile | null = null;
    writer.finish((result) => {
      if (result.ok) written = result.value;
    });
    chain.wrote(id, plan, `f.${id}`, written!);
    return plan;
  };
  const checkpoint = (id: number): string => {
    const plan = write(id);
    chain.complete(id, `chk-${id}`);
    return plan.type;
  };
  set(0, 100);
  return { backend: backend!, chain, files, set, write, checkpoint };
}

test('the first checkpoint is full (H5), those after it are increments', () => {
  const { set, checkpoint } = world();
  expect(checkpoint(1)).toBe('full');
  set(0, 10);
  expect(checkpoint(2)).toBe('increment');
  expect(checkpoint(3)).toBe('increment');
});

test('nothing stands on a checkpoint that was not confirmed', () => {
  const { write, chain, checkpoint } = world();
  expect(write(1).type).toBe('full');
  expect(write(2).type).toBe('full');
  chain.aborted(1);
  chain.complete(2, 'chk-2');
  const third = write(3);
  expect(third.type === 'increment' && third.kept.map(({ file }) => file.path)).toEqual(['f.2']);
  const fourth = write(4);
  expect(fourth.type === 'increment' && fourth.kept.map(({ file }) => file.path)).toEqual(['f.2']);
  chain.complete(3, 'chk-3');
  expect(checkpoint(5)).toBe('increment');
});

test('when a file of the base is gone the checkpoint is a full one, and leaves no link behind', () => {
  const { files, set, checkpoint } = world();
  checkpoint(1);
  set(0, 5);
  checkpoint(2);
  files.contents.delete('chk-2/f.1');
  expect(checkpoint(3)).toBe('full');
  expect([...files.contents.keys()].filter((path) => path.startsWith('chk-3/'))).toEqual(['chk-3/f.3']);
  expect(checkpoint(4)).toBe('increment');
});

test('when more than half has changed the checkpoint is a full one', () => {
  const { set, checkpoint } = world();
  checkpoint(1);
  set(0, 50);
  expect(checkpoint(2)).toBe('increment');
  set(0, 51);
  expect(checkpoint(3)).toBe('full');
});

test('what would be full anyway is not kept track of, and is tried again ever more seldom', () => {
  const { backend, chain, set, checkpoint } = world();
  const types: string[] = [];
  for (let id = 1; id <= 12; id++) {
    types.push(checkpoint(id));
    set(0, 100);
    chain.giveUpWhatIsTooMuch();
    expect(backend.changes.count).toBe(0);
  }
  expect(new Set(types)).toEqual(new Set(['full']));
  // Once less changes there are increments again, at the latest after eight full ones.
  for (let id = 13; id <= 22; id++) types.push(checkpoint(id));
  expect(types.at(-1)).toBe('increment');
});

test('little state is written as a whole, and nobody keeps track of it until it grows', () => {
  const { backend, set, checkpoint } = world(5_000);
  expect(checkpoint(1)).toBe('alone');
  set(0, 20);
  expect(backend.changes.count).toBe(0);
  set(100, 2_000);
  expect(checkpoint(2)).toBe('full');
  set(0, 20);
  expect(backend.changes.count).toBe(20);
  expect(checkpoint(3)).toBe('increment');
});

test('a savepoint in between changes nothing', () => {
  const { backend, set, checkpoint } = world();
  checkpoint(1);
  set(0, 10);
  backend.markSnapshot(2).cancel();
  expect(backend.changes.count).toBe(10);
  expect(backend.changes.base).toBe(1);
  expect(checkpoint(3)).toBe('increment');
});
