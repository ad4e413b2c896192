/** Two savepoints side by side: totals, rows grouped by operator, distances, and where two values differ in their text. */
import type { StateType } from '../../runtime/protocol/graph.ts';
import type {
  Comparison,
  EntryDifference,
  SourceRange,
  StateDifference,
  StateRole,
} from '../../runtime/protocol/savepoints.ts';
import { counted, moment, whole } from './format.ts';

export interface OperatorDifference {
  readonly uid: string;
  readonly name: string;
  readonly states: readonly StateDifference[];
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly bytes: number | null;
}

export function byOperator({ states }: Comparison): readonly OperatorDifference[] {
  const uids = [...new Set(states.map(({ uid }) => uid))];
  return uids.map((uid) => {
    const own = states.filter((state) => state.uid === uid);
    return { uid, name: own[0]?.name ?? uid, states: own, ...totalsOf(own) };
  });
}

export function totalsOf(states: readonly StateDifference[]): {
  added: number;
  removed: number;
  changed: number;
  bytes: number | null;
} {
  const sum = (value: (state: StateDifference) => number) =>
    states.reduce((total, state) => total + value(state), 0);
  return {
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
    changed: sum(({ changed }) => changed),
    bytes: sum((state) => sizeChange(state) ?? 0),
  };
}

export function sizeChange({ bytesA, bytesB }: StateDifference): number | null {
  return bytesA === null && bytesB === null ? null : (bytesB ?? 0) - (bytesA ?? 0);
}

/** What a state holds, in its own words: only state behind a keyBy has keys. */
export function amountOf({ type, role }: { type: StateType; role: StateRole }, count: number): string {
  switch (role) {
    case 'windows':
    case 'panes':
    case 'sessions':
      return `${whole(count)} open`;
    // Their titles say what is counted.
    case 'event-time-timers':
    case 'processing-time-timers':
    case 'committables':
      return whole(count);
    case 'splits':
      return counted(count, 'split');
    case 'async-calls':
      return counted(count, 'call');
    case 'join-buffer':
      return counted(count, 'time');
    default:
      return amountOfType(type, count);
  }
}

function amountOfType(type: StateType, count: number): string {
  switch (type) {
    case 'value':
    case 'list':
    case 'map':
    case 'reducing':
    case 'aggregating':
      return counted(count, 'key');
    case 'timers':
      return counted(count, 'timer');
    case 'operator-list':
    case 'operator-union':
      return counted(count, 'element');
    case 'operator-broadcast':
      return counted(count, 'entry', 'entries');
    case 'in-flight':
      return counted(count, 'batch', 'batches');
  }
}

/** A state's name for people; an author's own is what he called it. */
export function stateTitle({ state, role }: Pick<StateDifference, 'state' | 'role'>): string {
  switch (role) {
    case 'event-time-timers':
      return 'event-time timers';
    case 'processing-time-timers':
      return 'processing-time timers';
    case 'windows':
      return 'windows';
    case 'panes':
      return 'panes of windows';
    case 'sessions':
      return 'sessions';
    case 'per-window':
      return state.replace('-', ': ');
    case 'join-buffer':
      return `${state} records, to be joined`;
    case 'splits':
      return 'positions';
    case 'async-calls':
      return 'calls under way';
    case 'committables':
      return 'to be committed';
    case 'in-flight':
      return state.startsWith('sent') ? 'in flight, still with the sender' : 'in flight, in channels';
    case 'state':
    case 'bookkeeping':
      return state;
  }
}

type Change = EntryDifference['change'];

/** What it means for such a state that an entry came, went or became another one. */
export function changeWords(role: StateRole): Readonly<Record<Change, string>> {
  switch (role) {
    case 'windows':
    case 'sessions':
      return { added: 'opened', removed: 'closed', changed: 'changed' };
    case 'event-time-timers':
    case 'processing-time-timers':
      return { added: 'registered', removed: 'fired or deleted', changed: 'changed' };
    case 'async-calls':
      return { added: 'begun', removed: 'done', changed: 'changed' };
    case 'in-flight':
      return { added: 'came', removed: 'gone', changed: 'changed' };
    default:
      return { added: 'added', removed: 'removed', changed: 'changed' };
  }
}

/** What the second key of an entry means: its window, its time, a timer's. Null: it has none. */
export function placeOf({ window, time, namespace, subKey }: EntryDifference): string | null {
  if (time !== null && namespace !== null) {
    const of =
      window === null
        ? namespace === 'null'
          ? ''
          : `, for ${readable(namespace)}`
        : `, ${windowText(window)}`;
    return `${moment(time)}${of}`;
  }
  if (window !== null) return windowText(window);
  if (time !== null) return moment(time);
  return subKey === null ? null : readableKey(subKey);
}

/** `[2026-05-12 14:00:00, 14:30:00)`: what is the same day is said once. */
function windowText({ start, end }: NonNullable<EntryDifference['window']>): string {
  if (start === null) return '[all of time)';
  const [from, to] = [moment(start), end === null ? '–' : moment(end)];
  const day = from.slice(0, 11);
  return `[${from}, ${to.startsWith(day) ? to.slice(11) : to})`;
}

export function rangeWord({ change }: Pick<SourceRange, 'change'>): string {
  switch (change) {
    case 'added':
      return 'found since';
    case 'removed':
      return 'not in B';
    case 'finished':
      return 'read to its end';
    case 'behind':
      return 'B is behind';
    case 'advanced':
      return '';
    case 'same':
      return 'nothing read';
  }
}

/** Event time between the two: of watermarks, else of the latest records. */
export function eventTimeApart(range: SourceRange): number | null {
  const { watermarkA, watermarkB, eventTimeA, eventTimeB } = range;
  if (watermarkA !== null && watermarkB !== null) return watermarkB - watermarkA;
  return eventTimeA === null || eventTimeB === null ? null : eventTimeB - eventTimeA;
}

export interface Distance {
  readonly wallClockMs: number;
  readonly eventTimeMs: number | null;
  readonly records: number | null;
}

export function distanceOf({ a, b, positions, records }: Comparison): Distance {
  const known = positions.map(eventTimeApart).filter((time) => time !== null);
  return {
    wallClockMs: b.createdAt - a.createdAt,
    eventTimeMs:
      known.length === 0
        ? null
        : known.reduce((far, time) => (Math.abs(time) > Math.abs(far) ? time : far), 0),
    records,
  };
}

/** How far a split is behind the one that is furthest on in event time, at B. */
export function behindMs({ positions }: Comparison, index: number): number | null {
  const furthest = Math.max(...positions.map(({ watermarkB }) => watermarkB ?? Number.NEGATIVE_INFINITY));
  const own = positions[index]?.watermarkB ?? null;
  return own === null || !Number.isFinite(furthest) ? null : furthest - own;
}

export interface TextPart {
  readonly text: string;
  readonly differs: boolean;
}

/** Words of two JSON texts, marked where the other side has something else: a longest common subsequence. */
export function differingParts(
  before: string,
  after: string,
): { readonly before: readonly TextPart[]; readonly after: readonly TextPart[] } {
  const a = words(before);
  const b = words(after);
  if (a.length * b.length > 250_000)
    return { before: [{ text: before, differs: true }], after: [{ text: after, differs: true }] };
  const length: number[][] = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i]![j] =
        a[i] === b[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
  const left: TextPart[] = [];
  const right: TextPart[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push(left, a[i++]!, false);
      push(right, b[j++]!, false);
    } else if (j >= b.length || (i < a.length && length[i + 1]![j]! >= length[i]![j + 1]!))
      push(left, a[i++]!, true);
    else push(right, b[j++]!, true);
  }
  return { before: left, after: right };
}

/** JSON as people write it: `{ count: 4,112, mean: 11.3 }`. */
export function readable(json: string): string {
  try {
    return shown(JSON.parse(json));
  } catch {
    return json;
  }
}

/** What JSON has no form for stands as an object with one property (docs/savepoint-format.md); people get it as they write it. */
function tagged(value: object): string | null {
  const [entry, ...others] = Object.entries(value) as [string, unknown][];
  if (entry === undefined || others.length > 0) return null;
  const [tag, content] = entry;
  switch (tag) {
    case '$undefined':
      return 'undefined';
    case '$number':
      return String(content);
    case '$bigint':
      return `${String(content)}n`;
    case '$date':
      return String(content)
        .replace('T', ' ')
        .replace(/(\.000)?Z$/, ' UTC');
    case '$bytes':
      return `bytes ${String(content)}`;
    case '$map':
      return `Map ${shown(Array.isArray(content) ? content.map(pair) : content)}`;
    case '$set':
      return `Set ${shown(content)}`;
    default:
      return /^\$\w+Array$/.test(tag) ? `${tag.slice(1)} ${shown(content)}` : null;
  }
}

const pair = (entry: unknown): unknown =>
  Array.isArray(entry) && entry.length === 2 ? new MapEntry(entry[0], entry[1]) : entry;

class MapEntry {
  readonly key: unknown;
  readonly value: unknown;
  constructor(key: unknown, value: unknown) {
    this.key = key;
    this.value = value;
  }
}

function shown(value: unknown): string {
  if (value instanceof MapEntry) return `${shown(value.key)} → ${shown(value.value)}`;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(shown).join(', ')} ]`;
  if (typeof value === 'object' && value !== null) {
    const special = tagged(value);
    if (special !== null) return special;
    const fields = Object.entries(value).map(
      ([key, field]) => `${/^[\w$-]+$/.test(key) ? key : JSON.stringify(key)}: ${shown(field)}`,
    );
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** A key for reading: a bare string without its quotes. */
export function readableKey(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : shown(value);
  } catch {
    return json;
  }
}

function words(text: string): string[] {
  return text.match(/[\w.+-]+|\s+|[^\w\s]/g) ?? [];
}

function push(parts: TextPart[], text: string, differs: boolean): void {
  const last = parts.at(-1);
  if (last !== undefined && last.differs === differs)
    parts[parts.length - 1] = { text: last.text + text, differs };
  else parts.push({ text, differs });
}
