/**
 * The barrier handler in every order of a few events, against a reference that was written from the rules alone; and
 * whole gates with records in every interleaving, against what a barrier means.
 */
import { expect, test } from 'vitest';
import type { Barrier } from '../../runtime/checkpoint/barrier.ts';
import { type BarrierEffect, createBarrierHandler } from '../../runtime/checkpoint/barrierHandler.ts';
import { GateModel } from '../conformance/gateModel.ts';
import { checkCuts } from './cuts.ts';
import { exhaust } from './exhaustive.ts';
import { type Event, ReferenceGate } from './referenceGate.ts';

test('every answer is given at every place', () => {
  const seen = new Set<string>();
  const runs = exhaust((choose) => {
    const first = choose(3);
    seen.add(`${first}${first === 1 ? choose(2) : ''}`);
  });
  expect([runs, [...seen]]).toEqual([4, ['0', '10', '11', '2']]);
});

test.each<['exactly-once' | 'at-least-once', channels: number, events: number]>([
  ['exactly-once', 1, 6],
  ['exactly-once', 2, 6],
  ['exactly-once', 3, 5],
  ['at-least-once', 1, 6],
  ['at-least-once', 2, 6],
  ['at-least-once', 3, 5],
])(
  '%s, %i channels: every order of %i barriers, cancellations, ends, notices and triggers',
  (mode, channels, depth) => {
    const runs = exhaust((choose) => {
      const handler = createBarrierHandler({ mode, channels, alignedTimeoutMs: null });
      const reference = new ReferenceGate(channels, mode === 'exactly-once');
      const history: string[] = [];
      const nextId = new Array<number>(channels).fill(1);
      const once = new Set(['N2', 'N3', 'G2']);
      for (let now = 0; now < depth; now++) {
        const possible = possibleEvents(reference, nextId, once);
        const event = possible[choose(possible.length)] as Event;
        if (event.type === 'notice' || event.type === 'trigger') once.delete(onceName(event));
        else if (event.type !== 'end') nextId[event.channel] = event.id + 1;
        const expected = reference.answer(event, now);
        const answer = linesOf(handle(handler, event, now));
        history.push(`${event.type} ${event.id}.${event.channel}`);
        if (answer !== expected) expect({ history, answer }).toEqual({ history, answer: expected });
        for (let channel = 0; channel < channels; channel++) {
          if (handler.isBlocked(channel) !== reference.isBlocked(channel))
            expect(history).toEqual(`wrong blocking of ${channel}`);
        }
      }
    });
    expect(runs).toBeGreaterThan(4_000);
  },
  30_000,
);

function possibleEvents(
  reference: ReferenceGate,
  nextId: readonly number[],
  once: ReadonlySet<string>,
): Event[] {
  const events: Event[] = [];
  for (const [channel, id] of nextId.entries()) {
    if (reference.hasEnded(channel) || reference.isBlocked(channel)) continue;
    events.push(
      { type: 'barrier', id, channel },
      { type: 'cancel', id, channel },
      { type: 'end', id: 0, channel },
    );
  }
  // A channel may never bring one, too.
  const skipped = nextId[0] as number;
  if (!reference.hasEnded(0) && !reference.isBlocked(0))
    events.push({ type: 'barrier', id: skipped + 1, channel: 0 });
  for (const name of once) {
    events.push({
      type: name.startsWith('N') ? 'notice' : 'trigger',
      id: Number(name.slice(1)),
      channel: -1,
    });
  }
  // Everything has ended and been said: what is left is to hear old news.
  if (events.length === 0) events.push({ type: 'notice', id: 1, channel: -1 });
  return events;
}

function onceName({ type, id }: Event): string {
  return `${type === 'notice' ? 'N' : 'G'}${id}`;
}

function handle(
  handler: ReturnType<typeof createBarrierHandler>,
  event: Event,
  now: number,
): readonly BarrierEffect[] {
  const at = { now: 500 + now, monotonicMs: now };
  const barrier: Barrier = {
    checkpointId: event.id,
    timestamp: 0,
    isSavepoint: false,
    unaligned: false,
    suspend: false,
    directory: '',
  };
  if (event.type === 'barrier') return handler.barrier(event.channel, barrier, at);
  if (event.type === 'cancel') return handler.cancellation(event.id, at);
  if (event.type === 'end') return handler.end(event.channel, at);
  if (event.type === 'notice') return handler.abort(event.id, at);
  return handler.trigger(barrier, at);
}

function linesOf(effects: readonly BarrierEffect[]): string {
  return effects
    .map((effect) => {
      if (effect.type === 'block') return `block ${effect.channel}`;
      if (effect.type === 'release') return `release ${effect.channels.join(',')}`;
      if (effect.type === 'first-barrier') return `first ${effect.barrier.checkpointId}`;
      if (effect.type === 'snapshot')
        return `snapshot ${effect.barrier.checkpointId} after ${effect.alignmentMs}`;
      if (effect.type === 'abort')
        return `abort ${effect.checkpointId} ${effect.reason === 'CHECKPOINT_SUBSUMED' ? 'subsumed' : 'cancelled'}`;
      return effect.type;
    })
    .join(' ');
}

/**
 * A barrier cuts its channel: what came before it is in the snapshot, by having been processed before the snapshot or
 * by being persisted with it, and nothing of what came after it is. Each program below is what one channel brings.
 */
const programs = ['D B1 D B2 D', 'B1 D D B2', 'D D B1 E', 'D B2 D', 'D E'];
const unalignedPrograms = ['D U1 D U2 D', 'U1 D D U2', 'D D U1 E', 'D U2 D', 'D E'];

test.each<[name: string, programs: readonly string[], alignedTimeoutMs: number | null]>([
  ['aligned', programs, null],
  ['unaligned', unalignedPrograms, null],
  ['aligned with a timeout', programs, 1],
])(
  '%s: in every interleaving of two channels, a snapshot is what lies before its barriers',
  (_, all, alignedTimeoutMs) => {
    let snapshots = 0;
    exhaust((choose) => {
      const waiting = [0, 1].map((channel) => tokensOf(all[choose(all.length)] as string, channel));
      const arrived = waiting.map(() => [] as string[]);
      const gate = new GateModel({ channels: 2, alignedTimeoutMs });
      const total = waiting[0]?.length ?? 0;
      // The reader sleeps through some part of it, so that barriers queue up behind records and are announced.
      const sleepsAt = choose(total + 1);
      const wakesAt = total + (sleepsAt === 0 ? 0 : choose(3));
      for (let step = 0; waiting.some((tokens) => tokens.length > 0); step++) {
        if (step === sleepsAt) gate.feed('(');
        if (step === wakesAt) gate.feed(')');
        if (alignedTimeoutMs !== null && step === sleepsAt + 2) gate.feed('+5');
        const ready = waiting
          .map((_, channel) => channel)
          .filter((channel) => (waiting[channel]?.length ?? 0) > 0);
        const channel = ready[choose(ready.length)] as number;
        const token = waiting[channel]?.shift() as string;
        arrived[channel]?.push(token);
        gate.feed(token);
      }
      gate.feed(')');
      snapshots += checkCuts(gate, arrived);
    });
    expect(snapshots).toBeGreaterThan(1_000);
  },
  30_000,
);

/**
 * The same with three channels, and with three checkpoints: data, barriers, cancellations and ends in every interleaving. Time
 * passes once, at any place; a reader that sleeps until then makes announcements of all the barriers that came before.
 */
const ofThree = ['D B1 D', 'B1 B2 D', 'D B1 E', 'X1 D B2'];
const ofThreeCheckpoints = ['D B1 B2 D B3', 'B1 D B2 D', 'D B2 X3 D', 'B1 D E'];

test.each<[how: string, channels: number, programs: readonly string[], alignedTimeoutMs: number | null]>([
  ['aligned', 3, ofThree, null],
  ['unaligned', 3, ofThree.map(unaligned), null],
  ['aligned with a timeout', 3, ofThree, 1],
  ['aligned', 2, ofThreeCheckpoints, null],
  ['unaligned', 2, ofThreeCheckpoints.map(unaligned), null],
  ['aligned with a timeout', 2, ofThreeCheckpoints, 1],
])(
  '%s, %i channels: a snapshot is what lies before its barriers, with up to three checkpoints and their cancellations',
  (_how, channels, all, alignedTimeoutMs) => {
    let snapshots = 0;
    exhaust((choose) => {
      // The last program is only for the first channel, and three channels have fewer sleeps: there are enough of them so.
      const waiting = Array.from({ length: channels }, (_unused, channel) =>
        tokensOf(all[choose(all.length - Math.min(1, channel))] as string, channel),
      );
      const arrived = waiting.map(() => [] as string[]);
      const gate = new GateModel({ channels, alignedTimeoutMs });
      // Never, or before one of the first steps: then everything until then was only announced.
      const wakesAt = channels === 2 ? choose(8) : choose(2) * 4;
      if (wakesAt > 0) gate.feed('(');
      for (let step = 0; waiting.some((tokens) => tokens.length > 0); step++) {
        if (step === wakesAt && wakesAt > 0) {
          if (alignedTimeoutMs !== null) gate.feed('+5');
          gate.feed(')');
        }
        const ready = waiting
          .map((_, channel) => channel)
          .filter((channel) => (waiting[channel]?.length ?? 0) > 0);
        const channel = ready[choose(ready.length)] as number;
        const token = waiting[channel]?.shift() as string;
        arrived[channel]?.push(token);
        gate.feed(token);
      }
      gate.feed(')');
      snapshots += checkCuts(gate, arrived);
    });
    expect(snapshots).toBeGreaterThan(1_000);
  },
  60_000,
);

function unaligned(program: string): string {
  return program.replaceAll('B', 'U');
}

function tokensOf(program: string, channel: number): string[] {
  return program.split(' ').map((word, i) => {
    if (word === 'D') return `D${channel}:${i}`;
    return word === 'E' ? `E${channel}` : `${word}.${channel}`;
  });
}
