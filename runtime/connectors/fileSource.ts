/**
 * A source of text files: one split per file, read record by record; bounded, or following files that grow and patterns
 * that new files come to match.
 *
 * The state of a split is the byte at which the next record begins. When it follows a file, a half written last line
 * waits for its end, and a file that became shorter than what was already read is an error: somebody emptied it, and
 * what is in it now is not the continuation of what the snapshots know.
 */
import { FileError, type ReadableFile } from '../operators/files.ts';
import {
  type PollResult,
  type Source,
  type SourceContext,
  SourceError,
  type SplitPosition,
  type SplitReader,
} from '../operators/source.ts';
import { filesNow, filesOf, isPattern } from './filePaths.ts';
import { Pace } from './pace.ts';
import { type Cut, RecordCutter, recordBytesMax } from './recordCutter.ts';

export interface FileSourceOptions {
  /** Goes on reading what is appended to the files; the job then never ends by itself. Default false. */
  readonly follow?: boolean;
  /**
   * How often to look for new files that match a pattern; each is read from its start, and the job never ends by itself. A file
   * must be there with all its lines unless it is followed: move it in when it is written. Default: with `follow` and a
   * pattern 1000, otherwise never.
   */
  readonly discoverEveryMs?: number;
  /** How often a file that is followed is looked at. Default 100. */
  readonly pollIntervalMs?: number;
  /** How many records a second each file gives at most, by the clock: to watch a small file. Default: as they are taken. */
  readonly perSecond?: number;
}

/** How records become values: the part in which the formats differ. */
export interface FileFormat<T> {
  readonly name: string;
  /** Line feeds within quotes belong to the record. */
  readonly quoted: boolean;
  /** The first record says what the columns are called. */
  readonly header: boolean;
  /** Undefined for a record that is none, such as an empty line. Throws an Error that says what is wrong with the text. */
  parse(text: string, header: string | null): T | undefined;
}

export function fileSource<T>(
  paths: string | readonly string[],
  format: FileFormat<T>,
  options: FileSourceOptions = {},
): Source<T> {
  const list = typeof paths === 'string' ? [paths] : [...paths];
  const hasPattern = list.some(isPattern);
  const { follow = false, pollIntervalMs = 100, perSecond = Number.POSITIVE_INFINITY } = options;
  const discoverEveryMs = options.discoverEveryMs ?? (follow && hasPattern ? lookEveryMs : undefined);
  if (list.length === 0) throw new SourceError(`A ${format.name} source needs at least one file.`);
  if (!(pollIntervalMs > 0))
    throw new SourceError(`pollIntervalMs must be above zero, not ${pollIntervalMs}.`);
  if (!(perSecond > 0)) throw new SourceError(`perSecond must be above zero, not ${perSecond}.`);
  if (discoverEveryMs !== undefined && !(discoverEveryMs > 0))
    throw new SourceError(`discoverEveryMs must be above zero, not ${discoverEveryMs}.`);
  if (discoverEveryMs !== undefined && !hasPattern) {
    throw new SourceError(
      `No new file can come to match ${list.join(', ')}: discoverEveryMs wants a pattern such as 'logs/*.jsonl'.`,
    );
  }
  return {
    name: `${format.name} ${list.join(', ')}`,
    bounded: !follow && discoverEveryMs === undefined,
    ...(discoverEveryMs === undefined ? {} : { discoverEveryMs }),
    requiredFiles: list.filter((path) => !isPattern(path)),
    splits: ({ files }) => (discoverEveryMs === undefined ? filesOf(list, files) : filesNow(list, files)),
    openSplit: (path, from, context) =>
      new FileReader<T>(path, from, context, format, { followMs: follow ? pollIntervalMs : null, perSecond }),
  };
}

/** Where a pattern is followed and the author says nothing else. */
const lookEveryMs = 1_000;

interface Resume {
  readonly byte: number;
  readonly line: number;
  readonly header: string | null;
}

class FileReader<T> implements SplitReader<T> {
  readonly #path: string;
  readonly #context: SourceContext;
  readonly #format: FileFormat<T>;
  /** Null: the file is complete. */
  readonly #followMs: number | null;
  readonly #pace: Pace;
  readonly #offsetAtOpen: number;
  readonly #file: ReadableFile;
  readonly #cutter: RecordCutter;
  #header: string | null;
  /** Where the record at hand begins, for messages. */
  #line = 1;
  #offset: number;
  #finished: boolean;

  constructor(
    path: string,
    from: SplitPosition | null,
    context: SourceContext,
    format: FileFormat<T>,
    { followMs, perSecond }: { readonly followMs: number | null; readonly perSecond: number },
  ) {
    const resume = from?.resume as Resume | null | undefined;
    this.#path = path;
    this.#context = context;
    this.#format = format;
    this.#followMs = followMs;
    this.#file = open(path, context);
    this.#header = resume?.header ?? null;
    this.#offset = from?.offset ?? 0;
    this.#offsetAtOpen = this.#offset;
    this.#pace = new Pace(perSecond, context.clock);
    this.#finished = from?.finished ?? false;
    const at = resume?.byte ?? 0;
    this.#cutter = new RecordCutter(this.#file, { at, lines: resume?.line ?? 0, quoted: format.quoted });
    this.#refuseTruncated();
  }

  poll(emit: (value: T) => boolean, budget: number): PollResult {
    if (this.#finished) return { status: 'finished' };
    // Records that are none (empty lines) count too: a poll has a bound.
    const due = this.#offsetAtOpen + this.#pace.due();
    for (let read = 0; read < budget; read++) {
      if (this.#offset >= due) {
        return { status: 'waiting', at: this.#pace.dueAt(this.#offset + 1 - this.#offsetAtOpen) };
      }
      this.#line = this.#cutter.lines + 1;
      const cut = this.#cutter.next();
      if (cut.type === 'end') {
        if (this.#followMs !== null) return this.#wait(this.#followMs);
        this.#finished = true;
        if (cut.halfBytes > 0) this.#take(this.#cutter.rest(), emit);
        return { status: 'finished' };
      }
      if (!this.#take(cut, emit)) return { status: 'more' };
    }
    return { status: 'more' };
  }

  position(): SplitPosition {
    const resume: Resume = { byte: this.#cutter.position, line: this.#cutter.lines, header: this.#header };
    return { offset: this.#offset, resume, finished: this.#finished };
  }

  close(): void {
    this.#file.close();
  }

  /** False when the outputs are full. */
  #take(cut: Cut, emit: (value: T) => boolean): boolean {
    switch (cut.type) {
      case 'too-long':
        return this.#refuse(`begins a record of more than ${recordBytesMax / 1024 / 1024} MiB`);
      case 'malformed':
        return this.#refuse('is no UTF-8');
      case 'end':
        return true;
      case 'record': {
        const text = this.#line === 1 ? cut.text.replace(/^\uFEFF/, '') : cut.text;
        if (this.#format.header && this.#header === null) {
          this.#header = text;
          return true;
        }
        const value = this.#parse(text);
        if (value === undefined) return true;
        this.#offset++;
        return emit(value);
      }
    }
  }

  #parse(text: string): T | undefined {
    try {
      return this.#format.parse(text, this.#header);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const shown = text.length > 120 ? `${text.slice(0, 120)}…` : text;
      return this.#refuse(`${problem}: ${shown}`);
    }
  }

  #wait(pollIntervalMs: number): PollResult {
    this.#refuseTruncated();
    return { status: 'waiting', at: this.#context.clock.now() + pollIntervalMs };
  }

  #refuseTruncated(): void {
    const size = this.#file.size();
    const { position } = this.#cutter;
    if (size >= position) return;
    throw new SourceError(
      `${this.#path} has ${size} bytes, but ${position} were already read: it was truncated or replaced. ` +
        'Put the file back, or start the job without the old state.',
    );
  }

  #refuse(problem: string): never {
    throw new SourceError(`${this.#path} line ${this.#line} ${problem}`);
  }
}

function open(path: string, context: SourceContext): ReadableFile {
  try {
    return context.files.openRead(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const problem = error.code === 'not-found' ? `Source file ${path} does not exist.` : error.message;
    throw new SourceError(problem);
  }
}
