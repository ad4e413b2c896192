/** JSON Lines: one JSON value per line. Empty lines are skipped. */
import type { Sink } from '../operators/sink.ts';
import type { Source } from '../operators/source.ts';
import { fileSink, type PartCommittable } from './fileSink.ts';
import type { PartFormat } from './fileSinkWriter.ts';
import { type FileFormat, type FileSourceOptions, fileSource } from './fileSource.ts';

const records: FileFormat<unknown> = {
  name: 'jsonl',
  quoted: false,
  header: false,
  parse(text) {
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw new Error('is no JSON');
    }
  },
};

const parts: PartFormat<unknown> = {
  name: 'jsonl',
  extension: 'jsonl',
  header: () => null,
  encode(value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new Error(`A ${typeof value} cannot be written as JSON.`);
    return `${text}\n`;
  },
};

/**
 * Reads one file, several, or a pattern such as `'logs/*.jsonl'`; each file is a split. `T` is what the author says the
 * lines are: it is not checked.
 */
export function source<T>(paths: string | readonly string[], options: FileSourceOptions = {}): Source<T> {
  return fileSource(paths, records as FileFormat<T>, options);
}

/** Writes `part-<subtask>-<counter>.jsonl` files into a directory, each record exactly once. */
export function sink<T = unknown>(directory: string): Sink<T, PartCommittable> {
  return fileSink<T>(directory, parts as PartFormat<T>);
}
