/** A sink that takes everything and keeps nothing: what is measured is what comes before it. */
import type { Sink } from 'sluice';

export function discard<T>(): Sink<T> {
  return {
    name: 'discard',
    guarantee: 'at-least-once',
    createWriter: () => ({
      open: () => undefined,
      write: () => undefined,
      prepareCommit: () => [],
      writerState: () => null,
      close: () => undefined,
    }),
    createCommitter: () => null,
  };
}
