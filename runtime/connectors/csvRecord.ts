/** One record of CSV as RFC 4180 has it: fields between separators, quoted where they must be, quotes doubled. */

/** Throws an Error that says what is wrong. */
export function parseCsvRecord(text: string, separator: string): readonly string[] {
  if (!text.includes('"')) return text.split(separator);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let field = '';
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        if (quote < 0) throw new Error('has a quote that is not closed');
        field += text.slice(at + 1, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
      fields.push(field);
      if (at < text.length && !text.startsWith(separator, at)) {
        throw new Error(`has ${JSON.stringify(text[at])} behind a closing quote`);
      }
    } else {
      const end = text.indexOf(separator, at);
      fields.push(text.slice(at, end < 0 ? text.length : end));
      at = end < 0 ? text.length : end;
    }
    if (at >= text.length) return fields;
    at += separator.length;
  }
}

/** Without a line feed at the end. */
export function formatCsvRecord(fields: readonly unknown[], separator: string): string {
  return fields.map((field) => formatField(field, separator)).join(separator);
}

function formatField(field: unknown, separator: string): string {
  const text =
    field === null || field === undefined
      ? ''
      : typeof field === 'object'
        ? JSON.stringify(field)
        : String(field);
  const mustQuote = text.includes('"') || text.includes(separator) || /[\r\n]/.test(text);
  return mustQuote ? `"${text.replaceAll('"', '""')}"` : text;
}
