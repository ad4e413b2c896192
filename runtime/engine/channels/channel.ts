/**
 * The two ends of a channel. Both kinds (a queue inside a thread, a ring between threads) behave the same:
 * - C1. What was accepted comes out once, in order.
 * - C2. Data is accepted only while there is room; control frames have reserved room and are accepted even when full, until
 *   that is used up too (a user who asks for one savepoint after the other while nothing is read).
 * - C3. Positions count frames since the channel was made; reading never passes the writer.
 * - C4. An announcement is seen by whoever sees a frame that was written after it. So a reader that looks for announcements
 *   before each frame never reads beyond an announced position without knowing.
 */
import type { Barrier } from '../../checkpoint/barrier.ts';
import type { Frame } from './frame.ts';

/** A barrier that may overtake what lies before it in the channel, told beside the frames. */
export interface Announcement {
  readonly barrier: Barrier;
  /** Frames written before it: what the receiver has not read of these is in flight. */
  readonly position: number;
}

export interface ChannelWriter {
  readonly channel: number;
  /** Room for one full batch. A task takes input only while all of its channels answer yes. */
  hasRoom(): boolean;
  /**
   * `full`: no room now, the frame was not taken. `too-large`: it would not even fit into an empty channel; offer it
   * again in smaller batches.
   */
  offer(frame: Frame): 'taken' | 'full' | 'too-large';
  /** Tells the reader of a barrier, ahead of every frame that is still unread. A newer announcement replaces it. */
  announce(announcement: Announcement): void;
  /** Frames written so far. */
  writtenPosition(): number;
}

export interface ChannelReader {
  readonly channel: number;
  /** The next frame, consumed; null when there is none now. */
  take(): Frame | null;
  /** True when `take` would answer a frame. */
  hasFrame(): boolean;
  /** Kind of the next frame without consuming it; null when there is none. */
  nextKind(): Frame['kind'] | null;
  /** The newest announcement that was not answered yet; null when there is none. */
  takeAnnouncement(): Announcement | null;
  /** The frames that lie before a position that was announced, in order, without consuming them. */
  peek(until: number): readonly Frame[];
  /** Frames taken so far. */
  readPosition(): number;
  /** Frames written so far. */
  writtenPosition(): number;
}
