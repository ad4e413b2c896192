/**
 * Windows as a line of text: what happens, and in brackets what comes out of it.
 *
 *   '3 7 w9 [0-10: 3 7] 12'
 *
 *   7         a record of key `a` at 7; `b7` is of key `b`. Its value is its time.
 *   w9        a watermark
 *   +5        the machine's clock goes on by 5 ms
 *   save, save3   a savepoint, restored at the same or another parallelism
 *   end       the input ends
 *   [0-10: 3 7]   a window fired: start, end, and what its function says of it; of another key than `a`: [b 0-10: 3 7]
 *   (7)       a record came out of the side output for late ones
 */
import { expect } from 'vitest';
import {
  type DataStream,
  type KeyedStream,
  type KeyedWindow,
  type OutputTag,
  ofType,
  outputTag,
  type WindowedStream,
} from '../../../runtime/api/index.ts';
import { type OperatorTest, type OperatorTestOptions, testOperator } from '../../../runtime/testing/index.ts';

export interface TimedRecord {
  readonly key: string;
  readonly time: number;
}

export type WrittenWindow = (keyed: KeyedStream<TimedRecord, string>) => DataStream<string>;

export const late: OutputTag<TimedRecord> = outputTag('late');

/** Plays what is not in brackets, and answers the line with what really came out. */
export function play(windows: WrittenWindow, line: string): string {
  const options: OperatorTestOptions = { splits: 1, sideOutputs: [late], maxParallelism: 4 };
  let operator = testOperator((records: DataStream<TimedRecord>) => {
    return windows(records.keyBy(({ key }) => key));
  }, options);
  const said: string[] = [];
  for (const step of line.replaceAll(/\[[^\]]*\]|\([^)]*\)/g, '').split(/\s+/)) {
    if (step === '') continue;
    const lateBefore = step.startsWith('save') ? 0 : operator.outputOf(late).length;
    operator = stepped(operator, step);
    said.push(step, ...operator.takeOutput().map((fired) => `[${fired}]`));
    said.push(
      ...operator
        .outputOf(late)
        .slice(lateBefore)
        .map(({ time }) => `(${time})`),
    );
  }
  return said.join(' ');
}

export function check(windows: WrittenWindow, line: string): void {
  expect(play(windows, line)).toBe(line.trim().replaceAll(/\s+/g, ' '));
}

type Operator = OperatorTest<TimedRecord, string>;

function stepped(operator: Operator, step: string): Operator {
  if (step === 'end') operator.end();
  else if (step.startsWith('save')) {
    const parallelism = Number(step.slice('save'.length) || 1);
    return operator.restore(operator.savepoint(), { parallelism });
  } else if (step.startsWith('w')) operator.watermark(Number(step.slice(1)));
  else if (step.startsWith('+')) operator.advance(Number(step.slice(1)));
  else {
    const [, key, time] = /^([a-v]?)(-?\d+)$/.exec(step) ?? [];
    expect(time, `a step of the scenario: ${step}`).toBeDefined();
    operator.push({ key: key || 'a', time: Number(time) }, Number(time));
  }
  return operator;
}

/** All records of the window. */
export const listed = (windows: WindowedStream<TimedRecord, string>): DataStream<string> =>
  windows.process(
    {
      output: ofType<string>(),
      onWindow: (records, window, { emit }) => emit(said(window, records.map(({ time }) => time).join(' '))),
    },
    { uid: 'windows' },
  );

/** How many records the window holds, and their sum. */
export const summed = (windows: WindowedStream<TimedRecord, string>): DataStream<string> =>
  windows.aggregate(
    {
      create: () => ({ count: 0, sum: 0 }),
      add: ({ count, sum }, { time }) => ({ count: count + 1, sum: sum + time }),
      merge: (left, right) => ({ count: left.count + right.count, sum: left.sum + right.sum }),
      result: ({ count, sum }, window) => said(window, `${count} of ${sum}`),
    },
    { uid: 'windows' },
  );

function said({ key, start, end }: KeyedWindow<string>, what: string): string {
  const of = key === 'a' ? '' : `${key} `;
  const range = Number.isFinite(start) ? `${start}-${end}` : 'all';
  return `${of}${range}: ${what}`.trim();
}
