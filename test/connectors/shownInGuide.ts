/** Whether a file of this folder stands in the guide's chapter on connectors as it is, as one of its code blocks. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function shownInGuide(name: string): boolean {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
  return read('../../docs/guide/connectors.md').includes(`\`\`\`ts\n${read(`./${name}`)}\`\`\`\n`);
}
