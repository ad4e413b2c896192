/** When the extension host goes away, however it goes, no runtime is left behind within 5 s. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const standIn = fileURLToPath(new URL('extensionHostStandIn.ts', import.meta.url));

let folder = '';
let host: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
});
afterEach(() => {
  host?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A pipeline whose operator does `work` on every record; answers with the runtime's pid. */
async function startHost(work: string): Promise<number> {
  const numbers = Array.from({ length: 5_000 }, (_, index) => JSON.stringify({ index })).join('\n');
  writeFileSync(join(folder, 'numbers.jsonl'), `${numbers}\n`);
  const file = join(folder, 'numbers.ts');
  writeFileSync(
    file,
    `import { pipeline } from 'sluice';
import { jsonl } from 'sluice/connectors';
export default pipeline('numbers', (env) => {
  env.fromSource(jsonl.source<{ index: number }>('numbers.jsonl', { perSecond: 50 }), { uid: 'numbers' })
    .map((record) => { ${work} return record; }, { uid: 'work' })
    .sinkTo(jsonl.sink('out'), { uid: 'out' });
});
`,
  );
  host = spawn(process.execPath, [standIn, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  host.stderr?.on('data', (data) => {
    errors += data;
  });
  const [line] = await Promise.race([
    once(createInterface({ input: host.stdout! }), 'line'),
    once(host, 'exit').then(() => Promise.reject(new Error(errors))),
  ]);
  return Number(line);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each([
  ['is killed', 'SIGKILL', ''],
  ['is ended', 'SIGTERM', ''],
  ['is killed while an operator loops for ever', 'SIGKILL', 'if (record.index > 10) for (;;);'],
] as const)('an extension host that %s takes its runtime with it', async (_, signal, work) => {
  const pid = await startHost(work);
  expect(isAlive(pid)).toBe(true);
  if (work !== '') await delay(1_000);
  host?.kill(signal);
  const killedAt = performance.now();
  while (isAlive(pid) && performance.now() - killedAt < 10_000) await delay(50);
  expect(performance.now() - killedAt).toBeLessThan(5_000);
});
