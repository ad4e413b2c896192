/**
 * Lets a file grow, for word-count.ts: appends real airport names to out/airport-names.txt, twenty a second, and does not
 * care whether it ends in the middle of a line.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const names = readFileSync(fileURLToPath(new URL('data/airport-names.txt', import.meta.url)), 'utf8');
mkdirSync('out', { recursive: true });
for (let written = 0; written < names.length; ) {
  // About two names, cut anywhere.
  const portion = names.slice(written, written + 31);
  appendFileSync('out/airport-names.txt', portion);
  written += portion.length;
  await pause(100);
}
