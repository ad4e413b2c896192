/**
 * Says each record in the job's log: for first steps. At-least-once: after a failure records are said again, since what
 * was read by somebody cannot be taken back.
 */
import { type Sink, type SinkContext, SinkError } from '../operators/sink.ts';

/** `prefix` stands before each record. */
export function consoleSink(options: { readonly prefix?: string } = {}): Sink<unknown> {
  const prefix = options.prefix === undefined ? '' : `${options.prefix} `;
  return {
    name: 'console',
    guarantee: 'at-least-once',
    createWriter() {
      let context: SinkContext | null = null;
      return {
        open(opened) {
          context = opened;
        },
        write(value) {
          if (context === null) throw new SinkError('A console sink was written to before it was opened.');
          context.log('info', `${prefix}${typeof value === 'string' ? value : JSON.stringify(value)}`);
        },
        prepareCommit: () => [],
        writerState: () => null,
        close() {},
      };
    },
    createCommitter: () => null,
  };
}
