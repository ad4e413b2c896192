/** Plain text: one record per line, without its line feed. */
import type { Sink } from '../operators/sink.ts';
import type { Source } from '../operators/source.ts';
import { fileSink, type PartCommittable } from './fileSink.ts';
import { type FileSourceOptions, fileSource } from './fileSource.ts';

/** Reads one file, several, or a pattern such as `'logs/*.log'`; each file is a split. */
export function source(paths: string | readonly string[], options: FileSourceOptions = {}): Source<string> {
  return fileSource(paths, { name: 'text', quoted: false, header: false, parse: (line) => line }, options);
}

/** Writes `part-<subtask>-<counter>.txt` files into a directory, each line exactly once. */
export function sink(directory: string): Sink<string, PartCommittable> {
  return fileSink<string>(directory, {
    name: 'text',
    extension: 'txt',
    header: () => null,
    encode(line) {
      if (typeof line !== 'string') throw new Error(`A text sink takes strings, not a ${typeof line}.`);
      if (line.includes('\n')) throw new Error('A line of a text sink cannot contain a line feed.');
      return `${line}\n`;
    },
  });
}
