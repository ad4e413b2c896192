/**
 * Frames as bytes, for rings. Every block describes itself: no dictionary is carried from one to the next, so that
 * reading (and later, capture for unaligned checkpoints) can begin at any block.
 *
 * msgpackr with records: the shape of the objects of a batch is written once per block and its values follow, which is
 * what makes it twice as fast as plain maps. Timestamps are left out when no record has one.
 */
import { Packr } from 'msgpackr';
import type { Barrier } from '../../checkpoint/barrier.ts';
import { NO_TIMESTAMP } from '../../operators/operator.ts';
import type { DataFrame, Frame } from './frame.ts';

export const frameKinds = ['data', 'barrier', 'cancel', 'watermark', 'idle', 'active', 'end'] as const;

export class BlockCodec {
  readonly #packr = new Packr({ useRecords: true, moreTypes: true, bundleStrings: false });

  /** The payload of a frame; the kind travels in the ring's header. Valid until the next call. */
  encode(frame: Frame): Uint8Array {
    switch (frame.kind) {
      case 'data': {
        const untimed = frame.timestamps.every((timestamp) => timestamp === NO_TIMESTAMP);
        return this.#packr.pack([untimed ? null : frame.timestamps, frame.values]);
      }
      case 'barrier':
        return this.#packr.pack(frame.barrier);
      case 'cancel':
        return this.#packr.pack(frame.checkpointId);
      case 'watermark':
        return this.#packr.pack(frame.time);
      case 'idle':
      case 'active':
      case 'end':
        return NOTHING;
    }
  }

  /** `bytes` are copied where needed: they may be overwritten afterwards. */
  decode(kind: Frame['kind'], bytes: Uint8Array): Frame {
    switch (kind) {
      case 'data': {
        const [timestamps, values] = this.#packr.unpack(bytes) as [
          readonly number[] | null,
          readonly unknown[],
        ];
        return { kind, values, timestamps: timestamps ?? untimed(values.length) } satisfies DataFrame;
      }
      case 'barrier':
        return { kind, barrier: this.#packr.unpack(bytes) as Barrier };
      case 'cancel':
        return { kind, checkpointId: this.#packr.unpack(bytes) as number };
      case 'watermark':
        return { kind, time: this.#packr.unpack(bytes) as number };
      case 'idle':
      case 'active':
      case 'end':
        return { kind };
    }
  }
}

const NOTHING = new Uint8Array(0);

const untimed = (length: number): number[] => new Array<number>(length).fill(NO_TIMESTAMP);
