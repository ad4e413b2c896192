/**
 * Failpoints: places at which a chaos test has this process die as by `kill -9`, because kills at random moments rarely
 * hit the narrow windows (between link and sync, between manifest and notification). Off unless the environment
 * says otherwise: `SLUICE_FAILPOINTS=after-link,before-manifest-rename:3` dies at the first link and at the third
 * manifest, whichever comes first.
 */
export const failpoints = [
  // A data file of a task: its bytes are written, or durable and nobody was told.
  'before-state-sync',
  'after-state-sync',
  // The manifest: written, synced with its directory, renamed, and the rename durable.
  'after-manifest-write',
  'before-manifest-rename',
  'after-manifest-rename',
  'after-publish',
  'before-notify',
  // A part of a file sink: before its bytes are durable, before and after it gets its final name, before and after that is durable.
  'before-data-sync',
  'before-link',
  'after-link',
  'before-directory-sync',
  'after-directory-sync',
  // A checkpoint that is dropped: its manifest is gone and its files are not.
  'half-discarded',
  // Going on from an older point: its copy is begun, and a part was renamed.
  'half-adopted',
  'after-rename',
] as const;
export type Failpoint = (typeof failpoints)[number];

export const failpointsVariable = 'SLUICE_FAILPOINTS';

/** Hits that are still to come before the process dies, by name; empty in every ordinary run. */
const remaining = parse(process.env[failpointsVariable]);

export function failpoint(name: Failpoint): void {
  if (remaining.size === 0) return;
  const left = remaining.get(name);
  if (left === undefined) return;
  if (left <= 1) killSelf();
  remaining.set(name, left - 1);
}

/** No handler runs, no buffer is flushed: what a power cut leaves, except for the page cache. */
export function killSelf(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal arrives at the next system call at the latest; nothing may be done until then.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

function parse(text: string | undefined): Map<string, number> {
  const hits = new Map<string, number>();
  for (const part of (text ?? '').split(',')) {
    const [name, count] = part.split(':');
    if (name !== undefined && name !== '') hits.set(name, Number(count ?? 1));
  }
  return hits;
}
