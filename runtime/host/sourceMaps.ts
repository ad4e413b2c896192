/**
 * From the bundle back to what the author wrote: frames of stacks and locations of operators. Frames of Sluice itself
 * are left out of a stack when one of the author's is in it; nobody can act on them.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { SourceLocation } from '../graph/jobGraph.ts';
import { ownRoot } from './ownFiles.ts';

export interface SourceMaps {
  /** The place in the author's file; the same location when it lies in no bundle. */
  original(location: SourceLocation): SourceLocation;
  /** Frames mapped, Sluice's own left out, and the first frame of the author. */
  stack(stack: string): { readonly text: string; readonly location: SourceLocation | null };
}

const frame = /^(\s*at (?:.*? \()?)((?:file:\/\/)?[^\s()]+):(\d+):(\d+)(\)?)$/;

export function sourceMaps(bundlePath: string): SourceMaps {
  const bundleUrl = pathToFileURL(bundlePath).href;
  let map: TraceMap | null = null;

  const original = (location: SourceLocation): SourceLocation => {
    if (location.file !== bundleUrl && location.file !== bundlePath)
      return { ...location, file: asPath(location.file) };
    map ??= new TraceMap(readFileSync(`${bundlePath}.map`, 'utf8'));
    const found = originalPositionFor(map, { line: location.line, column: Math.max(0, location.column - 1) });
    if (found.source === null) return location;
    return { file: asPath(found.source), line: found.line, column: found.column + 1 };
  };

  const stack = (text: string) => {
    const lines = text.split('\n');
    const mapped: string[] = [];
    const foreign: string[] = [];
    let first: SourceLocation | null = null;
    for (const line of lines) {
      const match = frame.exec(line);
      if (match === null) {
        // The message; frames without a place (`at new Promise (<anonymous>)`) tell nothing.
        if (!/^\s*at /.test(line)) mapped.push(line);
        continue;
      }
      const [, before = '', file = '', row = '', column = '', after = ''] = match;
      if (file.startsWith(ownRoot) || file.startsWith('node:')) {
        foreign.push(line);
        continue;
      }
      const place = original({ file, line: Number(row), column: Number(column) });
      first ??= place;
      mapped.push(`${before}${place.file}:${place.line}:${place.column}${after}`);
    }
    return { text: (first === null ? [...mapped, ...foreign] : mapped).join('\n'), location: first };
  };

  return { original, stack };
}

function asPath(file: string): string {
  return file.startsWith('file://') ? fileURLToPath(file) : file;
}
