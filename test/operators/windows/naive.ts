/**
 * What windows give, computed from the whole input: for every window there could be, the records that fall into it are
 * looked through, and it is said when it fires with which of them. Nothing is shared with how the operators do it.
 */
import type { Arrived } from '../../testing/againstNaive.ts';

export interface Reading {
  readonly key: string;
  readonly n: number;
}

/** A firing: the window and the numbers of its records, in the order of arrival. */
export interface Fired {
  readonly key: string | null;
  readonly start: number;
  readonly end: number;
  readonly numbers: readonly number[];
}

export interface NaiveWindows {
  readonly fired: readonly Fired[];
  readonly late: readonly Reading[];
}

export interface NaiveOptions {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly latenessMs: number;
  /** Null: one window for all keys. */
  readonly keyOf: (reading: Reading) => string | null;
}

/** Of event time, firing at the end and again for late records. Records in the order of arrival. */
export function alignedWindows(
  records: readonly Arrived<Reading>[],
  { sizeMs, slideMs, offsetMs, latenessMs, keyOf }: NaiveOptions,
): NaiveWindows {
  const fired: Fired[] = [];
  const taken = new Set<Arrived<Reading>>();
  const gaps = new Set(records);
  const times = records.map(({ timestamp }) => timestamp);
  // From a start so early that its window ends before the first record.
  let start = offsetMs;
  while (start + sizeMs > Math.min(0, ...times)) start -= slideMs;
  for (; start <= Math.max(0, ...times); start += slideMs) {
    const end = start + sizeMs;
    for (const key of new Set(records.map(({ value }) => keyOf(value)))) {
      const inside = records.filter(
        ({ value, timestamp }) => keyOf(value) === key && timestamp >= start && timestamp < end,
      );
      for (const record of inside) gaps.delete(record);
      const accepted = inside.filter(({ watermark }) => watermark < end - 1 + latenessMs);
      for (const record of accepted) taken.add(record);
      const numbers = accepted.map(({ value }) => value.n);
      const onTime = accepted.filter(({ watermark }) => watermark < end - 1).length;
      for (let count = Math.max(1, onTime); count <= accepted.length; count++)
        fired.push({ key, start, end, numbers: numbers.slice(0, count) });
    }
  }
  const late = records.filter(
    (record) =>
      !taken.has(record) && (!gaps.has(record) || record.timestamp + latenessMs <= record.watermark),
  );
  return { fired, late: late.map(({ value }) => value) };
}

interface OpenSession {
  readonly start: number;
  readonly end: number;
  readonly records: readonly Arrived<Reading>[];
  /** It has fired with just these records. */
  readonly hasFired: boolean;
}

/** Of event time. Each record by itself, with all sessions of its key made anew. */
export function sessionWindows(
  records: readonly Arrived<Reading>[],
  { gapOf, latenessMs }: { readonly gapOf: (reading: Reading) => number; readonly latenessMs: number },
): NaiveWindows {
  const fired: Fired[] = [];
  const late: Reading[] = [];
  for (const key of new Set(records.map(({ value }) => value.key))) {
    let open: readonly OpenSession[] = [];
    const fire = (session: OpenSession): OpenSession => {
      const numbers = session.records.map(({ value }) => value.n).sort((a, b) => a - b);
      fired.push({ key, start: session.start, end: session.end, numbers });
      return { ...session, hasFired: true };
    };
    const reach = (watermark: number) => {
      open = open
        .map((session) => (session.end - 1 <= watermark && !session.hasFired ? fire(session) : session))
        .filter(({ end }) => end - 1 + latenessMs > watermark);
    };
    for (const record of records.filter(({ value }) => value.key === key)) {
      reach(record.watermark);
      const [start, until] = [record.timestamp, record.timestamp + gapOf(record.value)];
      const joined = open.filter((session) => session.start <= until && start <= session.end);
      const session: OpenSession = {
        start: Math.min(start, ...joined.map((each) => each.start)),
        end: Math.max(until, ...joined.map((each) => each.end)),
        records: [...joined.flatMap((each) => each.records), record],
        hasFired: false,
      };
      if (session.end - 1 + latenessMs <= record.watermark) {
        late.push(record.value);
        continue;
      }
      const isComplete = session.end - 1 <= record.watermark;
      // A record that lets a fired session end where it ended, and is not late for it, changes no time: it fires at once.
      open = [...open.filter((each) => !joined.includes(each)), isComplete ? fire(session) : session];
    }
    reach(Number.POSITIVE_INFINITY);
  }
  return { fired, late };
}

/** Of each key `size` records, one after the other; or, every `slide` records, the last `size`. */
export function countWindows(
  records: readonly Arrived<Reading>[],
  size: number,
  slide: number | null,
  keyOf: (reading: Reading) => string | null,
): readonly Fired[] {
  const step = slide ?? size;
  return [...new Set(records.map(({ value }) => keyOf(value)))].flatMap((key) => {
    const numbers = records.flatMap(({ value }) => (keyOf(value) === key ? [value.n] : []));
    return Array.from({ length: Math.floor(numbers.length / step) }, (_, place): Fired => {
      const until = (place + 1) * step;
      const [start, end] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      return { key, start, end, numbers: numbers.slice(Math.max(0, until - size), until) };
    });
  });
}
