/** The machine's clocks, for the engine, which has none of its own. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/clock.ts';

/** `performance.now()` counts from the start of each thread; the kernel's clock is one for all of them. */
const threadStartMs = (() => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6 - performance.now();
})();

export const machineClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => threadStartMs + performance.now(),
};
