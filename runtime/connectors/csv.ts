/** CSV as in RFC 4180: a header, quoted fields that may contain separators, quotes and line feeds. */
import type { Sink } from '../operators/sink.ts';
import { type Source, SourceError } from '../operators/source.ts';
import { formatCsvRecord, parseCsvRecord } from './csvRecord.ts';
import { fileSink, type PartCommittable } from './fileSink.ts';
import { type FileSourceOptions, fileSource } from './fileSource.ts';

/** Fields by column, as text: CSV knows no types. */
export type CsvRow = Readonly<Record<string, string>>;

export interface CsvSourceOptions extends FileSourceOptions {
  /** Default: a comma. */
  readonly separator?: string;
  /** For files without a header; with a header, its names are the columns. */
  readonly columns?: readonly string[];
}

/** Reads one file, several, or a pattern such as `'data/*.csv'`; each file is a split and has its own header. */
export function source(paths: string | readonly string[], options: CsvSourceOptions = {}): Source<CsvRow> {
  const { separator = ',', columns, ...rest } = options;
  if (separator.length !== 1 || /["\r\n]/.test(separator)) {
    throw new SourceError(`A CSV separator is one character, not ${JSON.stringify(separator)}.`);
  }
  // One header at a time: the readers of a thread take turns, each with its own file.
  let lastHeader: string | null = null;
  let lastColumns: readonly string[] = columns ?? [];
  return fileSource(
    paths,
    {
      name: 'csv',
      quoted: true,
      header: columns === undefined,
      parse(text, header) {
        if (text === '') return undefined;
        if (header !== null && header !== lastHeader) {
          lastColumns = parseCsvRecord(header, separator);
          lastHeader = header;
        }
        const fields = parseCsvRecord(text, separator);
        if (fields.length !== lastColumns.length) {
          throw new Error(`has ${fields.length} fields where there are ${lastColumns.length} columns`);
        }
        return rowOf(lastColumns, fields);
      },
    },
    rest,
  );
}

export interface CsvSinkOptions {
  /** Default: a comma. */
  readonly separator?: string;
  /** Which properties, in which order. Default: those of the first record of each part. */
  readonly columns?: readonly string[];
}

/** Writes `part-<subtask>-<counter>.csv` files with a header into a directory, each record exactly once. */
export function sink(directory: string, options: CsvSinkOptions = {}): Sink<object, PartCommittable> {
  const { separator = ',' } = options;
  return fileSink<object>(directory, () => {
    let columns = options.columns ?? [];
    return {
      name: 'csv',
      extension: 'csv',
      header(first) {
        columns = options.columns ?? Object.keys(first);
        return `${formatCsvRecord(columns, separator)}\n`;
      },
      encode(value) {
        const record = value as Readonly<Record<string, unknown>>;
        return `${formatCsvRecord(
          columns.map((column) => record[column]),
          separator,
        )}\n`;
      },
    };
  });
}

function rowOf(columns: readonly string[], fields: readonly string[]): CsvRow {
  const row: Record<string, string> = {};
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index] as string;
    const field = fields[index] as string;
    // A column of this name must become a property, not the prototype.
    if (column === '__proto__') Object.defineProperty(row, column, { value: field, enumerable: true });
    else row[column] = field;
  }
  return row;
}
