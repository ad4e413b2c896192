/** Cuts a stream of text into lines. A line that grows beyond the limit is dropped whole: it is no message of ours. */
export interface LineCutter {
  /** Takes the next piece of text and hands every line that it completes to the receiver. */
  push(text: string): void;
  /** The stream has ended: an unfinished line counts as one. */
  end(): void;
}

const lineCharactersMax = 16 * 1024 * 1024;

export function cutLines(receive: (line: string) => void, charactersMax = lineCharactersMax): LineCutter {
  let rest = '';
  let isTooLong = false;

  const finish = (line: string) => {
    if (!isTooLong && line.trim() !== '') receive(line.endsWith('\r') ? line.slice(0, -1) : line);
    isTooLong = false;
  };

  return {
    push(text) {
      const pieces = text.split('\n');
      pieces[0] = rest + (pieces[0] ?? '');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) finish(piece);
      if (rest.length > charactersMax) {
        rest = '';
        isTooLong = true;
      }
    },
    end() {
      finish(rest);
      rest = '';
    },
  };
}
