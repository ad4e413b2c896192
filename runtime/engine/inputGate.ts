/**
 * The inputs of a task: picks the channel to read next and keeps shut those that the barrier handler has blocked.
 *
 * - G1. A blocked channel is not read at all: what is in it is the alignment buffer (M5, M6).
 * - G2. After a release the channels that were blocked are drained first, in the order in which they were blocked, to
 *   where they stood at the release or to their next barrier, whichever comes first (M7); only then newer input.
 * - G3. Otherwise channels take turns, a frame each.
 */

import type { Key } from '../state/declarations.ts';
import type { ChannelReader } from './channels/channel.ts';
import type { ChannelMeter } from './meters.ts';

export interface GateChannel {
  readonly reader: ChannelReader;
  readonly meter: Pick<ChannelMeter, 'readRecords' | 'tookBarrier' | 'blocked'>;
  /** Input of the head operator that it feeds. */
  readonly input: number;
  /** Key of its records, for a hash edge. */
  readonly keyOf: ((value: unknown) => Key) | null;
}

export class InputGate {
  readonly channels: readonly GateChannel[];
  readonly #blocked: boolean[];
  readonly #ended: boolean[];
  readonly #draining: { readonly channel: number; readonly until: number }[] = [];
  #next = 0;
  #open: number;

  constructor(channels: readonly GateChannel[]) {
    this.channels = channels;
    this.#blocked = channels.map(() => false);
    this.#ended = channels.map(() => false);
    this.#open = channels.length;
  }

  /** Place of the channel to read next, which has a frame; −1 when nothing can be read now. */
  select(): number {
    while (this.#draining.length > 0) {
      const first = this.#draining[0] as { channel: number; until: number };
      const { reader } = this.channels[first.channel] as GateChannel;
      const drained =
        this.#blocked[first.channel] || reader.readPosition() >= first.until || !reader.hasFrame();
      if (!drained) return first.channel;
      this.#draining.shift();
    }
    const count = this.channels.length;
    for (let tried = 0; tried < count; tried++) {
      const channel = this.#next;
      this.#next = channel + 1 === count ? 0 : channel + 1;
      if (!this.#blocked[channel] && (this.channels[channel] as GateChannel).reader.hasFrame())
        return channel;
    }
    return -1;
  }

  /** Something can be read now. */
  hasReadable(): boolean {
    return this.channels.some(({ reader }, channel) => !this.#blocked[channel] && reader.hasFrame());
  }

  block(channel: number): void {
    this.#blocked[channel] = true;
    (this.channels[channel] as GateChannel).meter.blocked(true);
  }

  /** `order`: as they were blocked. */
  release(order: readonly number[]): void {
    for (const channel of order) {
      if (!this.#blocked[channel]) continue;
      this.#blocked[channel] = false;
      const { reader, meter } = this.channels[channel] as GateChannel;
      meter.blocked(false);
      this.#draining.push({ channel, until: reader.writtenPosition() });
    }
  }

  isBlocked(channel: number): boolean {
    return this.#blocked[channel] ?? false;
  }

  end(channel: number): void {
    if (this.#ended[channel]) return;
    this.#ended[channel] = true;
    this.#open--;
  }

  /** True when every channel of this input of the head operator has ended. */
  inputEnded(input: number): boolean {
    return this.channels.every((channel, place) => channel.input !== input || this.#ended[place]);
  }

  get allEnded(): boolean {
    return this.#open === 0;
  }
}
