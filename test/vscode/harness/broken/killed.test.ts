/** A run that must not be green: the extension host dies in the middle of it. `run.ts` checks that it notices. */
import { test } from '../testing.ts';

test('a test that passes', () => undefined);

test('a test that kills the extension host', () => {
  process.kill(process.pid, 'SIGKILL');
});
