/**
 * The barrier handler where barriers may overtake, in every order of a few events, against a reference that was written from
 * the rules alone. What a channel can bring is what a channel brings: a barrier that was announced comes next, a channel that
 * is blocked is not read, one that has ended is silent. The rest (notices, triggers, time, timers) may come whenever it likes.
 */
import { expect, test } from 'vitest';
import type { Barrier } from '../../runtime/checkpoint/barrier.ts';
import { type BarrierEffect, createBarrierHandler } from '../../runtime/checkpoint/barrierHandler.ts';
import { exhaust } from './exhaustive.ts';
import { type OvertakingEvent, ReferenceOvertaking } from './referenceOvertaking.ts';

const TIMEOUT_MS = 5;

test.each<[name: string, timeoutMs: number | null, channels: number, events: number]>([
  ['unaligned', null, 2, 5],
  ['unaligned', null, 3, 4],
  ['aligned with a timeout', TIMEOUT_MS, 2, 5],
  ['aligned with a timeout', TIMEOUT_MS, 3, 4],
])(
  '%s (%s), %i channels: every order of %i barriers, announcements, cancellations, ends, notices, triggers, timeouts',
  (_name, timeoutMs, channels, depth) => {
    const kinds = new Set<string>();
    const runs = exhaust((choose) => {
      const handler = createBarrierHandler({
        mode: 'exactly-once',
        channels,
        alignedTimeoutMs: timeoutMs ?? 0,
      });
      const reference = new ReferenceOvertaking(channels, timeoutMs);
      const stage = new Stage(channels, timeoutMs !== null);
      const history: string[] = [];
      let now = 0;
      for (let step = 0; step < depth; step++) {
        const possible = stage.possible(reference);
        const event = possible[choose(possible.length)] as OvertakingEvent;
        stage.happened(event);
        if (event.type === 'pass') now += 2 * TIMEOUT_MS;
        const timestamp = event.id > 0 ? reference.triggeredAt(event.id, now) : 0;
        const expected = reference.answer(event, now);
        const effects = handle(handler, event, { now, timestamp, unaligned: timeoutMs === null });
        const answer = settled(effects).map(lineOf).sort();
        history.push(`${event.type} ${event.id}.${event.channel}`);
        for (const line of answer) kinds.add(line.split(' ')[0] as string);
        if (answer.join('; ') !== expected.join('; '))
          expect({ history, answer }).toEqual({ history, answer: expected });
        if (!isInOrder(effects)) expect(history).toEqual(effects.map(lineOf));
        for (let channel = 0; channel < channels; channel++) {
          if (handler.isBlocked(channel) !== reference.isBlocked(channel))
            expect(history).toEqual(`wrong blocking of ${channel}`);
        }
      }
    });
    expect(runs).toBeGreaterThan(4_000);
    // Whatever can happen did.
    const always = [
      'abort',
      'capture',
      'capture-end',
      'capture-stop',
      'complete',
      'first',
      'overtake',
      'snapshot',
    ];
    const late = timeoutMs === null ? [] : ['arm', 'block', 'clear-timer', 'release'];
    expect([...kinds].sort()).toEqual([...always, ...late].sort());
  },
  60_000,
);

/** What the world around the handler can do next. */
class Stage {
  readonly #channels: readonly number[];
  readonly #canTimeOut: boolean;
  /** By channel: the barrier that comes next, and those that were announced and have not come. */
  readonly #next: number[];
  readonly #announced: number[][];
  readonly #once = new Set(['notice 2', 'trigger 2', 'pass 0']);

  constructor(channels: number, canTimeOut: boolean) {
    this.#channels = Array.from({ length: channels }, (_unused, channel) => channel);
    this.#canTimeOut = canTimeOut;
    this.#next = this.#channels.map(() => 1);
    this.#announced = this.#channels.map(() => []);
  }

  possible(reference: ReferenceOvertaking): readonly OvertakingEvent[] {
    const events: OvertakingEvent[] = [];
    for (const channel of this.#channels) {
      if (reference.hasEnded(channel)) continue;
      const next = this.#next[channel] as number;
      const announced = this.#announced[channel]?.[0];
      if (announced === undefined || this.#announced[channel]?.length === 1)
        events.push({ type: 'announce', id: next, channel });
      if (reference.isBlocked(channel)) continue;
      if (announced !== undefined) {
        events.push({ type: 'barrier', id: announced, channel });
        continue;
      }
      events.push({ type: 'barrier', id: next, channel }, { type: 'end', id: 0, channel });
      // One channel is enough to bring cancellations, and to leave a barrier out.
      if (channel === 0)
        events.push({ type: 'cancel', id: next, channel }, { type: 'barrier', id: next + 1, channel });
    }
    for (const once of this.#once) {
      const [type, id] = once.split(' ') as [OvertakingEvent['type'], string];
      if (type !== 'pass' || this.#canTimeOut) events.push({ type, id: Number(id), channel: -1 });
    }
    if (this.#canTimeOut || events.length === 0) events.push({ type: 'timeout', id: 0, channel: -1 });
    return events;
  }

  happened({ type, id, channel }: OvertakingEvent): void {
    this.#once.delete(`${type} ${id}`);
    if (type === 'announce') this.#announced[channel]?.push(id);
    if (type === 'barrier' && this.#announced[channel]?.[0] === id) this.#announced[channel]?.shift();
    else if (type === 'announce' || type === 'barrier' || type === 'cancel') this.#next[channel] = id + 1;
  }
}

function handle(
  handler: ReturnType<typeof createBarrierHandler>,
  { type, id, channel }: OvertakingEvent,
  { now, timestamp, unaligned }: { now: number; timestamp: number; unaligned: boolean },
): readonly BarrierEffect[] {
  // The two readings differ on purpose: whoever mixes them up is found out.
  const at = { now: 500 + now, monotonicMs: now };
  const barrier: Barrier = {
    checkpointId: id,
    timestamp: 500 + timestamp,
    isSavepoint: false,
    unaligned,
    suspend: false,
    directory: '',
  };
  switch (type) {
    case 'announce':
      return handler.announcement(channel, barrier, at);
    case 'barrier':
      return handler.barrier(channel, barrier, at);
    case 'cancel':
      return handler.cancellation(id, at);
    case 'end':
      return handler.end(channel, at);
    case 'notice':
      return handler.abort(id, at);
    case 'trigger':
      return handler.trigger(barrier, at);
    case 'timeout':
      return handler.timeout(at);
    case 'pass':
      return [];
  }
}

/** A capture that ends in the same step has captured nothing. */
function settled(effects: readonly BarrierEffect[]): readonly BarrierEffect[] {
  const isEnd = (channel: number, effect: BarrierEffect): boolean =>
    effect.type === 'capture-end' && effect.channel === channel;
  const brief = effects
    .flatMap((effect) => (effect.type === 'capture' ? effect.channels : []))
    .filter((channel) => effects.some((effect) => isEnd(channel, effect)));
  return effects
    .filter((effect) => !brief.some((channel) => isEnd(channel, effect)))
    .map((effect) =>
      effect.type === 'capture'
        ? { ...effect, channels: effect.channels.filter((channel) => !brief.includes(channel)) }
        : effect,
    );
}

/** What was before is over before anything new begins; a snapshot comes before what is behind the barriers is let in. */
function isInOrder(effects: readonly BarrierEffect[]): boolean {
  const places = (type: BarrierEffect['type']): readonly number[] =>
    effects.flatMap((effect, place) => (effect.type === type ? [place] : []));
  const [snapshot] = places('snapshot');
  if (snapshot === undefined) return true;
  const isCapturedBefore = places('capture').every((place) => place < snapshot);
  const isAfter = [...places('release'), ...places('channel-state-complete')].every(
    (place) => place > snapshot,
  );
  // Of an older checkpoint: whatever it blocked was let go before.
  const opened = places('abort').at(-1) ?? -1;
  return isCapturedBefore && opened < snapshot && (isAfter || opened >= 0);
}

function lineOf(effect: BarrierEffect): string {
  switch (effect.type) {
    case 'block':
      return `block ${effect.channel}`;
    case 'release':
      return `release ${effect.channels.join(',')}`;
    case 'first-barrier':
      return `first ${effect.barrier.checkpointId}`;
    case 'snapshot':
      return `snapshot ${effect.barrier.checkpointId} ${effect.unaligned ? 'unaligned' : 'aligned'}`;
    case 'abort':
      return `abort ${effect.checkpointId} ${effect.reason === 'CHECKPOINT_SUBSUMED' ? 'subsumed' : 'cancelled'}`;
    case 'capture':
      return `capture ${effect.checkpointId} ${effect.channels.join(',')}`;
    case 'capture-end':
    case 'overtake':
      return `${effect.type} ${effect.checkpointId} ${effect.channel}`;
    case 'capture-stop':
      return `capture-stop ${effect.checkpointId}`;
    case 'channel-state-complete':
      return `complete ${effect.checkpointId}`;
    case 'arm-timer':
      return `arm ${effect.checkpointId} ${effect.delayMs}`;
    case 'clear-timer':
      return 'clear-timer';
  }
}
