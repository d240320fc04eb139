/** Which outcomes hold budget and have no settlement yet, and in which segment each lies. Only ids are kept in memory. */
export interface Unsettled {
  readonly size: number;
  add(attemptId: string, segment: number, monotonicMs: number): void;
  delete(attemptId: string): void;
  has(attemptId: string): boolean;
  /** All of one segment lie in another one now. */
  move(from: number, to: number): void;
  /** A segment with one of these must stay on disk: it is what recovery would read. */
  lieIn(segment: number): boolean;
  /** Recorded at or before that moment, by segment. */
  recordedBefore(monotonicMs: number): Map<number, Set<string>>;
}

export function createUnsettled(): Unsettled {
  const entries = new Map<string, { segment: number; monotonicMs: number }>();
  const perSegment = new Map<number, number>();

  function forget(attemptId: string): void {
    const entry = entries.get(attemptId);
    if (entry === undefined) return;
    entries.delete(attemptId);
    const left = (perSegment.get(entry.segment) ?? 1) - 1;
    if (left === 0) perSegment.delete(entry.segment);
    else perSegment.set(entry.segment, left);
  }

  return {
    get size() {
      return entries.size;
    },
    add(attemptId, segment, monotonicMs) {
      forget(attemptId);
      entries.set(attemptId, { segment, monotonicMs });
      perSegment.set(segment, (perSegment.get(segment) ?? 0) + 1);
    },
    delete: forget,
    has: (attemptId) => entries.has(attemptId),
    move(from, to) {
      for (const entry of entries.values()) if (entry.segment === from) entry.segment = to;
      const moved = perSegment.get(from);
      if (moved !== undefined) perSegment.set(to, moved);
      perSegment.delete(from);
    },
    lieIn: (segment) => perSegment.has(segment),
    recordedBefore(monotonicMs) {
      const found = new Map<number, Set<string>>();
      for (const [attemptId, entry] of entries) {
        if (entry.monotonicMs > monotonicMs) continue;
        const ids = found.get(entry.segment) ?? new Set();
        found.set(entry.segment, ids.add(attemptId));
      }
      return found;
    },
  };
}
