const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Called with each line in place, without its end: a view of its bytes would cost more than looking at them. */
export type OnLine = (bytes: Uint8Array, start: number, end: number) => void;

/** Lines end in LF, CRLF or CR, as in a stream of server-sent events. */
export interface LineReader {
  /** Bytes as they pass, cut anywhere. Never keeps more than one unfinished line. */
  feed(chunk: Uint8Array): void;
  /** True when no line has begun. */
  isBetweenLines(): boolean;
  /** No more bytes: what is left is a line. */
  end(): void;
}

export function createLineReader(onLine: OnLine): LineReader {
  let unfinished: Uint8Array[] = [];
  /** A line was ended by a carriage return that was the last byte: a line feed that comes next belongs to it. */
  let endedInReturn = false;

  function take(bytes: Uint8Array, start: number, end: number): void {
    if (unfinished.length === 0) {
      onLine(bytes, start, end);
      return;
    }
    const line = Buffer.concat([...unfinished, bytes.subarray(start, end)]);
    unfinished = [];
    onLine(line, 0, line.length);
  }

  return {
    feed(chunk) {
      if (chunk.length === 0) return;
      let start = endedInReturn && chunk[0] === LINE_FEED ? 1 : 0;
      const nextEnd = lineEnds(chunk);
      for (let end = nextEnd(start); end !== -1; end = nextEnd(start)) {
        take(chunk, start, end);
        const isPair = chunk[end] === CARRIAGE_RETURN && chunk[end + 1] === LINE_FEED;
        start = end + (isPair ? 2 : 1);
      }
      endedInReturn = chunk[chunk.length - 1] === CARRIAGE_RETURN;
      // The chunk's memory may be handed on and detached after this call, so what is kept is copied.
      if (start < chunk.length) unfinished.push(chunk.slice(start));
    },
    isBetweenLines: () => unfinished.length === 0 && !endedInReturn,
    end() {
      if (unfinished.length > 0) take(new Uint8Array(), 0, 0);
    },
  };
}

/** Finds where the line ends that starts somewhere in the chunk. Carriage returns are rare: they are looked for once. */
function lineEnds(chunk: Uint8Array): (start: number) => number {
  if (!chunk.includes(CARRIAGE_RETURN)) return (start) => chunk.indexOf(LINE_FEED, start);
  return (start) => {
    const isEnd = (byte: number) => byte === LINE_FEED || byte === CARRIAGE_RETURN;
    const offset = chunk.subarray(start).findIndex(isEnd);
    return offset === -1 ? -1 : start + offset;
  };
}
