/**
 * The frames of the page: whoever has something to draw asks here, all are drawn in the same frame, and `framePace.ts`
 * says when that is.
 */
import { FramePace } from './framePace.ts';

const pace = new FramePace();
const waiting = new Set<() => void>();
const afterwards = new MessageChannel();
let timer: ReturnType<typeof setTimeout> | null = null;
/** When the timer, or the frame behind it, is due. */
let dueAt = Number.POSITIVE_INFINITY;
let isAsked = false;

afterwards.port1.onmessage = () => pace.ended(performance.now());

/**
 * Draws once, as soon as that leaves time for everything else, and not before `leastMs` after the last frame. What was
 * asked for already is not asked for twice.
 */
export function requestFrame(draw: () => void, leastMs = 0): void {
  waiting.add(draw);
  if (isAsked) return;
  const now = performance.now();
  const pause = pace.pauseMs(now, leastMs);
  if (timer !== null) {
    if (now + pause >= dueAt) return;
    clearTimeout(timer);
    timer = null;
  }
  if (pause === 0) {
    ask();
    return;
  }
  dueAt = now + pause;
  timer = setTimeout(ask, pause);
}

function ask(): void {
  timer = null;
  isAsked = true;
  pace.asked(performance.now());
  requestAnimationFrame(drawAll);
}

function drawAll(): void {
  isAsked = false;
  pace.began(performance.now());
  const draws = [...waiting];
  waiting.clear();
  // Behind the frame: it comes when the page has laid out and painted.
  afterwards.port2.postMessage(null);
  for (const draw of draws) draw();
}
