/**
 * What a command says. With `--json` every line on stdout is one object with a `type`; without it, lines for a person, and
 * on a terminal one live line at the bottom that is drawn over. Sentences about what went wrong go to stderr.
 */
export class Output {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly isLive: boolean;
  #liveText = '';

  constructor(options: { readonly json: boolean; readonly verbose: boolean }) {
    this.json = options.json;
    this.verbose = options.verbose;
    this.isLive = process.stdout.isTTY === true && !options.json;
  }

  /** One object with --json, else the lines for a person. */
  tell(object: { readonly type: string } & Record<string, unknown>, ...lines: readonly string[]): void {
    if (this.json) process.stdout.write(`${JSON.stringify(object)}\n`);
    else for (const line of lines) this.#write(process.stdout, line);
  }

  /** Only for a person. */
  say(line: string): void {
    if (!this.json) this.#write(process.stdout, line);
  }

  /** On stderr, for a person and for a program's log alike. */
  warn(line: string): void {
    this.#write(process.stderr, line);
  }

  live(text: string): void {
    if (!this.isLive || text === this.#liveText) return;
    this.#liveText = text;
    const columns = process.stdout.columns ?? 80;
    process.stdout.write(`\r\u001b[2K${text.slice(0, columns - 1)}`);
  }

  /** The live line has said its last. */
  settle(): void {
    if (this.#liveText === '') return;
    process.stdout.write('\r\u001b[2K');
    this.#liveText = '';
  }

  #write(stream: NodeJS.WriteStream, line: string): void {
    const live = this.#liveText;
    this.settle();
    stream.write(`${line}\n`);
    if (live !== '') this.live(live);
  }
}

/** Columns as wide as they need to be; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d,.\s]*[\d–]/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function countText(count: number | null): string {
  return count === null ? '–' : count.toLocaleString('en-US');
}

export function durationText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

export function timeText(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
