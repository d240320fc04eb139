/** Lines of a JSONL body that arrives in pieces. */
export interface JsonlScanner {
  feed(bytes: Uint8Array): void;
  /** The body ended: what is left is the last line, as it needs no line end. */
  end(): void;
}

/**
 * Calls `onValue` for each line as soon as its end has arrived, wherever the pieces were cut, also inside a character. Blank
 * lines are none. A line that is no JSON goes to `onUnreadable`: it may have been billed, so nobody may drop it unseen.
 */
export function createJsonlScanner(
  onValue: (value: unknown) => void,
  onUnreadable: () => void,
): JsonlScanner {
  const decoder = new TextDecoder();
  /** Joined only when the line is whole: a line may be megabytes long and arrive in thousands of pieces. */
  let pieces: string[] = [];

  function line(): void {
    const text = pieces.join('').trim();
    pieces = [];
    if (text === '') return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      onUnreadable();
      return;
    }
    onValue(value);
  }

  function take(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      pieces.push(text.slice(start, end));
      start = end + 1;
      line();
    }
    if (start < text.length) pieces.push(text.slice(start));
  }

  return {
    feed: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end() {
      take(decoder.decode());
      line();
    },
  };
}
