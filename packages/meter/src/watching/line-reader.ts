const LINE_FEED = 10;

/** Called with each line in place, without its line feed: a view of its bytes would cost more than looking at them. */
export type OnLine = (bytes: Uint8Array, start: number, end: number) => void;

export interface LineReader {
  /** Bytes as they pass, cut anywhere. Never keeps more than one unfinished line. */
  feed(chunk: Uint8Array): void;
  /** True when no line has begun. */
  isBetweenLines(): boolean;
  /** No more bytes: what is left is a line, or several where they end in bare carriage returns. */
  end(): void;
}

export function createLineReader(onLine: OnLine): LineReader {
  let unfinished: Uint8Array[] = [];

  function takeJoined(tail: Uint8Array): void {
    const line = Buffer.concat([...unfinished, tail]);
    unfinished = [];
    onLine(line, 0, line.length);
  }

  return {
    feed(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        if (unfinished.length === 0) onLine(chunk, start, end);
        else takeJoined(chunk.subarray(start, end));
        start = end + 1;
      }
      // The chunk's memory may be handed on and detached after this call, so what is kept is copied.
      if (start < chunk.length) unfinished.push(chunk.slice(start));
    },
    isBetweenLines: () => unfinished.length === 0,
    end() {
      const rest = Buffer.concat(unfinished).toString('utf8');
      unfinished = [];
      for (const text of rest.split(/\r\n|\r|\n/)) {
        const line = Buffer.from(text);
        onLine(line, 0, line.length);
      }
    },
  };
}
