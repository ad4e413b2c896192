/**
 * The code blocks of the guide, as files. A block that is marked `ts` is a complete module, as a reader would paste it: with
 * its imports, and with everything it uses. It stands in its file at the very line at which it stands in the guide, so
 * that what a compiler says of it points into the guide.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CodeBlock {
  /** `windows.md:41`: its first line. */
  readonly place: string;
  /** A file name of its own. */
  readonly fileName: string;
  /** With empty lines before it. */
  readonly text: string;
  /** Its default export is a pipeline. */
  readonly isPipeline: boolean;
}

const fence = /^```(\S*)\s*$/;

/** Every `ts` block in the pages of a directory. */
export function codeBlocks(directory: string): readonly CodeBlock[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .flatMap((name) => blocksOf(name, readFileSync(join(directory, name), 'utf8')));
}

function blocksOf(page: string, text: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const language = fence.exec(line)?.[1];
    if (language === undefined) open?.lines.push(line);
    else if (open === null) open = { language, line: index + 1, lines: [] };
    else {
      if (open.language === 'ts') blocks.push(blockOf(page, open.line, open.lines));
      open = null;
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line} begins a code block that nobody ends`);
  return blocks;
}

function blockOf(page: string, line: number, lines: readonly string[]): CodeBlock {
  const code = lines.join('\n');
  return {
    place: `${page}:${line + 1}`,
    fileName: `${page.replace(/\.md$/, '')}-${line + 1}.ts`,
    text: `${'\n'.repeat(line)}${code}\n`,
    isPipeline: /^export default pipeline\(/m.test(code),
  };
}
