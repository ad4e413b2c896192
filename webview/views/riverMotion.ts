/**
 * Motion between two reports: a barrier glides to where it was last reported (150 ms, ease-out), the water in a basin
 * follows its samples (200 ms, linear), a gate shuts and opens in 120 ms. Nothing here invents a position: without new
 * data everything comes to rest. With reduced motion everything is where it belongs at once.
 */
import type { EdgeView, RiverView } from '../model/river.ts';
import type { ShownBarrier } from './riverCanvas.ts';

interface Glide {
  readonly from: number;
  readonly to: number;
  readonly since: number;
}

interface Travelling {
  readonly edge: string;
  glide: Glide;
  checkpoint: number;
  savepoint: boolean;
  place: ShownBarrier['place'];
  recordsAhead: number | null;
  /** It has left the channel at this moment; shown a little longer, so that a quick one can be seen at all. */
  leftAt: number | null;
}

const barrierMs = 150;
const levelMs = 200;
const gateMs = 120;
const lingerMs = 650;

export class RiverMotion {
  private readonly barriers = new Map<string, Travelling>();
  private readonly levels = new Map<string, Glide>();
  private readonly gates = new Map<string, Glide>();
  private readonly crossed = new Map<string, number>();

  /** Takes new facts in; `now` is the page's clock. */
  follow(view: RiverView, now: number, still: boolean): void {
    const seen = new Set<string>();
    for (const edge of view.edges) {
      for (const barrier of edge.barriers) {
        const key = `${edge.id} ${barrier.checkpoint}`;
        seen.add(key);
        const known = this.barriers.get(key);
        const at =
          known === undefined
            ? barrier.place === 'travelling'
              ? 0
              : barrier.progress
            : value(known.glide, now, barrierMs, easeOut);
        const glide =
          known !== undefined && known.glide.to === barrier.progress
            ? known.glide
            : { from: still ? barrier.progress : at, to: barrier.progress, since: now };
        this.barriers.set(key, { ...barrier, edge: edge.id, glide, leftAt: null });
      }
      this.noticeCrossing(edge, now, still, seen);
      const gate = edge.gate;
      const level =
        gate === null || gate.capacityRecords === 0
          ? 0
          : Math.min(1, gate.bufferedRecords / gate.capacityRecords);
      this.glideTo(this.levels, edge.id, level, now, levelMs, still);
      this.glideTo(this.gates, edge.id, gate === null ? 0 : 1, now, gateMs, still);
    }
    for (const [key, barrier] of this.barriers) {
      if (seen.has(key)) continue;
      barrier.leftAt ??= now;
      if (now - barrier.leftAt > lingerMs) this.barriers.delete(key);
    }
  }

  /** A barrier that came and went between two samples still crosses the edge, in one glide. */
  private noticeCrossing(edge: EdgeView, now: number, still: boolean, seen: Set<string>): void {
    if (edge.crossed === null) return;
    const { checkpoint, savepoint } = edge.crossed;
    const before = this.crossed.get(edge.id);
    this.crossed.set(edge.id, checkpoint);
    // What had crossed when the page was opened is history, not motion.
    if (before === undefined || before >= checkpoint) return;
    const key = `${edge.id} ${checkpoint}`;
    if (seen.has(key)) return;
    const known = this.barriers.get(key);
    const from = still ? 1 : known === undefined ? 0 : value(known.glide, now, barrierMs, easeOut);
    this.barriers.set(key, {
      edge: edge.id,
      checkpoint,
      savepoint,
      place: 'travelling',
      recordsAhead: null,
      glide: { from, to: 1, since: now },
      leftAt: now,
    });
    seen.add(key);
  }

  /** By edge. */
  shown(now: number): ReadonlyMap<string, readonly ShownBarrier[]> {
    const shown = new Map<string, ShownBarrier[]>();
    for (const {
      edge,
      checkpoint,
      savepoint,
      place,
      recordsAhead,
      leftAt,
      glide,
    } of this.barriers.values()) {
      if (leftAt !== null && now - leftAt > lingerMs) continue;
      const barrier = {
        checkpoint,
        savepoint,
        place,
        recordsAhead,
        progress: value(glide, now, barrierMs, easeOut),
      };
      const known = shown.get(edge);
      if (known === undefined) shown.set(edge, [barrier]);
      else known.push(barrier);
    }
    return shown;
  }

  level(edge: string, now: number): number {
    return value(this.levels.get(edge), now, levelMs, linear);
  }

  shut(edge: string, now: number): number {
    return value(this.gates.get(edge), now, gateMs, linear);
  }

  /** Whether the next frame would differ from this one. */
  moving(now: number): boolean {
    const busy = (glides: Iterable<Glide>, ms: number) =>
      [...glides].some(({ from, to, since }) => from !== to && now - since < ms + 20);
    return (
      [...this.barriers.values()].some(
        ({ leftAt, glide }) =>
          (leftAt !== null && now - leftAt <= lingerMs + 20) ||
          (glide.from !== glide.to && now - glide.since < barrierMs + 20),
      ) ||
      busy(this.levels.values(), levelMs) ||
      busy(this.gates.values(), gateMs)
    );
  }

  private glideTo(
    glides: Map<string, Glide>,
    key: string,
    to: number,
    now: number,
    ms: number,
    still: boolean,
  ): void {
    const known = glides.get(key);
    if (known?.to === to) return;
    glides.set(key, {
      from: still || known === undefined ? to : value(known, now, ms, linear),
      to,
      since: now,
    });
  }
}

function value(glide: Glide | undefined, now: number, ms: number, ease: (t: number) => number): number {
  if (glide === undefined) return 0;
  const t = Math.min(1, Math.max(0, (now - glide.since) / ms));
  return glide.from + (glide.to - glide.from) * ease(t);
}

const linear = (t: number) => t;
const easeOut = (t: number) => 1 - (1 - t) ** 3;
