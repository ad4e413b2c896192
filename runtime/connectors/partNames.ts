/**
 * The names in a sink's directory, and what they say about a snapshot.
 *
 *   part-<subtask>-<counter>.<ext>                     committed, for everybody to read
 *   .part-<subtask>-<counter>.<run>.<ext>              being written, or written and waiting for its checkpoint
 *   .savepoint-part-<subtask>-<counter>.<run>.<ext>    a second name for one that also waits for a savepoint, which may be
 *                                                      restored when other runs have long cleared away the first
 *   .superseded-part-<subtask>-<counter>.<ext>-<run>   was committed, until that run went back to before it (a run that
 *                                                      does so twice is called <run>.2 then)
 *
 * No counter is used twice in a directory: a run begins above the highest that it finds, superseded ones and those that a
 * savepoint keeps included: it may be gone back to, and its part be committed beside what other branches have committed. So
 * a snapshot can tell from its counters alone which parts belong to its past, also after other runs went back
 * and forth: what its past had committed and another branch has superseded is *revived*, the rest is superseded.
 */

export interface PartName {
  readonly name: string;
  readonly subtask: number;
  readonly counter: number;
}

/** What one subtask's writer puts into a snapshot. */
export interface PartWriterState {
  readonly subtask: number;
  /** The counter of its next part. */
  readonly next: number;
  /** Where this run began: of subtasks that wrote only in earlier runs, everything below it is past. */
  readonly floor: number;
  /** Who had superseded what was superseded when this run began: none of that is of this branch. */
  readonly goneBack: readonly string[];
}

export const partName = (subtask: number, counter: number, extension: string): string =>
  `part-${subtask}-${counter}.${extension}`;

export const pendingName = (subtask: number, counter: number, run: string, extension: string): string =>
  `.part-${subtask}-${counter}.${run}.${extension}`;

export const savepointName = (pending: string): string => `.savepoint-${pending.slice(1)}`;

export const supersededName = (part: string, run: string): string => `.superseded-${part}-${run}`;

/** Parts that are committed, by subtask and counter. */
export function committedParts(names: readonly string[], extension: string): readonly PartName[] {
  return parsed(names, /^part-(\d+)-(\d+)\.(.+)$/, (match) => match[3] === extension);
}

/** Of a run that did not come to commit them, or is coming to it now. */
export function strayParts(names: readonly string[], extension: string): readonly PartName[] {
  return parsed(names, /^\.part-(\d+)-(\d+)\.(.+)$/, (match) => match[3]?.endsWith(`.${extension}`) === true);
}

/** What a savepoint may still commit. */
function keptParts(names: readonly string[], extension: string): readonly PartName[] {
  return parsed(
    names,
    /^\.savepoint-part-(\d+)-(\d+)\.(.+)$/,
    (match) => match[3]?.endsWith(`.${extension}`) === true,
  );
}

export interface SupersededPart extends PartName {
  /** The run that went back to before it. */
  readonly run: string;
  /** What it was called. */
  readonly part: string;
}

export function supersededParts(names: readonly string[], extension: string): readonly SupersededPart[] {
  const prefix = '.superseded-';
  return parsed(
    names,
    /^\.superseded-part-(\d+)-(\d+)\.(.+)$/,
    (match) => match[3]?.startsWith(`${extension}-`) === true,
  ).map((found) => {
    const part = partName(found.subtask, found.counter, extension);
    return { ...found, part, run: found.name.slice(prefix.length + part.length + 1) };
  });
}

/**
 * The parts that were committed after a snapshot was taken; its writers' states come from its union state. Without
 * states (a fresh run, or a snapshot from before there was this sink) that is every part in the directory.
 */
export function partsCommittedAfter(
  states: readonly PartWriterState[],
  names: readonly string[],
  extension: string,
): readonly PartName[] {
  return committedParts(names, extension).filter((part) => !isPast(states, part));
}

/** Superseded parts that the snapshot's own past had committed: without them its output would have a hole. */
export function partsToRevive(
  states: readonly PartWriterState[],
  names: readonly string[],
  extension: string,
): readonly SupersededPart[] {
  const goneBack = new Set(states.flatMap((state) => state.goneBack));
  return supersededParts(names, extension).filter((part) => isPast(states, part) && !goneBack.has(part.run));
}

/** A name for a going back that none before it has. */
export function freshGoingBack(names: readonly string[], extension: string, runId: string): string {
  const taken = new Set(supersededParts(names, extension).map((part) => part.run));
  let run = runId;
  for (let time = 2; taken.has(run); time++) run = `${runId}.${time}`;
  return run;
}

/** The counter at which every subtask of a run begins. */
export function firstFreeCounter(
  states: readonly PartWriterState[],
  names: readonly string[],
  extension: string,
): number {
  const used = [
    ...committedParts(names, extension),
    ...supersededParts(names, extension),
    ...keptParts(names, extension),
  ];
  const floors = states.flatMap((state) => [state.next, state.floor]);
  return Math.max(0, ...floors, ...used.map((part) => part.counter + 1));
}

/** Why a run may not begin, in the words that the pre-flight uses too. */
export function partsRefusal(directory: string, parts: readonly PartName[], isFresh: boolean): string {
  const shown = parts
    .slice(0, 3)
    .map((part) => part.name)
    .join(', ');
  const more = parts.length > 3 ? ', …' : '';
  const what = parts.length === 1 ? '1 part' : `${parts.length} parts`;
  const since = isFresh ? 'from before this fresh run' : 'that came after the point to be restored';
  return (
    `${directory} holds ${what} committed ${since} (${shown}${more}); its records would be doubled. ` +
    'Start with --supersede to have them renamed, or choose another directory.'
  );
}

function isPast(states: readonly PartWriterState[], part: PartName): boolean {
  const own = states.filter((state) => state.subtask === part.subtask);
  if (own.length > 0) return own.some((state) => part.counter < state.next);
  return states.some((state) => part.counter < state.floor);
}

function parsed(
  names: readonly string[],
  pattern: RegExp,
  belongs: (match: RegExpExecArray) => boolean,
): readonly PartName[] {
  const found: PartName[] = [];
  for (const name of names) {
    const match = pattern.exec(name);
    if (match !== null && belongs(match))
      found.push({ name, subtask: Number(match[1]), counter: Number(match[2]) });
  }
  return found.sort((left, right) => left.subtask - right.subtask || left.counter - right.counter);
}
