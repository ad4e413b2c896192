/** How a process ended and why a job failed, in one sentence for people. */
import type { ProcessExit } from '../supervisor/supervision.ts';
import type { Say } from './say.ts';

export function exitText({ code, signal, lastWords }: ProcessExit, say: Say): string {
  if (signal !== null) return say('it was ended by {0}', signal);
  if (code !== null) return lastWords === null ? say('it ended with exit code {0}', code) : lastWords;
  return lastWords ?? say('it could not be started');
}
