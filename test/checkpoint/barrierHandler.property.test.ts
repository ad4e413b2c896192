/**
 * Whole gates under random programs: three channels with barriers, savepoints, cancellations and ends, a reader that
 * sleeps now and then, timers, notices. Whatever happens, a snapshot is what lies before its barriers.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../runtime/base/random.ts';
import { GateModel } from '../conformance/gateModel.ts';
import { checkCuts } from './cuts.ts';

const seed = 1_337;

/** What each id is, on every channel alike: B aligned, S savepoint, U unaligned. */
function programOf(random: Random, channel: number, kinds: readonly string[]): string[] {
  const tokens: string[] = [];
  const data = () => {
    for (let n = random.below(4); n > 0; n--) tokens.push(`D${channel}:${tokens.length}`);
  };
  data();
  for (const [i, kind] of kinds.entries()) {
    const what = random.below(20);
    // Now and then a channel brings a cancellation instead, or nothing at all.
    if (what === 0) tokens.push(`X${i + 1}.${channel}`);
    else if (what > 1) tokens.push(`${kind}${i + 1}.${channel}`);
    data();
    if (random.below(25) === 0) break;
  }
  if (random.below(3) === 0) tokens.push(`E${channel}`);
  return tokens;
}

function runRandom(random: Random, kinds: readonly string[], alignedTimeoutMs: number | null): number {
  const waiting = [0, 1, 2].map((channel) => programOf(random, channel, kinds));
  const arrived = waiting.map(() => [] as string[]);
  const gate = new GateModel({ channels: 3, alignedTimeoutMs });
  gate.firesTimers = random.below(4) > 0;
  for (const [i] of kinds.entries()) gate.triggeredAt[i + 1] = i * 3;
  while (waiting.some((tokens) => tokens.length > 0)) {
    const ready = [0, 1, 2].filter((channel) => (waiting[channel]?.length ?? 0) > 0);
    const channel = ready[random.below(ready.length)] as number;
    const what = random.below(16);
    if (what === 0) gate.feed('(');
    if (what === 1 || what === 2) gate.feed(')');
    if (what === 3) gate.feed(`+${random.below(8)}`);
    if (what === 4) gate.feed('!');
    if (what === 5 && random.below(4) === 0) gate.feed(`N${1 + random.below(kinds.length)}`);
    const token = waiting[channel]?.shift() as string;
    arrived[channel]?.push(token);
    gate.feed(token);
  }
  gate.feed(')');
  const taken = gate.result().log.match(/[TU]\d+/g) ?? [];
  // Each at most once, and in order.
  expect(taken.map((token) => Number(token.slice(1)))).toEqual(
    [...new Set(taken.map((token) => Number(token.slice(1))))].toSorted((a, b) => a - b),
  );
  const aborted = gate.result().log.match(/A\d+/g) ?? [];
  expect(new Set(aborted).size).toBe(aborted.length);
  return checkCuts(gate, arrived);
}

test.each<[name: string, kinds: string[], alignedTimeoutMs: number | null]>([
  ['aligned', ['B'], null],
  ['unaligned', ['U'], null],
  ['aligned with a timeout', ['B'], 4],
  ['all kinds mixed', ['B', 'U', 'S'], 4],
])('%s', (_, kinds, alignedTimeoutMs) => {
  let snapshots = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (runSeed, ids) => {
      const random = seededRandom(runSeed);
      const chosen = Array.from({ length: ids }, () => kinds[random.below(kinds.length)] as string);
      snapshots += runRandom(random, chosen, alignedTimeoutMs);
    }),
    { seed, numRuns: 3_000 },
  );
  expect(snapshots).toBeGreaterThan(1_000);
});
