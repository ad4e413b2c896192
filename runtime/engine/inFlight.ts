/**
 * What is in flight at a subtask's cut of an unaligned checkpoint: the frames that its barrier has overtaken. They belong to
 * the checkpoint because the sender counts them as sent and the receiver has not seen them. Two sides save them, each what
 * lies on its side of the announcement:
 *
 *   sender's overflow list │ channel ........................ │ receiver
 *     [f7 f8]              │ f6 f5 f4   (announced before f7) │ f3 …        snapshot at ║
 *     part 'sent'          │ part 'received', read or not     │ per channel: the watermark that f1 to f3 had brought
 *
 * - I1. Every frame between the two cuts of a channel is saved once, by one of the two.
 * - I2. Frames are encoded when they are captured: an operator may change a record in place as soon as it has it.
 * - I3. A value that cannot be saved fails the checkpoint, with a sentence that names the operator; never the job.
 */
import type { StateDescription } from '../state/declarations.ts';
import { inFlightStates } from '../state/declarations.ts';
import { encodeStateValue } from '../state/stateTable.ts';
import { ValueRefused } from '../state/valueWriter.ts';
import type { DataFrame, Frame } from './channels/frame.ts';

/** A channel of the deployment that took the checkpoint. */
export interface OldChannel {
  readonly edge: string;
  /** Subtask of the sender. */
  readonly from: number;
  /** Subtask of the receiver. */
  readonly to: number;
}

/** Frames that mean something to a later run; barriers, cancellations and ends come anew. */
export type CarriedFrame = Extract<Frame, { readonly kind: 'data' | 'watermark' | 'idle' | 'active' }>;

export interface InFlightFrame extends OldChannel {
  /** What was received comes before what the sender still held. */
  readonly part: 'received' | 'sent';
  readonly frame: CarriedFrame;
}

/** What the receiver knew of a channel at its cut; a channel that is not told of was active and had no watermark. */
export interface InFlightWatermark extends OldChannel {
  readonly watermark: number;
  readonly state: 'active' | 'idle' | 'ended';
}

/** What one operator contributes, encoded. */
export interface InFlightPart {
  readonly state: StateDescription;
  readonly elements: readonly Uint8Array[];
}

export class InFlight {
  readonly checkpointId: number;
  readonly #frames = new Map<string, Uint8Array[]>();
  readonly #watermarks = new Map<string, Uint8Array[]>();
  #bytes = 0;
  #problem: string | null = null;
  /** Null while frames are still captured. */
  #alignmentMs: number | null;

  /** `alignmentMs` null: a capture goes on and ends with `complete`. */
  constructor(checkpointId: number, alignmentMs: number | null) {
    this.checkpointId = checkpointId;
    this.#alignmentMs = alignmentMs;
  }

  /** Null: not complete. */
  get alignmentMs(): number | null {
    return this.#alignmentMs;
  }

  /** Of frames, as saved. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A sentence; null when everything can be saved. */
  get problem(): string | null {
    return this.#problem;
  }

  complete(alignmentMs: number): void {
    this.#alignmentMs = alignmentMs;
  }

  /** Frames that mean nothing later are left out. `uid`: the operator that saves it. */
  add(uid: string, channel: OldChannel, part: InFlightFrame['part'], frame: Frame): void {
    if (!isCarried(frame)) return;
    const { edge, from, to } = channel;
    const element: InFlightFrame = { edge, from, to, part, frame };
    this.#put(this.#frames, uid, element);
  }

  addWatermark(uid: string, watermark: InFlightWatermark): void {
    this.#put(this.#watermarks, uid, watermark);
  }

  partsOf(uid: string): readonly InFlightPart[] {
    const parts: InFlightPart[] = [];
    const frames = this.#frames.get(uid);
    if (frames !== undefined) parts.push({ state: inFlightStates.frames, elements: frames });
    const watermarks = this.#watermarks.get(uid);
    if (watermarks !== undefined) parts.push({ state: inFlightStates.watermarks, elements: watermarks });
    return parts;
  }

  #put(into: Map<string, Uint8Array[]>, uid: string, element: InFlightFrame | InFlightWatermark): void {
    let bytes: Uint8Array;
    try {
      bytes = encodeStateValue(element).slice();
    } catch (error) {
      if (!(error instanceof ValueRefused)) throw error;
      this.#problem ??= `A record in flight at operator "${uid}" cannot be saved: ${error.path.replace(/^\.frame\./, '')} ${error.message}. Take aligned checkpoints, or send plain data.`;
      return;
    }
    const elements = into.get(uid);
    if (elements === undefined) into.set(uid, [bytes]);
    else elements.push(bytes);
    if (into === this.#frames) this.#bytes += bytes.length;
  }
}

/** The records of a batch from `cursor` on. */
export const restOf = ({ values, timestamps }: DataFrame, cursor: number): DataFrame => ({
  kind: 'data',
  values: values.slice(cursor),
  timestamps: timestamps.slice(cursor),
});

const isCarried = (frame: Frame): frame is CarriedFrame =>
  frame.kind === 'data' || frame.kind === 'watermark' || frame.kind === 'idle' || frame.kind === 'active';
