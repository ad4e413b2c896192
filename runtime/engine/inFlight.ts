/**
 * What is in flight at a subtask's cut of an unaligned checkpoint: the frames that its barrier has overtaken. They belong to
 * the checkpoint because the sender counts them as sent and the receiver has not seen them. Two sides save them, each what
 * lies on its side of the announcement:
 *
 *   sender's overflow list │ channel ........................ │ receiver
 *     [f7 f8]              │ f6 f5 f4   (announced before f7) │ f3 …        snapshot at ║
 *     saved as 'sent'      │ saved as 'received'              │ per channel: the watermark that f1 to f3 had brought
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

const inFlightParts = ['received', 'sent', 'watermarks'] as const;
type Part = (typeof inFlightParts)[number];

export class InFlight {
  readonly checkpointId: number;
  /** By operator. */
  readonly #elements = {
    received: new Map<string, Uint8Array[]>(),
    sent: new Map<string, Uint8Array[]>(),
    watermarks: new Map<string, Uint8Array[]>(),
  };
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
  add(uid: string, channel: OldChannel, part: 'received' | 'sent', frame: Frame): void {
    if (!isCarried(frame)) return;
    const { edge, from, to } = channel;
    const element: InFlightFrame = { edge, from, to, frame };
    this.#bytes += this.#put(part, uid, element);
  }

  addWatermark(uid: string, watermark: InFlightWatermark): void {
    this.#put('watermarks', uid, watermark);
  }

  partsOf(uid: string): readonly InFlightPart[] {
    return inFlightParts.flatMap((part) => {
      const elements = this.#elements[part].get(uid);
      return elements === undefined ? [] : [{ state: inFlightStates[part], elements }];
    });
  }

  /** Answers the bytes. */
  #put(part: Part, uid: string, element: InFlightFrame | InFlightWatermark): number {
    let bytes: Uint8Array;
    try {
      bytes = encodeStateValue(element).slice();
    } catch (error) {
      if (!(error instanceof ValueRefused)) throw error;
      this.#problem ??= `A record in flight at operator "${uid}" cannot be saved: ${error.path.replace(/^\.frame\./, '')} ${error.message}. Take aligned checkpoints, or send plain data.`;
      return 0;
    }
    const elements = this.#elements[part].get(uid);
    if (elements === undefined) this.#elements[part].set(uid, [bytes]);
    else elements.push(bytes);
    return bytes.length;
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
