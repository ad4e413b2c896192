/** Two savepoints side by side: totals, rows grouped by operator, distances, and where two values differ in their text. */
import type { StateType } from '../../runtime/protocol/graph.ts';
import type { Comparison, StateDifference } from '../../runtime/protocol/savepoints.ts';
import { counted } from './format.ts';

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
export function amountOf(type: StateType, count: number): string {
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

export interface Distance {
  readonly wallClockMs: number;
  readonly eventTimeMs: number | null;
  readonly records: number | null;
}

export function distanceOf({ a, b, positions }: Comparison): Distance {
  const times = positions.map(({ watermarkA, watermarkB }) =>
    watermarkA === null || watermarkB === null ? null : watermarkB - watermarkA,
  );
  const known = times.filter((time) => time !== null);
  const counted = positions.map((position) =>
    position.a === null || position.b === null ? null : position.b - position.a,
  );
  return {
    wallClockMs: b.createdAt - a.createdAt,
    eventTimeMs:
      known.length === 0
        ? null
        : known.reduce((far, time) => (Math.abs(time) > Math.abs(far) ? time : far), 0),
    records: counted.includes(null) ? null : counted.reduce<number>((sum, one) => sum + (one ?? 0), 0),
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

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(shown).join(', ')} ]`;
  if (typeof value === 'object' && value !== null) {
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
