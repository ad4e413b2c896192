/**
 * A value as JSON that people read and that is the same for values that are the same: properties by name, the
 * entries of maps and sets by what they are. What JSON has no form for stands as an object with one property that starts
 * with `$`:
 *
 *   {"$undefined":true} {"$number":"NaN"} {"$bigint":"12"} {"$date":"2026-01-31T17:45:02.000Z"} {"$bytes":"00ff"}
 *   {"$map":[[key,value],…]} {"$set":[…]} {"$Float64Array":[…]}
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? String(value)
        : `{"$number":"${Object.is(value, -0) ? '-0' : value}"}`;
    case 'boolean':
      return String(value);
    case 'bigint':
      return `{"$bigint":"${value}"}`;
    case 'object':
      return value === null ? 'null' : objectJson(value);
    default:
      return '{"$undefined":true}';
  }
}

/** At most this many characters; what is cut off is an ellipsis. */
export function shortened(json: string, lengthMax = 16_384): string {
  return json.length <= lengthMax ? json : `${json.slice(0, lengthMax - 1)}…`;
}

function objectJson(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value instanceof Map) return `{"$map":[${[...value].map(canonicalJson).sort().join(',')}]}`;
  if (value instanceof Set) return `{"$set":[${[...value].map(canonicalJson).sort().join(',')}]}`;
  if (value instanceof Uint8Array) return `{"$bytes":"${hex(value)}"}`;
  if (value instanceof ArrayBuffer) return `{"$ArrayBuffer":"${hex(new Uint8Array(value))}"}`;
  if (ArrayBuffer.isView(value))
    return `{"$${value.constructor.name}":[${[...(value as unknown as Iterable<unknown>)].map(canonicalJson).join(',')}]}`;
  if ('toISOString' in value && typeof value.toISOString === 'function' && 'getTime' in value)
    return `{"$date":"${String(value.toISOString())}"}`;
  const properties = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${properties.map(([name, property]) => `${JSON.stringify(name)}:${canonicalJson(property)}`).join(',')}}`;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
