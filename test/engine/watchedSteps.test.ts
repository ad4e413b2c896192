/** J7: which calls of a task count as steps for the watchdog, and which may last. */
import { expect, test } from 'vitest';
import type { StreamOperator } from '../../runtime/operators/operator.ts';
import { barrierFrame, dataFrame, type OneTask, oneTask } from './oneTask.ts';

test("J7 wherever the author's code runs a step is under way, and nowhere else", () => {
  const seen = new Map<string, boolean>();
  const world: { task: OneTask | null } = { task: null };
  const look = (where: string) => {
    seen.set(where, (world.task?.metrics.subtask('task', 0, 'stepStartedAt') ?? 1) > 0);
  };
  const operator: StreamOperator = {
    process: () => look('a record'),
    onWatermark: () => {
      look('a watermark');
      return undefined;
    },
    snapshot: (context) => {
      look('marking');
      context.putOperatorState({ name: 'list', type: 'operator-list', schemaVersion: 1 }, [1]);
    },
    notifyCheckpointComplete: () => look('committing'),
    notifyCheckpointAborted: () => look('an abort'),
    endInput: () => look('the end of an input'),
    finish: () => look('the end'),
    close: () => look('closing'),
  };
  const task = oneTask(operator);
  world.task = task;
  const { clock, disk } = task;
  clock.advance(1_000);
  const create = disk.create.bind(disk);
  disk.create = (path) => {
    const file = create(path);
    return {
      ...file,
      finish: (done) => {
        look('writing a snapshot');
        file.finish(done);
      },
    };
  };
  task.into[0]?.offer(dataFrame('a'));
  task.into[0]?.offer({ kind: 'watermark', time: 5 });
  task.into[0]?.offer(barrierFrame(1));
  task.settle();
  task.handle({ type: 'checkpoint-complete', checkpointId: 1, commit: true, path: '/chk-1' });
  task.into[0]?.offer({ kind: 'cancel', checkpointId: 2 });
  task.into[0]?.offer({ kind: 'end' });
  task.settle();
  look('between two steps');
  task.handle({ type: 'shut-down' });
  expect(Object.fromEntries(seen)).toEqual({
    'a record': true,
    'a watermark': true,
    marking: true,
    committing: true,
    'an abort': true,
    'the end of an input': true,
    'the end': true,
    closing: true,
    'writing a snapshot': false,
    'between two steps': false,
  });
});
