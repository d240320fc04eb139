/**
 * What the number of a line says. Below 1,000: recorded as it was used. Below a million: the n-th correction of line i, 1000 n + i.
 * From a million on: what line i cost, taken from one team or given to another; these end in i, too.
 */
export const LINES_PER_ROUND = 1_000;
const FIRST_MOVED = 1_000_000;

export function isRecorded(line: number): boolean {
  return line < LINES_PER_ROUND;
}

export function isCorrection(line: number): boolean {
  return line >= LINES_PER_ROUND && line < FIRST_MOVED;
}

export function isMoved(line: number): boolean {
  return line >= FIRST_MOVED;
}

/** The recorded line that a line is of. */
export function recordedLineOf(line: number): number {
  return line % LINES_PER_ROUND;
}

/** @param distinction below 2^42: the same for the same move, and for no other of the line. */
export function movedLine(distinction: number, recordedLine: number): number {
  return FIRST_MOVED + distinction * LINES_PER_ROUND + recordedLine;
}
