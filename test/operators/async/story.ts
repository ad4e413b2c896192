/**
 * An `asyncMap` alone in its task, told as a story; each word happens when nothing moves any more after the one before:
 *
 *   a      the record a comes in          w5  idle  active  end   come in as they are
 *   a=     its call is answered by A      b1                      the barrier of checkpoint 1
 *   a!     its call fails                 +30                     30 ms pass
 *
 * What comes out is told in the same words, and behind it in brackets the calls that began meanwhile.
 */
import type { Frame } from '../../../runtime/engine/channels/frame.ts';
import { type AsyncFunctions, AsyncMapOperator } from '../../../runtime/operators/async/asyncMapOperator.ts';
import { barrierFrame, dataFrame, type OneTask, oneTask } from '../../engine/oneTask.ts';
import { HandCalls } from './handCalls.ts';

export interface Told {
  readonly task: OneTask;
  readonly calls: HandCalls;
  /** What came out, and which calls began. */
  readonly told: string;
}

export type StoryOptions = Partial<Omit<AsyncFunctions, 'retry'>> & {
  readonly retry?: Partial<NonNullable<AsyncFunctions['retry']>>;
};

export function asyncMapOperator({ retry, ...rest }: StoryOptions, calls: HandCalls): AsyncMapOperator {
  return new AsyncMapOperator({
    call: calls.call as AsyncFunctions['call'],
    order: 'ordered',
    capacity: 100,
    timeoutMs: null,
    onTimeout: null,
    lifecycle: {},
    ...rest,
    retry:
      retry === undefined
        ? null
        : {
            retriesMax: 1,
            initialMs: 10,
            multiplier: 1,
            maxMs: 10,
            onError: () => true,
            onResult: () => false,
            ...retry,
          },
  });
}

export function tell(options: StoryOptions, story: string): Told {
  const calls = new HandCalls();
  const task = oneTask(asyncMapOperator(options, calls));
  const told: string[] = [];
  for (const word of story.split(/\s+/).filter((part) => part !== '')) {
    happen(word, task, calls);
    task.settle();
    told.push(...task.out().map(shortened));
    const begun = calls.take();
    if (begun !== '') told.push(`[${begun}]`);
  }
  return { task, calls, told: told.join(' ') };
}

function happen(word: string, task: OneTask, calls: HandCalls): void {
  const [, kind = '', number = ''] = /^(w|b|\+)(\d+)$/.exec(word) ?? [];
  if (kind === '+') task.clock.advance(Number(number));
  else if (word.endsWith('=')) calls.answer(word.slice(0, -1));
  else if (word.endsWith('!')) calls.fail(word.slice(0, -1));
  else task.into[0]?.offer(frameOf(word, kind, Number(number)));
}

function frameOf(word: string, kind: string, number: number): Frame {
  if (kind === 'w') return { kind: 'watermark', time: number };
  if (kind === 'b') return barrierFrame(number);
  if (word === 'idle' || word === 'active' || word === 'end') return { kind: word };
  return dataFrame(...word.split(','));
}

function shortened(out: string): string {
  return out.replace(/^watermark /, 'w').replace(/^barrier /, 'b');
}
