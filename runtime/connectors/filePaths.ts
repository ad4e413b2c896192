/**
 * Which files a source reads: paths as they are, and patterns such as `logs/*.jsonl`, whose stars stand for anything in a
 * file name (not for a leading dot: such files are not finished). A pattern means the files that are there when the
 * job is deployed, and, for a source that looks for new ones, those that come.
 */
import type { FileAccess } from '../operators/files.ts';
import { SourceError } from '../operators/source.ts';

export function isPattern(path: string): boolean {
  return path.includes('*');
}

/** Sorted, each once. A missing file, or a pattern that nothing matches, is a SourceError that names it. */
export function filesOf(paths: readonly string[], files: FileAccess): readonly string[] {
  for (const path of paths) {
    if (isPattern(path)) {
      if (matches(path, files).length === 0) throw new SourceError(`No source file matches ${path}.`);
    } else if (!files.exists(path)) throw new SourceError(`Source file ${path} does not exist.`);
  }
  return filesNow(paths, files);
}

/** Sorted, each once. For a source that looks again and again: what is not there yet may come, what is read may go. */
export function filesNow(paths: readonly string[], files: FileAccess): readonly string[] {
  return [...new Set(paths.flatMap((path) => (isPattern(path) ? matches(path, files) : [path])))].sort();
}

function matches(pattern: string, files: FileAccess): readonly string[] {
  const cut = pattern.lastIndexOf('/') + 1;
  const directory = pattern.slice(0, cut);
  if (isPattern(directory)) {
    throw new SourceError(
      `In ${pattern} a star stands for a directory; stars can only stand in the file's name.`,
    );
  }
  const literal = (text: string) => text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&');
  const name = new RegExp(`^${pattern.slice(cut).split('*').map(literal).join('.*')}$`);
  return files
    .list(directory === '' ? '.' : directory.slice(0, -1) || '/')
    .filter((entry) => !entry.startsWith('.') && name.test(entry))
    .map((entry) => directory + entry);
}
