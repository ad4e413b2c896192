/**
 * The two ends of a channel. Both kinds (a queue inside a thread, a ring between threads) behave the same:
 * - C1. What was accepted comes out once, in order.
 * - C2. Data is accepted only while there is room; control frames have reserved room and are accepted even when full, until
 *   that is used up too (a user who asks for one savepoint after the other while nothing is read).
 * - C3. Positions count frames since the channel was made; reading never passes the writer.
 */
import type { Frame } from './frame.ts';

export interface ChannelWriter {
  readonly channel: number;
  /** Room for one full batch. A task takes input only while all of its channels answer yes. */
  hasRoom(): boolean;
  /**
   * `full`: no room now, the frame was not taken. `too-large`: it would not even fit into an empty channel; offer it
   * again in smaller batches.
   */
  offer(frame: Frame): 'taken' | 'full' | 'too-large';
}

export interface ChannelReader {
  readonly channel: number;
  /** The next frame, consumed; null when there is none now. */
  take(): Frame | null;
  /** True when `take` would answer a frame. */
  hasFrame(): boolean;
  /** Kind of the next frame without consuming it; null when there is none. */
  nextKind(): Frame['kind'] | null;
  /** Frames taken so far. */
  readPosition(): number;
  /** Frames written so far. */
  writtenPosition(): number;
}
