/** A bounded source over an array: for tests and first steps. */
import type { Source } from '../operators/source.ts';

export function collection<T>(values: readonly T[], options: { readonly name?: string } = {}): Source<T> {
  return {
    name: options.name ?? 'collection',
    bounded: true,
    splits: () => ['all'],
    example: () => values[0],
    openSplit(_split, from) {
      let next = from?.offset ?? 0;
      return {
        poll(emit, budget) {
          for (let left = budget; left > 0 && next < values.length; left--) {
            if (!emit(values[next++] as T)) return { status: 'more' };
          }
          return next < values.length ? { status: 'more' } : { status: 'finished' };
        },
        position: () => ({ offset: next, resume: null, finished: next >= values.length }),
        close() {},
      };
    },
  };
}
