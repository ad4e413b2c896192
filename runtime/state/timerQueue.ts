/**
 * The timers of one operator subtask in one time domain. They are keyed state like any other (a timer belongs to its
 * key's group and is in snapshots), and besides they stand in a heap by time, those of one time in the order in which
 * they were registered.
 *
 * Registered twice is once. A deleted timer stays in the heap until it comes up, or until most of the heap is such: then
 * the heap is made anew. A timer never changes, so a snapshot needs no stash of contents: it takes the timers that were
 * registered before the mark (`sequence`), and those that were removed since, which `removed` keeps for it. An increment
 * takes only those among `changed`, and says of each whether it was there at the mark.
 */
import { assert } from '../base/assert.ts';
import type { Key } from './declarations.ts';
import { compareMapKeys, fromMapKey, type MapKey, toMapKey } from './mapKey.ts';

export interface DueTimer {
  readonly key: Key;
  readonly time: number;
  readonly namespace: Key;
}

export interface StoredTimer {
  readonly key: MapKey;
  readonly time: number;
  readonly namespace: MapKey;
  readonly group: number;
  /** When it was registered, in steps of the queue. */
  readonly sequence: number;
  /** When it was removed; LIVE before that. */
  removedAt: number;
}

export const LIVE = -1;

/** Was it there when the queue had come to this step? */
export const wasThereAt = ({ sequence, removedAt }: StoredTimer, step: number): boolean =>
  sequence < step && (removedAt === LIVE || removedAt >= step);

/** What a snapshot that has not written a group needs of it. */
export interface TimerMark {
  /** Timers with a lower number were there at the mark. */
  readonly sequence: number;
  readonly removed: StoredTimer[];
}

/** The timers of one key: one, or by time. Most keys have one. */
type TimersOfKey = StoredTimer | Map<number, StoredTimer[]>;

export class TimerGroup {
  readonly byKey = new Map<MapKey, TimersOfKey>();
  marks: readonly TimerMark[] | null = null;
  count = 0;
  /** Registered or removed since the newest checkpoint was marked, at the step `changedSince`; null: nobody wants to know. */
  changed: Set<StoredTimer> | null = null;
  changedSince = 0;

  *timers(): Generator<StoredTimer> {
    for (const timers of this.byKey.values()) {
      if (timers instanceof Map) for (const ofTime of timers.values()) yield* ofTime.slice();
      else yield timers;
    }
  }
}

export class TimerQueue {
  readonly groups: readonly TimerGroup[];
  readonly #firstGroup: number;
  #heap: StoredTimer[] = [];
  #live = 0;
  #sequence = 0;

  constructor(keyGroups: { readonly first: number; readonly last: number }) {
    this.#firstGroup = keyGroups.first;
    this.groups = Array.from({ length: keyGroups.last - keyGroups.first + 1 }, () => new TimerGroup());
  }

  /** Timers that are registered. */
  get size(): number {
    return this.#live;
  }

  /** With deleted timers that have not come up yet. */
  get heapLength(): number {
    return this.#heap.length;
  }

  /** The next step: timers that are registered from now on have this number or a higher one. */
  get sequence(): number {
    return this.#sequence;
  }

  register(key: MapKey, group: number, time: number, namespace: Key): void {
    assert(!Number.isNaN(time), 'a timer has a time');
    const space = toMapKey(namespace);
    const table = this.groups[group - this.#firstGroup]!;
    const timers = table.byKey.get(key);
    if (find(timers, time, space) !== undefined) return;
    const timer: StoredTimer = {
      key,
      time,
      namespace: space,
      group,
      sequence: this.#sequence++,
      removedAt: LIVE,
    };
    table.count++;
    if (table.changed !== null) table.changed.add(timer);
    this.#live++;
    this.#push(timer);
    if (timers === undefined) {
      table.byKey.set(key, timer);
      return;
    }
    const byTime = timers instanceof Map ? timers : new Map([[timers.time, [timers]]]);
    if (byTime !== timers) table.byKey.set(key, byTime);
    const ofTime = byTime.get(time);
    if (ofTime === undefined) byTime.set(time, [timer]);
    else ofTime.push(timer);
  }

  delete(key: MapKey, group: number, time: number, namespace: Key): void {
    const timer = find(this.groups[group - this.#firstGroup]!.byKey.get(key), time, toMapKey(namespace));
    if (timer === undefined) return;
    this.#remove(timer);
    if (this.#heap.length > 64 && this.#live < this.#heap.length / 2) this.#rebuild();
  }

  /** The time of the next timer; null without one. */
  nextTime(): number | null {
    this.#dropRemoved();
    return this.#heap[0]?.time ?? null;
  }

  /** Takes out the next timer whose time is not above the limit. One at a time: whoever fires it may stop in between. */
  popDue(limit: number): DueTimer | null {
    this.#dropRemoved();
    const timer = this.#heap[0];
    if (timer === undefined || timer.time > limit) return null;
    this.#pop();
    this.#remove(timer);
    return { key: fromMapKey(timer.key), time: timer.time, namespace: fromMapKey(timer.namespace) };
  }

  #remove(timer: StoredTimer): void {
    timer.removedAt = this.#sequence++;
    this.#live--;
    const table = this.groups[timer.group - this.#firstGroup]!;
    table.count--;
    if (table.changed !== null) {
      // No checkpoint has seen one that came and went since.
      if (timer.sequence >= table.changedSince) table.changed.delete(timer);
      else table.changed.add(timer);
    }
    if (table.marks !== null) {
      for (const mark of table.marks) if (timer.sequence < mark.sequence) mark.removed.push(timer);
    }
    const timers = table.byKey.get(timer.key)!;
    if (!(timers instanceof Map)) {
      table.byKey.delete(timer.key);
      return;
    }
    const ofTime = timers.get(timer.time)!;
    ofTime.splice(ofTime.indexOf(timer), 1);
    if (ofTime.length > 0) return;
    timers.delete(timer.time);
    if (timers.size === 0) table.byKey.delete(timer.key);
  }

  #dropRemoved(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.removedAt !== LIVE) this.#pop();
  }

  #rebuild(): void {
    // A sorted array is a heap.
    this.#heap = this.#heap
      .filter((timer) => timer.removedAt === LIVE)
      .sort((a, b) => a.time - b.time || a.sequence - b.sequence);
  }

  #push(timer: StoredTimer): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

/** The order of a snapshot: by key, then by time, then by namespace. */
export function compareTimers(a: StoredTimer, b: StoredTimer): number {
  return (
    compareMapKeys(a.key, b.key) || compareMapKeys(a.time, b.time) || compareMapKeys(a.namespace, b.namespace)
  );
}

/** The same, and of one timer by when it was registered. */
export function compareRegistrations(a: StoredTimer, b: StoredTimer): number {
  return compareTimers(a, b) || a.sequence - b.sequence;
}

function isBefore(a: StoredTimer, b: StoredTimer): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
}

function find(timers: TimersOfKey | undefined, time: number, namespace: MapKey): StoredTimer | undefined {
  if (timers === undefined) return undefined;
  if (timers instanceof Map) return timers.get(time)?.find((timer) => isSame(timer.namespace, namespace));
  return timers.time === time && isSame(timers.namespace, namespace) ? timers : undefined;
}

/** As Map compares: NaN is itself. */
function isSame(a: MapKey, b: MapKey): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
