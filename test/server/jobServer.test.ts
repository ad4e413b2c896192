/** What clients are told, in which order, and what a slow or a bad one costs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import type { CheckpointDetails, CheckpointEvent } from '../../runtime/protocol/checkpoints.ts';
import type { JobSnapshot } from '../../runtime/protocol/messages.ts';
import { foldCheckpointEvent } from '../../runtime/server/checkpointFold.ts';
import { sessionLimits } from '../../runtime/server/session.ts';
import { completed, subtasksOf, triggered } from './jobOf.ts';
import { ServerWorld as World } from './serverWorld.ts';
import { TestClient } from './testClient.ts';

test('a client that did not introduce itself is told nothing', () => {
  const world = new World().begin();
  const client = new TestClient(world.server);
  const id = client.send('job/subscribe');
  expect(client.answer(id)?.error?.message).toContain('initialize');
});

test('a client of another major version is refused with the version that is spoken here', () => {
  const client = new TestClient(new World().begin().server);
  const id = client.send('initialize', {
    protocolVersion: { major: 2, minor: 0 },
    client: { name: 'x', version: '1' },
  });
  expect(client.answer(id)?.error).toMatchObject({ code: 1, data: { major: 1 } });
});

test.each([
  ['an unknown request', 'job/explode', {}, -32_601],
  ['a name that every object has', 'constructor', {}, -32_601],
  ['parameters of another kind', 'checkpoint/details', { id: 'x' }, -32_602],
  [
    'a page that is too large',
    'savepoint/compareEntries',
    { a: 'a', b: 'b', uid: 'u', state: 's', changes: ['added'], cursor: 0, limit: 501 },
    -32_602,
  ],
])('%s is refused', (_, method, params, code) => {
  const client = new World().begin().client();
  const id = client.send(method, params);
  expect(client.answer(id)?.error?.code).toBe(code);
});

test('whoever subscribes before there is a graph gets the snapshot when there is one', () => {
  const world = new World();
  const client = world.client();
  const id = client.send('job/subscribe');
  expect(client.answer(id)).toBeUndefined();
  world.begin();
  expect(client.answer(id)?.result).toMatchObject({ graph: { jobName: 'joined' } });
});

test('where no job runs a subscription says so', () => {
  const world = new World();
  const client = world.client();
  const id = client.send('job/subscribe');
  world.server.serve(null);
  expect(client.answer(id)?.error?.message).toContain('No job runs here');
});

test('a burst of barriers is one message, and nothing overtakes it', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  world.server.fact(triggered(world.graph, 1, world.clock.now()));
  for (const subtask of subtasksOf(world.graph)) {
    world.server.fact({ type: 'barrier-injected', at: world.clock.now(), checkpointId: 1, subtask });
  }
  expect(client.of('checkpoint/events')).toEqual([]);
  world.pass(20);
  expect(client.of('checkpoint/events').map(({ events }) => events.length)).toEqual([
    1 + subtasksOf(world.graph).length,
  ]);
  world.server.fact({
    type: 'barrier-injected',
    at: world.clock.now(),
    checkpointId: 1,
    subtask: { vertex: 'left', index: 0 },
  });
  world.server.fact({
    type: 'status',
    at: world.clock.now(),
    status: 'failing',
    reason: 'x',
    restartAt: null,
    restarts: 0,
  });
  expect(
    client
      .notifications()
      .slice(-2)
      .map(({ method }) => method),
  ).toEqual(['checkpoint/events', 'job/changed']);
});

test('telemetry comes at most ten times a second and holds only what changed', () => {
  const world = new World().begin();
  const client = world.client();
  const snapshot = client.ask<JobSnapshot>('job/subscribe');
  expect(snapshot.telemetry.subtasks).toHaveLength(subtasksOf(world.graph).length);
  for (let i = 1; i <= 100; i++) {
    world.setSubtask('left', 'recordsIn', i);
    world.pass(10);
  }
  const samples = client.of('telemetry');
  expect(samples.length).toBeLessThanOrEqual(10);
  expect(samples.at(-1)?.subtasks).toMatchObject([
    { subtask: { vertex: 'left', index: 0 }, recordsIn: expect.any(Number) },
  ]);
});

test('a position that is told between two samples reaches every client, and says when it is the last', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  const subtask = { vertex: 'left', index: 0 };
  const positions = [{ split: 'all', offset: 7, watermark: Number.NEGATIVE_INFINITY }];
  world.pass(100);
  world.server.fact({ type: 'positions', at: world.clock.now(), subtask, operator: 'left', positions });
  world.pass(100);
  expect(client.of('telemetry').at(-1)?.splits).toEqual([
    { subtask, split: 'all', offset: 7, watermark: null, finished: false },
  ]);
  world.server.fact({ type: 'ended-subtask', at: world.clock.now(), subtask });
  world.pass(100);
  expect(client.of('telemetry').at(-1)?.splits).toMatchObject([{ finished: true }]);
});

test('nobody looks: no sample is due', () => {
  const world = new World().begin();
  world.client();
  expect(world.server.nextDeadline()).toBeNull();
});

test('a slow client gets the newest telemetry, with all that changed meanwhile, and every event', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  world.pass(100);
  client.backlogBytes = sessionLimits.telemetryBacklogBytesMax + 1;
  const before = client.of('telemetry').length;
  world.setSubtask('left', 'recordsIn', 1);
  world.pass(500);
  world.setSubtask('right', 'recordsIn', 2);
  world.server.fact(triggered(world.graph, 1, world.clock.now()));
  world.pass(500);
  expect(client.of('telemetry').length).toBe(before);
  expect(client.of('checkpoint/events')).toHaveLength(1);
  client.backlogBytes = 0;
  world.pass(100);
  const changed = client
    .of('telemetry')
    .slice(before)
    .flatMap(({ subtasks }) => subtasks.map(({ subtask }) => subtask.vertex));
  expect(changed).toEqual(expect.arrayContaining(['left', 'right']));
});

test('a client that is too far behind is disconnected, and the others go on', () => {
  const world = new World().begin();
  const [slow, quick] = [world.client(), world.client()];
  slow.ask('job/subscribe');
  quick.ask('job/subscribe');
  slow.backlogBytes = sessionLimits.backlogBytesMax + 1;
  world.server.fact(triggered(world.graph, 1, world.clock.now()));
  world.pass(20);
  expect(slow.closed?.code).toBe(1_013);
  const received = slow.received.length;
  world.server.fact(completed(world.graph, 1, world.clock.now()));
  world.pass(20);
  expect(slow.received.length).toBe(received);
  expect(quick.of('checkpoint/events')).toHaveLength(2);
  expect(quick.closed).toBeNull();
});

test('more messages than a person could cause close the connection', () => {
  const client = new World().begin().client();
  for (let i = 0; i < sessionLimits.messagesBurst + 1; i++) client.send('checkpoint/list');
  expect(client.closed?.code).toBe(1_008);
});

test('open requests are bounded, and each is answered once', () => {
  const answers: ((result: { ok: true; value: Record<string, never> }) => void)[] = [];
  const world = new World({ 'job/cancel': (_params, answer) => answers.push(answer) }).begin();
  const client = world.client();
  const ids = Array.from({ length: sessionLimits.openRequestsMax }, () => client.send('job/cancel'));
  expect(client.answer(client.send('job/cancel'))?.error?.message).toContain('Too many open requests');
  for (const answer of [...answers, ...answers]) answer({ ok: true, value: {} });
  for (const id of ids) expect(client.received.filter((message) => message.id === id)).toHaveLength(1);
});

test('M10 a stall is opened while it lasts, names the channel, and is closed when the barrier comes', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  const waited = world.graph.channels.filter(
    ({ toVertex, toSubtask }) => toVertex === 'both' && toSubtask === 0,
  );
  const [fast, slow] = [
    waited.find(({ fromVertex }) => fromVertex === 'left'),
    waited.find(({ fromVertex }) => fromVertex === 'right'),
  ];
  const arrive = (channel: number): JobFact => ({
    type: 'barrier-arrived',
    at: world.clock.now(),
    checkpointId: 1,
    subtask: { vertex: 'both', index: 0 },
    channel,
  });
  world.server.fact(triggered(world.graph, 1, world.clock.now()));
  for (const { id, fromVertex } of waited) if (fromVertex === 'left') world.server.fact(arrive(id));
  world.pass(400);
  expect(client.of('stall/changed')).toEqual([]);
  world.pass(300);
  const [opened] = client.of('stall/changed');
  expect(opened?.stall).toMatchObject({
    checkpoint: 1,
    subtask: { vertex: 'both', index: 0 },
    closedAt: null,
  });
  expect(waited.filter(({ fromVertex }) => fromVertex === 'right').map(({ id }) => id)).toContain(
    opened?.stall.channel,
  );
  expect(opened?.stall.hops.at(-1)?.subtask.vertex).toBe('right');
  // A barrier that comes nearer is no news ten times a second.
  const rights = waited.filter(({ fromVertex }) => fromVertex === 'right');
  for (const { id } of rights) {
    world.setChannel(id, 'barrierWritten', 1);
    world.setChannel(id, 'barrierPosition', 100);
  }
  const before = client.of('stall/changed').length;
  for (let read = 0; read < 30; read++) {
    for (const { id } of rights) world.setChannel(id, 'recordsRead', read);
    world.pass(100);
  }
  expect(client.of('stall/changed').length - before).toBeLessThanOrEqual(5);
  expect(client.of('stall/changed').at(-1)?.stall.hops.at(-1)).toMatchObject({ cause: 'behind-records' });
  for (const { id, fromVertex } of waited) if (fromVertex === 'right') world.server.fact(arrive(id));
  world.server.fact({
    type: 'aligned',
    at: world.clock.now(),
    checkpointId: 1,
    subtask: { vertex: 'both', index: 0 },
    alignmentMs: 700,
  });
  world.pass(100);
  expect(client.of('stall/changed').at(-1)?.stall).toMatchObject({
    id: opened?.stall.id,
    closedAt: expect.any(Number),
  });
  expect([fast, slow].every((channel) => channel !== undefined)).toBe(true);
});

test('a barrier inside a channel is shown with the records that are still ahead of it', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  world.setChannel(0, 'recordsWritten', 100);
  world.setChannel(0, 'recordsRead', 40);
  world.setChannel(0, 'barrierWritten', 7);
  world.setChannel(0, 'barrierPosition', 90);
  world.pass(100);
  expect(client.of('telemetry').at(-1)?.channels).toMatchObject([
    { channel: 0, queuedRecords: 60, barriers: [{ checkpoint: 7, recordsAhead: 50 }] },
  ]);
  world.setChannel(0, 'barrierTaken', 7);
  world.pass(100);
  expect(client.of('telemetry').at(-1)?.channels).toMatchObject([{ channel: 0, barriers: [] }]);
});

test('a step that does not come back counts as busy', () => {
  const world = new World().begin();
  const client = world.client();
  client.ask('job/subscribe');
  world.setSubtask('both', 'idleMs', 100);
  world.setSubtask('both', 'stepStartedAt', world.clock.monotonicMs());
  world.pass(2_000);
  const last = client
    .of('telemetry')
    .flatMap(({ subtasks }) => subtasks)
    .findLast(({ subtask }) => subtask.vertex === 'both' && subtask.index === 0);
  expect(last).toMatchObject({ busy: 1, idle: 0 });
});

// The rule of the protocol: notifications folded over the snapshot are always the truth.
test('whenever a client subscribes, what it folds is what the server has', () => {
  const world = new World();
  const graph = world.graph;
  const subtasks = subtasksOf(graph);
  const step = fc.record({
    kind: fc.nat(7),
    checkpoint: fc.nat(3),
    subtask: fc.nat(subtasks.length - 1),
    channel: fc.nat(graph.channels.length - 1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, subscribeAt) => {
      const own = new World().begin();
      const client = own.client();
      let folded: CheckpointDetails[] = [];
      let sequence = -1;
      const subscribe = () => {
        const snapshot = client.ask<JobSnapshot>('job/subscribe');
        folded = snapshot.checkpoints;
        sequence = snapshot.sequence;
        client.received.length = 0;
      };
      for (const [place, { kind, checkpoint, subtask, channel }] of steps.entries()) {
        if (place === subscribeAt) subscribe();
        own.clock.advance(5);
        for (const fact of factOf(
          own,
          kind,
          checkpoint,
          subtasks[subtask] as (typeof subtasks)[number],
          channel,
        ))
          own.server.fact(fact);
        own.server.tick();
      }
      if (sequence === -1) subscribe();
      own.pass(50);
      for (const { events } of client.of('checkpoint/events')) {
        for (const event of events) {
          expect(event.sequence).toBe(++sequence);
          if (event.type === 'triggered') folded = [event.checkpoint, ...folded];
          else
            folded = folded.map((details) =>
              details.id === idOf(event) || event.type === 'discarded'
                ? foldCheckpointEvent(details, event)
                : details,
            );
        }
      }
      expect(folded).toEqual(client.ask<JobSnapshot>('job/subscribe').checkpoints);
    }),
    { numRuns: 100 },
  );
});

function idOf(event: CheckpointEvent): number | null {
  if ('summary' in event) return event.summary.id;
  return 'checkpoint' in event && typeof event.checkpoint === 'number' ? event.checkpoint : null;
}

function factOf(
  world: World,
  kind: number,
  checkpointId: number,
  subtask: { vertex: string; index: number },
  channel: number,
): JobFact[] {
  const at = world.clock.now();
  switch (kind) {
    case 0:
      return [triggered(world.graph, checkpointId + world.clock.now(), at)];
    case 1:
      return [{ type: 'barrier-injected', at, checkpointId: lastId(world), subtask }];
    case 2:
      return [{ type: 'barrier-arrived', at, checkpointId: lastId(world), subtask, channel }];
    case 3:
      return [{ type: 'aligned', at, checkpointId: lastId(world), subtask, alignmentMs: 3 }];
    case 4:
      return [
        {
          type: 'acknowledged',
          at,
          checkpointId: lastId(world),
          subtask,
          operators: [],
          report: {
            startDelayMs: 1,
            alignmentMs: 2,
            syncMs: 0,
            asyncMs: 4,
            processedInFlightBytes: null,
            persistedInFlightBytes: null,
          },
        },
      ];
    case 5:
      return [completed(world.graph, lastId(world), at)];
    case 6:
      return [
        {
          type: 'checkpoint-failed',
          at,
          checkpointId: lastId(world),
          reason: 'CHECKPOINT_EXPIRED',
          message: 'late',
          subtask: null,
        },
      ];
    default:
      return [{ type: 'checkpoints-discarded', at, checkpointIds: [lastId(world)] }];
  }
}

const probes = new WeakMap<World, TestClient>();

function lastId(world: World): number {
  let probe = probes.get(world);
  if (probe === undefined) {
    probe = world.client();
    probes.set(world, probe);
  }
  world.clock.advance(20);
  const { checkpoints } = probe.ask<{ checkpoints: { id: number }[] }>('checkpoint/list');
  return checkpoints[0]?.id ?? 0;
}

test('nobody is shown waiting for a channel whose sender has ended', () => {
  const world = new World().begin();
  world.server.fact({ type: 'ended-subtask', at: 1, subtask: { vertex: 'left', index: 1 } });
  world.server.fact(triggered(world.graph, 1, 2));
  const snapshot = world.client().ask<JobSnapshot>('job/subscribe');
  const channels = snapshot.checkpoints[0]?.subtasks.find(
    ({ subtask }) => subtask.vertex === 'both',
  )?.channels;
  const froms = channels
    ?.map(({ channel }) => snapshot.graph.channels[channel])
    .map((channel) => [channel?.edge, channel?.fromSubtask]);
  expect(froms).toHaveLength(3);
  expect(froms).not.toContainEqual(['left->both:0', 1]);
});
