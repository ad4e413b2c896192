/**
 * The runtime process. Its supervisor writes one request and holds the other end of stdin; when that end goes, however it
 * goes, this process is gone within 5 s, whatever the author's code does in its threads.
 *
 * stdout carries reports and nothing else. Ctrl-C in a terminal reaches every process of the group; here it is left to the
 * supervisor, which asks for a savepoint first.
 */
import { createInterface } from 'node:readline';
import { type LaunchReport, type LaunchRequest, launchRequest } from '../protocol/launch.ts';
import { killSelf } from './failpoints.ts';
import { launchFailure } from './launchFailure.ts';
import { supervisorProcess } from './processIdentity.ts';
import { Runtime } from './runtime.ts';

/** From the end of stdin on. A paused or looping thread cannot be ended from inside. */
const stopWithinMs = 4_000;

let runtime: Runtime | null = null;
let isStopping = false;

process.title = 'sluice runtime';
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void stop(0));
process.on('SIGHUP', () => void stop(0));
process.on('uncaughtException', (error) => {
  fail(`The runtime failed: ${error.stack ?? error.message}`);
});
// A supervisor that is gone reads no more reports; the end of stdin says the same.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => void start(line));
process.stdin.on('end', () => void stop(0));
process.stdin.on('error', () => void stop(0));

async function start(line: string): Promise<void> {
  const request = parse(line);
  if (request === null) {
    process.exitCode = 2;
    report({
      type: 'failed',
      failure: launchFailure('internal', 'The launch request is not valid.', { exitCode: 2 }),
    });
    process.exit();
  }
  runtime = new Runtime({ request, supervisor: supervisorProcess(), report, onStuck: fail });
  const isStarted = await runtime.start();
  if (!isStarted) await stop(1);
}

async function stop(exitCode: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  setTimeout(killSelf, stopWithinMs).unref();
  await runtime?.stop();
  process.exit(exitCode);
}

/** Without a goodbye: the supervisor takes it for a crash and starts another one. */
function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`, () => killSelf());
  setTimeout(killSelf, 200);
}

function report(message: LaunchReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function parse(line: string): LaunchRequest | null {
  try {
    const parsed = launchRequest.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
