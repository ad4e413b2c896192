/**
 * Where a file makes pipelines: every `pipeline('name', …)` in a file that imports Sluice. Found by its text, since
 * this has to be right while somebody is typing; what is in a comment is none.
 */
export interface PipelineSite {
  readonly name: string;
  /** Both start at 0, as the editor counts. */
  readonly line: number;
  readonly column: number;
}

export function pipelinesIn(text: string): readonly PipelineSite[] {
  if (!/from\s*['"]sluice['"]/.test(text)) return [];
  const code = text.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:'"`])\/\/[^\n]*/g,
    (comment, before: string | undefined) =>
      (before ?? '') + comment.slice((before ?? '').length).replace(/[^\n]/g, ' '),
  );
  return [...code.matchAll(/\bpipeline\s*(?:<[^()]*>)?\(\s*(['"`])((?:\\.|(?!\1)[^\\\n])*)\1/g)].map(
    (match) => {
      const before = code.slice(0, match.index);
      const line = before.split('\n').length - 1;
      return { name: match[2] ?? '', line, column: match.index - (before.lastIndexOf('\n') + 1) };
    },
  );
}

export function isPipelineFile(text: string): boolean {
  return pipelinesIn(text).length > 0;
}
