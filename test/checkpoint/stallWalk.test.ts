/** A stall is told by its cause: what each subtask and channel shows, and the walk that follows from it. */
import { expect, test } from 'vitest';
import {
  type ChannelObservation,
  explainStall,
  type StallFacts,
  type SubtaskObservation,
  waitedFor,
} from '../../runtime/checkpoint/stallWalk.ts';
import { nameOf } from '../../runtime/checkpoint/triggerPlan.ts';
import { graphOf } from '../conformance/coordinatorModel.ts';

/** Channels by `from>to`, where the parallelism is 1. */
interface Situation {
  readonly graph: string;
  /** Subtasks by name; what is left out is idle and knows nothing. */
  readonly subtasks?: Readonly<Record<string, Partial<SubtaskObservation>>>;
  readonly channels?: Readonly<Record<string, Partial<ChannelObservation>>>;
  /** Channels on which barrier 42 has come. */
  readonly delivered?: readonly string[];
  readonly sameThread?: boolean;
}

function factsOf({
  graph: text,
  subtasks = {},
  channels = {},
  delivered = [],
  sameThread,
}: Situation): StallFacts & { id: (name: string) => number } {
  const graph = graphOf(text);
  const nameOfChannel = (id: number) => {
    const channel = graph.channels[id];
    if (channel === undefined) throw new Error(`no channel ${id}`);
    return `${channel.fromVertex}${channel.fromSubtask > 0 ? channel.fromSubtask : ''}>${channel.toVertex}`;
  };
  return {
    graph,
    checkpointId: 42,
    id: (name) => graph.channels.findIndex((_, id) => nameOfChannel(id) === name),
    subtask: (subtask) => ({
      isPaused: false,
      hasEnded: false,
      stepMs: null,
      busyShare: 0,
      backpressuredShare: 0,
      operator: null,
      delivered: graph.channels
        .filter(({ id, toVertex }) => toVertex === subtask.vertex && delivered.includes(nameOfChannel(id)))
        .map(({ id }) => id),
      ...subtasks[nameOf(subtask)],
    }),
    channel: (id) => ({ recordsAhead: null, isFull: false, ...channels[nameOfChannel(id)] }),
    shareThread: () => sameThread ?? null,
  };
}

function explain(situation: Situation, waiting: string, channel: string): string[] {
  const facts = factsOf(situation);
  const hops = explainStall(facts, { vertex: waiting, index: 0 }, facts.id(channel));
  for (const [i, hop] of hops.entries()) {
    // What is waited for is an input of who waits; the cause waits for nobody.
    if (i === hops.length - 1) expect(hop.waitsFor).toBeNull();
    else if (hop.waitsFor !== null)
      expect(facts.graph.channels[hop.waitsFor]?.toVertex).toBe(hop.subtask.vertex);
    expect(hop.text.startsWith(nameOf(hop.subtask))).toBe(true);
  }
  return hops.map(({ cause, text }) => `${cause}: ${text}`);
}

const flights = 'flights -> parse';
const join = 'parse weather -> enrich -> window -> out';

test.each<[name: string, situation: Situation, waiting: string, channel: string, hops: string[]]>([
  [
    'a source inside one record',
    {
      graph: join,
      delivered: ['parse>enrich'],
      subtasks: { 'weather[0]': { stepMs: 6_300, operator: 'decodeMetar' } },
    },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'busy-in-user-code: weather[0] has not sent barrier 42: it is inside decodeMetar on one record.',
    ],
  ],
  [
    'the walk goes upstream over whoever has not got the barrier, and over another alignment',
    {
      graph: 'a b -> join -> window side -> out',
      delivered: ['a>join', 'side>out'],
      subtasks: { 'b[0]': { isPaused: true } },
    },
    'out',
    'window>out',
    [
      'aligning: out[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from window[0].',
      'starved: window[0] has not had barrier 42 itself: it waits for join[0].',
      'aligning: join[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from b[0].',
      'debugger: b[0] has not sent barrier 42: it is stopped in the debugger.',
    ],
  ],
  [
    'records that lie before the barrier',
    { graph: join, delivered: ['parse>enrich'], channels: { 'weather>enrich': { recordsAhead: 10_403 } } },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'behind-records: enrich[0] has 10,403 records from weather[0] to work off before barrier 42.',
    ],
  ],
  [
    'the reader itself is inside one record',
    {
      graph: join,
      delivered: ['parse>enrich'],
      channels: { 'weather>enrich': { recordsAhead: 1 } },
      subtasks: { 'enrich[0]': { stepMs: 900 } },
    },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'busy-in-user-code: enrich[0] has not come to barrier 42: it is inside its own code on one record.',
    ],
  ],
  [
    'backpressure leads downstream, to who does not take',
    {
      graph: 'a b -> join -> map -> out',
      delivered: ['a>join'],
      channels: { 'b>join': { recordsAhead: 7 }, 'join>map': { isFull: true }, 'map>out': { isFull: true } },
      subtasks: {
        'join[0]': { backpressuredShare: 0.9 },
        'map[0]': { backpressuredShare: 1 },
        'out[0]': { busyShare: 0.98 },
      },
    },
    'join',
    'b>join',
    [
      'aligning: join[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from b[0].',
      'backpressured: join[0] has not come to barrier 42: it is backpressured by map[0].',
      'backpressured: map[0] does not take what join[0] sends: it is backpressured by out[0].',
      'busy-in-user-code: out[0] does not take what map[0] sends as fast as it comes: it is busy 98 % of its time.',
    ],
  ],
  [
    'backpressure by a channel that is shut in alignment leads to what is waited for there',
    {
      graph: 'a -> b c -> out',
      delivered: ['b>out'],
      channels: { 'a>b': { recordsAhead: 3 }, 'b>out': { isFull: true } },
      subtasks: { 'b[0]': { backpressuredShare: 1 }, 'c[0]': { stepMs: 400 } },
    },
    'b',
    'a>b',
    [
      'aligning: b[0] aligns: barrier 42 is here on 0 of 1 channels and waited for from a[0].',
      'backpressured: b[0] has not come to barrier 42: it is backpressured by out[0].',
      'aligning: out[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from c[0].',
      'busy-in-user-code: c[0] has not sent barrier 42: it is inside its own code on one record.',
    ],
  ],
  [
    'another task does not leave the thread',
    {
      graph: `${flights} other -> enrich`,
      delivered: ['parse>enrich'],
      sameThread: true,
      subtasks: { 'flights[0]': { stepMs: 5_000, operator: 'flights' } },
    },
    'enrich',
    'other>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from other[0].',
      'starved: other[0] has not sent barrier 42: it has had no turn since flights[0] has been running.',
      'busy-in-user-code: flights[0] lets nobody run: it is inside flights on one record.',
    ],
  ],
  [
    'where threads are not known, whoever is stuck is named before a source is',
    { graph: join, delivered: ['parse>enrich'], subtasks: { 'parse[0]': { isPaused: true } } },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'starved: weather[0] has not sent barrier 42: it has had no turn since parse[0] has been running.',
      'debugger: parse[0] lets nobody run: it is stopped in the debugger.',
    ],
  ],
  [
    'a slow operator in between, whose barrier lies behind records',
    {
      graph: 'a -> slow b -> join',
      delivered: ['b>join'],
      channels: { 'a>slow': { recordsAhead: 1_024 } },
      subtasks: { 'slow[0]': { busyShare: 1, stepMs: 40 } },
    },
    'join',
    'slow>join',
    [
      'aligning: join[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from slow[0].',
      'behind-records: slow[0] has 1,024 records from a[0] to work off before barrier 42.',
    ],
  ],
  [
    'a source that is slow to take the trigger',
    { graph: join, delivered: ['parse>enrich'], subtasks: { 'weather[0]': { busyShare: 0.9 } } },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'slow-source: weather[0] has not sent barrier 42: it is reading and has not taken the trigger.',
    ],
  ],
  [
    'a source that waits for its input',
    { graph: join, delivered: ['parse>enrich'], subtasks: { 'weather[0]': { busyShare: 0.01 } } },
    'enrich',
    'weather>enrich',
    [
      'aligning: enrich[0] aligns: barrier 42 is here on 1 of 2 channels and waited for from weather[0].',
      'idle-split: weather[0] has not sent barrier 42: it waits for input and has not taken the trigger.',
    ],
  ],
  [
    'several are waited for: the first is followed, all are named',
    { graph: 'a b c d -> join', delivered: ['a>join'], subtasks: { 'b[0]': { stepMs: 300 } } },
    'join',
    'b>join',
    [
      'aligning: join[0] aligns: barrier 42 is here on 1 of 4 channels and waited for from b[0], c[0] and 1 more.',
      'busy-in-user-code: b[0] has not sent barrier 42: it is inside its own code on one record.',
    ],
  ],
])('%s', (_, situation, waiting, channel, hops) => {
  expect(explain(situation, waiting, channel)).toEqual(hops);
});

test('of several channels, the one without a barrier is waited for, then the one with the most records before it', () => {
  const graph = 'a b c d -> join';
  const join = { vertex: 'join', index: 0 };
  const channels = { 'b>join': { recordsAhead: 4 }, 'c>join': { recordsAhead: 9 } };
  const name = (situation: Situation) => {
    const facts = factsOf(situation);
    return facts.graph.channels[waitedFor(facts, join) ?? -1]?.fromVertex;
  };
  expect(name({ graph, channels, delivered: ['a>join'] })).toBe('d');
  expect(name({ graph, channels, delivered: ['a>join', 'd>join'] })).toBe('c');
  expect(name({ graph, channels, delivered: ['a>join'], subtasks: { 'd[0]': { hasEnded: true } } })).toBe(
    'c',
  );
  expect(name({ graph, delivered: ['a>join', 'b>join', 'c>join', 'd>join'] })).toBeUndefined();
});

test('two that backpressure each other through a third are told once each', () => {
  const situation: Situation = {
    graph: 'a -> b -> c',
    channels: { 'a>b': { recordsAhead: 3, isFull: true }, 'b>c': { isFull: true } },
    subtasks: { 'b[0]': { backpressuredShare: 1 }, 'c[0]': { backpressuredShare: 1 } },
  };
  expect(explain(situation, 'b', 'a>b').length).toBeLessThanOrEqual(3);
});
