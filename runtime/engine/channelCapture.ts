/**
 * The receiving side of unaligned checkpoints: which channels are being captured, where announced barriers lie, and what goes
 * into the channel state of the checkpoint under way. The barrier handler decides, this carries out.
 *
 *   captured    what is taken from the channel is saved too, from the cut to its barrier
 *   overtaken   what lies before the announced position is saved at once, and stays in the channel to be read
 *
 * A batch that is worked off when the cut is made belongs to its channel as well: the rest of it.
 */
import { assert, present } from '../base/assert.ts';
import type { BarrierEffect } from '../checkpoint/barrierHandler.ts';
import { MIN_WATERMARK } from '../operators/operator.ts';
import type { WatermarkCoalescer } from '../operators/watermarks.ts';
import type { Announcement } from './channels/channel.ts';
import type { DataFrame, Frame } from './channels/frame.ts';
import { InFlight, type OldChannel } from './inFlight.ts';
import type { GateChannel } from './inputGate.ts';

export type CaptureEffect = Extract<
  BarrierEffect,
  { readonly type: 'capture' | 'capture-end' | 'overtake' | 'capture-stop' | 'channel-state-complete' }
>;

export interface ChannelCaptureOptions {
  /** The head of the chain, which saves it. */
  readonly uid: string;
  readonly channels: readonly GateChannel[];
  /** By place, as in `channels`. */
  readonly origins: readonly OldChannel[];
}

export class ChannelCapture {
  readonly #options: ChannelCaptureOptions;
  /** Where the newest barrier that was announced lies, by place. */
  readonly #positions: number[];
  readonly #capturing: boolean[];
  #inFlight: InFlight | null = null;

  constructor(options: ChannelCaptureOptions) {
    this.#options = options;
    this.#positions = options.channels.map(() => 0);
    this.#capturing = options.channels.map(() => false);
  }

  /** An announcement of that channel which was not looked at yet. */
  announced(place: number): Announcement | null {
    const { reader } = present(this.#options.channels[place], 'a channel');
    const found = reader.takeAnnouncement();
    if (found !== null) this.#positions[place] = found.position;
    return found;
  }

  /** `underWay`: what is left of the batch that is being worked off, and its place. */
  apply(effect: CaptureEffect, underWay: { readonly place: number; readonly rest: DataFrame } | null): void {
    switch (effect.type) {
      case 'capture':
        for (const place of effect.channels) {
          this.#capturing[place] = true;
          if (underWay?.place === place) this.#save(effect.checkpointId, place, underWay.rest);
        }
        break;
      case 'capture-end':
        this.#capturing[effect.channel] = false;
        break;
      case 'overtake': {
        const place = effect.channel;
        if (!this.#capturing[place] && underWay?.place === place)
          this.#save(effect.checkpointId, place, underWay.rest);
        this.#capturing[place] = false;
        const { reader } = present(this.#options.channels[place], 'a channel');
        for (const frame of reader.peek(this.#positions[place] ?? 0))
          this.#save(effect.checkpointId, place, frame);
        break;
      }
      case 'capture-stop':
        this.#capturing.fill(false);
        this.#inFlight = null;
        break;
      case 'channel-state-complete':
        assert(!this.#capturing.includes(true), 'every capture has ended');
        this.#of(effect.checkpointId).complete(effect.alignmentMs);
        this.#inFlight = null;
        break;
    }
  }

  /** A frame was taken; before anything is done with it. */
  took(place: number, frame: Frame): void {
    if (this.#capturing[place] && this.#inFlight !== null)
      this.#save(this.#inFlight.checkpointId, place, frame);
  }

  /** The cut is made: what is captured belongs to this, and what is known of the channels' watermarks. */
  cut(checkpointId: number, watermarks: WatermarkCoalescer): InFlight {
    const inFlight = this.#of(checkpointId);
    for (const [place, origin] of this.#options.origins.entries()) {
      const { watermark, state } = watermarks.stateOf(place);
      if (state === 'active' && watermark === MIN_WATERMARK) continue;
      inFlight.addWatermark(this.#options.uid, { ...origin, watermark, state });
    }
    return inFlight;
  }

  #save(checkpointId: number, place: number, frame: Frame): void {
    const origin = present(this.#options.origins[place], 'the origin of a channel');
    this.#of(checkpointId).add(this.#options.uid, origin, 'received', frame);
  }

  #of(checkpointId: number): InFlight {
    if (this.#inFlight?.checkpointId !== checkpointId) this.#inFlight = new InFlight(checkpointId, null);
    return this.#inFlight;
  }
}
