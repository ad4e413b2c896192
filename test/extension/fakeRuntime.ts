/**
 * A runtime process without a runtime: it keeps to `launch.ts` (a request on stdin, reports on stdout, gone when
 * stdin ends) and serves a scripted engine. The name of the pipeline file says how it behaves: `stall.ts` is the
 * scenario `stall`, `no-compile.ts` is refused, `deaf.ts` ignores the end of its stdin, `mute.ts` says nothing.
 */

import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { type LaunchReport, launchRequest } from '../../runtime/protocol/launch.ts';
import { startFakeServer } from '../fakeEngine/fakeServer.ts';
import { type ScenarioName, scenario, scenarioNames } from '../fakeEngine/scenarios.ts';

const report = (line: LaunchReport) => void process.stdout.write(`${JSON.stringify(line)}\n`);

const input = createInterface({ input: process.stdin });
input.once('line', (line) => void main(line));

async function main(line: string): Promise<void> {
  const request = launchRequest.parse(JSON.parse(line));
  const name = request.job === null ? 'no-job' : basename(request.job.pipelineFile, '.ts');
  if (name === 'deaf') setInterval(() => {}, 1_000);
  else input.on('close', () => process.exit(0));
  if (name === 'mute') return;
  console.error(`A line for people from ${name}.`);

  const engine = scenario(scenarioNames.includes(name as ScenarioName) ? (name as ScenarioName) : 'running');
  const server = await startFakeServer(engine, 0, request.token);
  server.realTime();
  report({ type: 'listening', port: server.port, pid: process.pid, runtimeVersion: '0.0.0-fake' });
  if (request.job === null) return;
  if (name === 'no-compile') {
    const message = `${basename(request.job.pipelineFile)}:3:5 does not compile: Expected ")" but found ";".`;
    const location = { file: request.job.pipelineFile, line: 3, column: 5 };
    report({
      type: 'failed',
      failure: { kind: 'does-not-compile', message, exitCode: 1, location, exception: null, preflight: null },
    });
    process.exit(1);
  }
  const startedEmpty = request.job.from === null;
  report({ type: 'planned', job: engine.job.name, fingerprint: 'f', restoredFrom: null, startedEmpty });
  report({ type: 'running', at: engine.now });
}
