/**
 * What the author's code prints in a worker thread, line by line. It must not reach the process's own stdout, which
 * carries reports to the supervisor.
 */
import type { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';

const lineBytesMax = 16_384;

/** The worker was made with `stdout` and `stderr`. */
export function forwardOutput(worker: Worker, print: (text: string, isError: boolean) => void): void {
  splitLines(worker.stdout, (line) => print(line, false));
  splitLines(worker.stderr, (line) => print(line, true));
}

function splitLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.slice(0, lineBytesMax));
    if (rest.length > lineBytesMax) {
      take(rest.slice(0, lineBytesMax));
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
