/**
 * CONFORMANCE F: the checkpoint coordinator. F14 and F15 are crashes of a process (test/chaos); that a restore skips
 * what had finished, in F12, is the engine's.
 */
import { expect, test } from 'vitest';
import { CoordinatorModel } from './coordinatorModel.ts';

const begun = (id: number) => [`begin ${id}`, `trigger ${id} a[0] b[0]`];
const whole = (id: number) => [`publish ${id}`, `complete ${id}`];
const graph = 'a b -> join -> out';

test('a checkpoint: the sources are triggered, every task acknowledges, sinks commit when the manifest is written', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.holdsManifests = true;
  model.pass(99);
  expect(model.log()).toEqual([]);
  model.pass(1);
  expect(model.log()).toEqual(begun(1));
  model.acknowledge(1, 'a', 'b', 'join');
  expect(model.log()).toEqual([]);
  model.acknowledge(1, 'out');
  expect(model.log()).toEqual(['publish 1']);
  model.published(1);
  expect(model.log()).toEqual(['complete 1']);
});

test('the manifest gets what every task acknowledged with', () => {
  const model = new CoordinatorModel('a*2 -> out').start();
  model.ask('save', { label: 'mine', notes: 'why' });
  model.acknowledge(1);
  const publish = model.effects.find(({ type }) => type === 'publish');
  expect(publish).toMatchObject({
    directory: 'tmp-1',
    triggeredAt: 1_000_000,
    attempt: { kind: 'savepoint', trigger: 'user', label: 'mine', notes: 'why', ended: false },
    acknowledgements: [{ operators: 'a[0]' }, { operators: 'a[1]' }, { operators: 'out[0]' }],
  });
});

test('F1 while as many as allowed are pending, a tick waits and runs when one ends', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.pass(100);
  model.log();
  model.pass(450);
  expect(model.log()).toEqual([]);
  model.acknowledge(1);
  // One, although four ticks have passed.
  expect(model.log()).toEqual([...whole(1), ...begun(2)]);
  model.acknowledge(2);
  expect(model.log()).toEqual(whole(2));
  model.pass(50);
  expect(model.log()).toEqual(begun(3));
});

test('F1 with two allowed, the second begins while the first is pending', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100, maxConcurrent: 2 }).start();
  model.pass(300);
  expect(model.log()).toEqual([...begun(1), ...begun(2)]);
});

test('F2 within the pause a tick is too early and comes again at its end', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100, minPauseMs: 80 }).start();
  model.pass(190);
  model.acknowledge(1);
  model.log();
  model.pass(10);
  expect(model.log()).toEqual(['skipped MINIMUM_TIME_BETWEEN_CHECKPOINTS']);
  model.pass(69);
  expect(model.log()).toEqual([]);
  model.pass(1);
  expect(model.log()).toEqual(begun(2));
});

test('F2 a user does not wait for the pause', () => {
  const model = new CoordinatorModel(graph, { minPauseMs: 1_000 }).start();
  model.ask('one', { kind: 'checkpoint' });
  model.acknowledge(1);
  model.log();
  model.ask('two', { kind: 'checkpoint' });
  expect(model.log()).toEqual(begun(2));
});

test('F3 savepoints first, then what a user asked for, then the periodic one', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.holdsDirectories = true;
  model.ask('first');
  model.pass(100);
  model.ask('checkpoint', { kind: 'checkpoint' });
  model.ask('savepoint');
  expect(model.log()).toEqual(['begin 1']);
  for (let id = 1; id <= 4; id++) {
    model.directoryReady(id);
    model.acknowledge(id);
  }
  const order = model.effects.flatMap((effect) =>
    effect.type === 'begin' ? [`${effect.attempt.kind} ${effect.attempt.trigger}`] : [],
  );
  expect(order).toEqual(['savepoint user', 'savepoint user', 'checkpoint user', 'checkpoint periodic']);
});

test('F3 a savepoint does not wait for a checkpoint that is pending', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.pass(100);
  model.ask('save');
  expect(model.log()).toEqual([...begun(1), ...begun(2)]);
});

test('F4 when the queue is full, the periodic one gives way to a user; among users the newcomer is turned away', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }, { requestsMax: 2 }).start();
  model.holdsDirectories = true;
  model.ask('under way');
  model.pass(100);
  model.ask('one', { kind: 'checkpoint' });
  model.log();
  model.ask('two');
  expect(model.log()).toEqual(['skipped TOO_MANY_CHECKPOINT_REQUESTS']);
  model.ask('three');
  expect(model.log()).toEqual(['answer three TOO_MANY_CHECKPOINT_REQUESTS']);
  model.pass(100);
  expect(model.log()).toEqual(['skipped TOO_MANY_CHECKPOINT_REQUESTS']);
});

test('F5 a checkpoint expires: told to every task, counted once, and what comes late is removed', () => {
  const model = new CoordinatorModel(graph, {
    intervalMs: 100,
    timeoutMs: 500,
    tolerableFailures: 1,
  }).start();
  model.pass(100);
  model.acknowledge(1, 'a', 'b', 'out');
  model.log();
  model.pass(500);
  expect(model.log()).toEqual(['aborted 1 CHECKPOINT_EXPIRED', ...begun(2)]);
  expect(model.effects).toContainEqual(
    expect.objectContaining({
      type: 'aborted',
      message: 'join[0] had not acknowledged after 500 ms.',
      directory: 'tmp-1',
    }),
  );
  model.acknowledge(1, 'join');
  model.decline(1, 'join', 'IO_EXCEPTION');
  expect(model.log()).toEqual(['discard 1', 'discard 1']);
  model.pass(500);
  expect(model.log()).toEqual(['aborted 2 CHECKPOINT_EXPIRED', 'fail-job CHECKPOINT_EXPIRED']);
});

test('F5 a directory that is made too late is removed', () => {
  const model = new CoordinatorModel(graph, { timeoutMs: 500 }).start();
  model.holdsDirectories = true;
  model.ask('save');
  model.pass(500);
  expect(model.log()).toEqual(['begin 1', 'aborted 1 CHECKPOINT_EXPIRED', 'answer save CHECKPOINT_EXPIRED']);
  model.directoryReady(1);
  expect(model.log()).toEqual(['discard 1']);
});

test('F6 the second failure in a row is one too many when one is tolerated; a success in between starts over', () => {
  const model = new CoordinatorModel(graph, { tolerableFailures: 1 }).start();
  const attempt = (id: number, works: boolean) => {
    model.ask(`${id}`, { kind: 'checkpoint' });
    if (works) model.acknowledge(id);
    else model.decline(id, 'join', 'CHECKPOINT_ASYNC_EXCEPTION');
    return model.log().some((line) => line.startsWith('fail-job'));
  };
  expect([attempt(1, false), attempt(2, true), attempt(3, false), attempt(4, false)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test.each<['counts' | 'does not', string, (model: CoordinatorModel) => void]>([
  ['counts', 'a decline for a cause', (model) => model.decline(1, 'join', 'CHECKPOINT_DECLINED')],
  ['counts', 'an I/O error', (model) => model.decline(1, 'join', 'IO_EXCEPTION')],
  ['counts', 'the asynchronous part', (model) => model.decline(1, 'join', 'CHECKPOINT_ASYNC_EXCEPTION')],
  [
    'does not',
    'a cancellation',
    (model) => model.decline(1, 'join', 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'),
  ],
  ['does not', 'a task that subsumed it', (model) => model.decline(1, 'join', 'CHECKPOINT_SUBSUMED')],
  ['does not', 'a closing task', (model) => model.decline(1, 'join', 'CHECKPOINT_DECLINED_TASK_CLOSING')],
  ['does not', "a user's wish", (model) => model.abort(1)],
])('F6 it %s: %s', (verdict, _, fail) => {
  const model = new CoordinatorModel(graph).start();
  model.ask('one', { kind: 'checkpoint' });
  fail(model);
  expect(model.log().some((line) => line.startsWith('fail-job'))).toBe(verdict === 'counts');
});

test('F6 a directory that cannot be made and a manifest that cannot be written count', () => {
  for (const [what, reason] of [
    ['storageFails', 'IO_EXCEPTION'],
    ['manifestsFail', 'FINALIZE_CHECKPOINT_FAILURE'],
  ] as const) {
    const model = new CoordinatorModel(graph).start();
    model[what] = true;
    model.ask('one', { kind: 'checkpoint' });
    if (what === 'manifestsFail') model.acknowledge(1);
    expect(model.log().slice(-3)).toEqual([
      `aborted 1 ${reason}`,
      `answer one ${reason}`,
      `fail-job ${reason}`,
    ]);
  }
});

test('F8 a savepoint that fails leaves the job running, however often', () => {
  const model = new CoordinatorModel(graph).start();
  for (let id = 1; id <= 5; id++) {
    model.ask(`save${id}`);
    model.decline(id, 'join', 'IO_EXCEPTION');
    expect(model.log()).toEqual([
      ...begun(id),
      `aborted ${id} IO_EXCEPTION`,
      `answer save${id} IO_EXCEPTION`,
    ]);
  }
});

test('F8 while a stop with savepoint is under way nothing begins; when it fails, everything goes on', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.ask('stop', { trigger: 'stop', suspend: true });
  expect(model.effects).toContainEqual(
    expect.objectContaining({ type: 'trigger', options: expect.objectContaining({ suspend: true }) }),
  );
  model.log();
  model.pass(150);
  model.ask('save');
  expect(model.log()).toEqual([]);
  model.decline(1, 'join', 'IO_EXCEPTION');
  expect(model.log()).toEqual(['aborted 1 IO_EXCEPTION', 'answer stop IO_EXCEPTION', ...begun(2)]);
  model.acknowledge(2);
  // The tick that had waited comes now.
  expect(model.log()).toEqual(['publish 2', 'complete 2, no commit', 'answer save 2', ...begun(3)]);
});

test('F8 a stop with savepoint that completes commits, and ends everything else', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.pass(100);
  model.ask('stop', { trigger: 'stop', suspend: true });
  model.ask('late');
  model.log();
  model.acknowledge(2);
  expect(model.log()).toEqual([
    'publish 2',
    'complete 2',
    'answer stop 2',
    'aborted 1 CHECKPOINT_COORDINATOR_SHUTDOWN',
    'answer late CHECKPOINT_COORDINATOR_SHUTDOWN',
  ]);
  model.ask('later');
  expect(model.log()).toEqual(['answer later CHECKPOINT_COORDINATOR_SHUTDOWN']);
  model.stop();
  expect(model.log()).toEqual(['stopped']);
});

test('F10 a duplicate acknowledgement changes nothing', () => {
  const model = new CoordinatorModel(graph).start();
  model.ask('save');
  model.log();
  model.acknowledge(1, 'a', 'a', 'a', 'a', 'b', 'join');
  expect(model.log()).toEqual([]);
  model.acknowledge(1, 'out');
  model.acknowledge(1, 'out', 'a');
  expect(model.log()).toEqual(['publish 1', 'complete 1, no commit', 'answer save 1']);
});

test('F10 a foreign acknowledgement changes nothing, and a completed directory is never discarded', () => {
  const model = new CoordinatorModel('a -> out').start();
  model.ask('save');
  model.acknowledge(1, 'a', 'elsewhere', 'out[7]');
  model.acknowledge(99, 'a');
  model.acknowledge(1, 'out');
  model.acknowledge(1, 'a', 'elsewhere');
  model.decline(1, 'a', 'IO_EXCEPTION');
  expect(model.log().filter((line) => line.startsWith('discard') || line.startsWith('aborted'))).toEqual([]);
});

test('F11 before all tasks run, a request is refused and nothing counts', () => {
  const model = new CoordinatorModel(graph);
  model.ask('save');
  expect(model.log()).toEqual(['answer save NOT_ALL_REQUIRED_TASKS_RUNNING']);
  model.start().ask('again');
  expect(model.log()).toEqual(begun(1));
});

test('F12 a source has ended: its successor is triggered in its place, and so is the source, which still takes part', () => {
  const model = new CoordinatorModel('a b -> join -> out').start();
  model.end('a');
  model.ask('one');
  expect(model.log()).toEqual(['begin 1', 'trigger 1 a[0] b[0]']);
  model.end('b');
  expect(model.log()).toEqual(['trigger 1 join[0]']);
  model.end('join');
  expect(model.log()).toEqual(['trigger 1 out[0]']);
  model.acknowledge(1);
  expect(model.log()).toEqual(['publish 1', 'complete 1, no commit', 'answer one 1']);
});

test('F12 only who has no running predecessor is triggered', () => {
  const model = new CoordinatorModel('a*2 -> map*2 -> out').start();
  model.end('a[0]', 'a[1]', 'map[1]');
  model.ask('one');
  expect(model.log()).toEqual(['begin 1', 'trigger 1 a[0] a[1] map[0] map[1]']);
});

test("F13 the job's last checkpoint begins at once when every task has ended, without periodic ones too", () => {
  const model = new CoordinatorModel('a -> out').start();
  model.end('a');
  expect(model.log()).toEqual([]);
  model.end('out');
  expect(model.log()).toEqual(['begin 1', 'trigger 1 a[0] out[0]']);
  model.acknowledge(1);
  expect(model.log()).toEqual(whole(1));
  expect(model.effects).toContainEqual(
    expect.objectContaining({ attempt: expect.objectContaining({ trigger: 'final', ended: true }) }),
  );
  model.pass(10_000);
  expect(model.log()).toEqual([]);
});

test('F13 one that was begun before the end is not the last one; the last one subsumes it', () => {
  const model = new CoordinatorModel('a -> out', { intervalMs: 100 }).start();
  model.pass(100);
  model.end('a', 'out');
  expect(model.log()).toEqual([
    'begin 1',
    'trigger 1 a[0]',
    'trigger 1 out[0]',
    'begin 2',
    'trigger 2 a[0] out[0]',
  ]);
  model.acknowledge(2);
  expect(model.log()).toEqual(['publish 2', 'complete 2', 'aborted 1 CHECKPOINT_SUBSUMED']);
});

test('F13 a savepoint that somebody waits for comes before the last checkpoint', () => {
  const model = new CoordinatorModel('a -> out').start();
  model.ask('save');
  model.end('a', 'out');
  expect(model.log()).toEqual(['begin 1', 'trigger 1 a[0]', 'trigger 1 out[0]']);
  model.acknowledge(1);
  expect(model.log()).toEqual([
    'publish 1',
    'complete 1, no commit',
    'answer save 1',
    'begin 2',
    'trigger 2 a[0] out[0]',
  ]);
});

test('F13 a last checkpoint that fails, and is tolerated, is tried again', () => {
  const model = new CoordinatorModel('a -> out', { tolerableFailures: 1 }).start();
  model.end('a', 'out');
  model.decline(1, 'out', 'IO_EXCEPTION');
  model.log();
  model.pass(999);
  expect(model.log()).toEqual([]);
  model.pass(1);
  expect(model.log()).toEqual(['begin 2', 'trigger 2 a[0] out[0]']);
});

test('F13 stop with drain: its savepoint is held back until every task has ended, and is the last', () => {
  const model = new CoordinatorModel('a -> out').start();
  model.ask('drain', { trigger: 'stop', whenEnded: true });
  model.end('a');
  expect(model.log()).toEqual([]);
  model.end('out');
  expect(model.log()).toEqual(['begin 1', 'trigger 1 a[0] out[0]']);
  model.acknowledge(1);
  expect(model.log()).toEqual(['publish 1', 'complete 1', 'answer drain 1']);
});

test('F8 from the order to drain on nothing but its savepoint begins, and what was on its way is given up', () => {
  const model = new CoordinatorModel('a -> out', { intervalMs: 100, maxConcurrent: 2 }).start();
  model.holdsManifests = true;
  model.pass(100);
  model.acknowledge(1);
  model.ask('save');
  model.ask('one', { kind: 'checkpoint' });
  model.log();
  model.ask('drain', { trigger: 'stop', whenEnded: true });
  expect(model.log()).toEqual([
    'answer one USER_ABORTED',
    'aborted 2 USER_ABORTED',
    'answer save USER_ABORTED',
  ]);
  model.ask('late');
  expect(model.log()).toEqual(['answer late CHECKPOINT_COORDINATOR_SHUTDOWN']);
  model.pass(1_000);
  model.end('a');
  expect(model.log()).toEqual([]);
  // Every task had acknowledged it before the order.
  model.published(1);
  model.end('out');
  expect(model.log()).toEqual(['complete 1', 'begin 3', 'trigger 3 a[0] out[0]']);
});

test('F8 stop with drain whose savepoint fails: the job fails over, since its sources have ended with input unread', () => {
  const model = new CoordinatorModel('a -> out').start();
  model.ask('drain', { trigger: 'stop', whenEnded: true });
  model.end('a', 'out');
  model.log();
  model.decline(1, 'out', 'IO_EXCEPTION');
  expect(model.log()).toEqual([
    'aborted 1 IO_EXCEPTION',
    'answer drain IO_EXCEPTION',
    'fail-job IO_EXCEPTION',
  ]);
});

test('a completed checkpoint subsumes older pending ones, never savepoints', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100, maxConcurrent: 3 }).start();
  model.pass(100);
  model.ask('save');
  model.pass(100);
  model.log();
  model.acknowledge(3);
  expect(model.log()).toEqual([...whole(3), 'aborted 1 CHECKPOINT_SUBSUMED']);
  model.acknowledge(2);
  expect(model.log()).toEqual(['publish 2', 'complete 2, no commit', 'answer save 2']);
});

test('retention keeps so many checkpoints; savepoints are not among them', () => {
  const model = new CoordinatorModel(
    graph,
    { retained: 2 },
    { completed: [7, 8], nextCheckpointId: 9 },
  ).start();
  model.ask('save');
  model.acknowledge(9);
  model.ask('one', { kind: 'checkpoint' });
  model.acknowledge(10);
  model.ask('two', { kind: 'checkpoint' });
  model.acknowledge(11);
  expect(model.log().filter((line) => line.startsWith('subsume'))).toEqual(['subsume 7', 'subsume 8']);
  expect(model.coordinator.completed).toEqual([10, 11]);
  expect(model.coordinator.nextCheckpointId).toBe(12);
});

test('manifests are written one at a time and in the order of ids', () => {
  const model = new CoordinatorModel(graph).start();
  model.holdsManifests = true;
  model.ask('one');
  model.ask('two');
  model.ask('three');
  model.log();
  for (const id of [2, 3, 1]) model.acknowledge(id);
  expect(model.log()).toEqual(['publish 2']);
  model.published(2);
  expect(model.log()).toEqual(['complete 2, no commit', 'answer two 2', 'publish 1']);
});

test('what is being written cannot expire, be aborted or be stopped: stop waits for its outcome', () => {
  const model = new CoordinatorModel(graph, { timeoutMs: 500 }).start();
  model.holdsManifests = true;
  model.ask('one', { kind: 'checkpoint' });
  model.ask('two');
  model.acknowledge(1);
  model.log();
  model.pass(400);
  model.abort(1);
  expect(model.log()).toEqual([]);
  model.stop();
  expect(model.log()).toEqual(['aborted 2 JOB_FAILURE', 'answer two JOB_FAILURE']);
  model.pass(1_000);
  expect(model.log()).toEqual([]);
  model.published(1);
  expect(model.log()).toEqual(['complete 1', 'answer one 1', 'stopped']);
  expect(model.coordinator.completed).toEqual([1]);
});

test('what is being written when the job stops, and fails, is aborted', () => {
  const model = new CoordinatorModel(graph).start();
  model.holdsManifests = true;
  model.ask('one', { kind: 'checkpoint' });
  model.acknowledge(1);
  model.stop();
  model.log();
  model.published(1, { ok: false, message: 'no space' });
  expect(model.log()).toEqual([
    'aborted 1 FINALIZE_CHECKPOINT_FAILURE',
    'answer one FINALIZE_CHECKPOINT_FAILURE',
    'stopped',
  ]);
});

test('triggers go out in the order of ids: the next begins when the one before has its directory', () => {
  const model = new CoordinatorModel(graph).start();
  model.holdsDirectories = true;
  model.ask('one');
  model.ask('two');
  expect(model.log()).toEqual(['begin 1']);
  model.directoryReady(1);
  expect(model.log()).toEqual(['trigger 1 a[0] b[0]', 'begin 2']);
});

test('missed ticks are not made up for, and the rhythm is kept', () => {
  const model = new CoordinatorModel(graph, { intervalMs: 100 }).start();
  model.run(model.coordinator.tick({ now: 0, monotonicMs: 730 }));
  expect(model.log()).toEqual(begun(1));
  expect(model.coordinator.nextDeadline()).toBe(800);
});
