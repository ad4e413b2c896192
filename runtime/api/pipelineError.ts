/**
 * Something is wrong with a pipeline as it is written: one sentence with the operator and the line.
 *
 * The line is one of the bundle. Whoever has the source map asks `explain` for the sentence with the line of the source.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';

/** A sentence in pieces: text, and the places that are named in it. */
export type SentencePart = string | SourceLocation | null;

export class PipelineError extends Error {
  override name = 'PipelineError';
  /** The place to show to the author. */
  readonly location: SourceLocation | null;
  readonly #parts: readonly SentencePart[];

  constructor(location: SourceLocation | null, ...parts: readonly SentencePart[]) {
    super(render(parts, (place) => place));
    this.location = location;
    this.#parts = parts;
  }

  /** The sentence with every place mapped; a place that cannot be mapped is left as it is. */
  explain(map: (location: SourceLocation) => SourceLocation | null): string {
    return render(this.#parts, (place) => map(place) ?? place);
  }
}

/** Does something for an author who called from `location`: what is wrong with it is told with that place. */
export function located<T>(location: SourceLocation | null, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.location !== null) throw error;
    throw new PipelineError(location, error.message, location);
  }
}

function render(parts: readonly SentencePart[], map: (location: SourceLocation) => SourceLocation): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      if (part === null) return '';
      const { file, line } = map(part);
      return ` (${file.replace(/^file:\/\//, '')}:${line})`;
    })
    .join('');
}
