/** A process that holds a lock: `lockHolder.ts <directory> <supervisor's process id | null>`; `stop in <ms>` on stdin ends it. */
import { createInterface } from 'node:readline';
import { lockDirectory } from '../../runtime/host/lock.ts';

const [directory = '', supervisor = 'null'] = process.argv.slice(2);
const outcome = await lockDirectory(directory, {
  job: 'other',
  supervisor: supervisor === 'null' ? null : { pid: Number(supervisor), startTicks: null },
  now: 123,
  patienceMs: 0,
});
console.log(outcome.ok ? 'holds' : 'lost');
createInterface({ input: process.stdin }).on('line', (line) => {
  if (outcome.ok) outcome.lock.announceStopping();
  setTimeout(() => process.exit(), Number(/\d+/.exec(line)?.[0] ?? 0));
});
