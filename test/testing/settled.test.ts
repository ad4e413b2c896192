/** What the kit does with operators that work beside their input: promises, retries by the clock, failures in between. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataStream, type Environment } from '../../runtime/api/index.ts';
import type { OperatorContext, SnapshotContext, StreamOperator } from '../../runtime/operators/operator.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { OperatorFailed, testOperator } from '../../runtime/testing/index.ts';
import { againstNaiveSettling, timed } from './againstNaive.ts';

const underWay: StateDeclaration = { name: 'under-way', type: 'operator-list', schemaVersion: 1 };

/** Emits what `call` promises, in the order in which the promises settle; a rejected one is tried again after a second. */
class Promising implements StreamOperator {
  readonly #call: (value: string) => Promise<string>;
  readonly #answers: { value: string; answer: string | Error }[] = [];
  readonly #retries: { value: string; at: number }[] = [];
  readonly #underWay: string[] = [];
  #context!: OperatorContext;

  constructor(call: (value: string) => Promise<string>) {
    this.#call = call;
  }

  open(context: OperatorContext): void {
    this.#context = context;
    for (const value of context.restoredOperatorState(underWay)) this.#begin(value as string);
  }

  snapshot(context: SnapshotContext): void {
    context.putOperatorState(underWay, [...this.#underWay, ...this.#retries.map(({ value }) => value)]);
  }

  process(value: unknown): void {
    this.#begin(value as string);
  }

  advance(now: number): boolean {
    const retry = this.#retries[0];
    if (retry !== undefined && retry.at <= now) {
      this.#retries.shift();
      this.#begin(retry.value);
      return true;
    }
    const settled = this.#answers.shift();
    if (settled === undefined) return false;
    const { value, answer } = settled;
    this.#underWay.splice(this.#underWay.indexOf(value), 1);
    if (typeof answer === 'string') this.#context.output.collect(answer, 0);
    else if (answer instanceof RangeError) throw answer;
    else this.#retries.push({ value, at: now + 1_000 });
    return true;
  }

  wakeAt(): number | null {
    return this.#retries[0]?.at ?? null;
  }

  drained(): boolean {
    return this.#underWay.length === 0 && this.#retries.length === 0;
  }

  awaits(): boolean {
    return this.#underWay.length > 0;
  }

  #begin(value: string): void {
    this.#underWay.push(value);
    const came = (answer: string | Error) => {
      this.#answers.push({ value, answer });
      this.#context.wake();
    };
    this.#call(value).then(came, came);
  }
}

const promising =
  (call: (value: string) => Promise<string>, Made = Promising) =>
  (_: DataStream<string>, env: Environment) => {
    const { plan } = env.written();
    const from = plan.operators.at(-1);
    if (from === undefined) throw new Error('the input is missing');
    const legs = plan.addOperator({
      type: 'promising',
      options: { uid: 'promising' },
      location: null,
      inputs: [
        [{ from, partitioning: 'forward', keyOf: null, partition: null, sideOutput: null, label: 'forward' }],
      ],
      keyed: false,
      states: [underWay],
      create: () => new Made(call),
    });
    return new DataStream<string>(plan, legs);
  };

test('settled waits for promises, also for those that come of others', async () => {
  const operator = testOperator(
    promising(async (value) => {
      for (let turn = 0; turn < 50; turn++) await null;
      return value.toUpperCase();
    }),
  );
  operator.push('a');
  operator.push('b');
  expect(operator.output).toEqual([]);
  await operator.settled();
  expect(operator.output).toEqual(['A', 'B']);
  await operator.settled();
});

test('the end waits for them too', async () => {
  const operator = testOperator(promising(async (value) => value));
  operator.push('a');
  operator.end();
  expect(operator.isOver).toBe(false);
  await operator.settled();
  expect(operator.output).toEqual(['a']);
  expect(operator.isOver).toBe(true);
});

test('settled does not wait for what comes only with time', async () => {
  let calls = 0;
  const operator = testOperator(
    promising(async (value) => {
      if (++calls < 3) throw new Error('not yet');
      return `${value} after ${calls}`;
    }),
  );
  operator.push('a');
  await operator.settled();
  expect(operator.output).toEqual([]);
  operator.advance('1 s');
  await operator.settled();
  expect(operator.output).toEqual([]);
  operator.advance('1 s');
  await operator.settled();
  expect(operator.output).toEqual(['a after 3']);
});

test('against a naive recomputation, with savepoints in which calls are under way', async () => {
  await againstNaiveSettling<string, string>({
    piece: promising(async (value) => {
      await null;
      return `${value}!`;
    }),
    records: timed(fc.string({ maxLength: 2 })),
    anyOrder: true,
    naive: (records) => records.map(({ value }) => `${value}!`),
  });
});

test('what fails behind a promise is thrown by settled', async () => {
  const operator = testOperator(
    promising(async () => {
      throw new RangeError('too far');
    }),
  );
  operator.push('a');
  await expect(operator.settled()).rejects.toThrow(OperatorFailed);
  await expect(operator.settled()).rejects.toThrow(
    'Operator "promising", subtask 0, failed: RangeError: too far',
  );
});

test('what is under way and in no savepoint is found missing', async () => {
  class Forgetful extends Promising {
    override snapshot(): void {}
  }
  await expect(
    againstNaiveSettling<string, string>({
      piece: promising(async (value) => value, Forgetful),
      records: timed(fc.string({ maxLength: 2 })),
      anyOrder: true,
      runs: { endOnFailure: true },
      naive: (records) => records.map(({ value }) => value),
    }),
  ).rejects.toThrow(/Property failed after/);
});
