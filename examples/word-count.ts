/**
 * Word count over a growing file: a job without an end.
 *
 *   node examples/append.ts            writes airport names into out/airport-names.txt, a few a second
 *   sluice run examples/word-count.ts  counts their words as they come
 *
 * What to look at: stop it with Ctrl-C, which takes a savepoint, let the file grow on, and start again with
 * `--from latest`: it goes on at the byte where it stood. Half a line at the end of the file waits for its other half.
 * Each word's count is written whenever it changes, so the highest count of a word is the newest.
 */
import { pipeline } from 'sluice';
import { jsonl, text } from 'sluice/connectors';

export default pipeline('word-count', (env) => {
  env.checkpoints({ interval: '1 s' });

  env
    .fromSource(text.source('out/airport-names.txt', { follow: true }), { uid: 'lines' })
    .flatMap((line) => line.toLowerCase().match(/\p{L}+/gu) ?? [], { uid: 'words' })
    .map((word) => ({ word, count: 1 }), { uid: 'ones' })
    .keyBy((counted) => counted.word)
    .reduce((left, right) => ({ word: left.word, count: left.count + right.count }), { uid: 'counts' })
    .sinkTo(jsonl.sink('out/word-count'), { uid: 'out' });
});
