/**
 * What a plan, and every snapshot of it, says of an operator's windows, so that a savepoint can show what it holds as windows
 * and not as numbers: state keeps only where each of them begins. Sessions end where their own state says.
 */
interface OfTime {
  /** Whether the windows are of the records' own time or of the machine's clock. */
  readonly time: 'event' | 'processing';
  /** How long after its end a window takes late records. */
  readonly latenessMs: number;
}

export type WindowDescription =
  | (OfTime & { readonly type: 'tumbling'; readonly sizeMs: number; readonly offsetMs: number })
  | (OfTime & {
      readonly type: 'sliding';
      readonly sizeMs: number;
      /** From the start of one window to that of the next. */
      readonly slideMs: number;
      readonly offsetMs: number;
    })
  | (OfTime & { readonly type: 'session' })
  | { readonly type: 'global' };
