/** A source of one's own: the lines of gzip files in a directory, each file a split. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Source, SourceError } from 'sluice';

export interface GzipOptions {
  /** How often to look for new files; the job then never ends by itself. Default: never. */
  readonly discoverEveryMs?: number;
}

export function gzipLines(directory: string, options: GzipOptions = {}): Source<string> {
  return {
    name: `gzip ${directory}`,
    bounded: options.discoverEveryMs === undefined,
    ...options,

    // Every subtask lists all of them; which are its own is not decided here.
    splits: () => readdirSync(directory).filter((name) => name.endsWith('.gz')),

    // A reader for each split. `from` is what a snapshot knows of it.
    openSplit(name, from) {
      const lines = linesOf(join(directory, name));
      let next = from?.offset ?? 0;
      return {
        poll(emit, budget) {
          for (let left = budget; left > 0 && next < lines.length; left--) {
            // The record is taken in any case: `next` has moved on before anything else can happen.
            if (!emit(lines[next++] as string)) return { status: 'more' };
          }
          return next < lines.length ? { status: 'more' } : { status: 'finished' };
        },
        position: () => ({ offset: next, resume: null, finished: next === lines.length }),
        close() {},
      };
    },
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return gunzipSync(readFileSync(path)).toString('utf8').split('\n').slice(0, -1);
  } catch (error) {
    throw new SourceError(`${path} cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
}
