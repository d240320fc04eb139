/**
 * The candidate that was probably meant by a misspelt name, or null when none is near. For the "did you mean" of errors
 * only: nothing is ever corrected silently.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  // A third of the name may be wrong; beyond that a suggestion is a guess that sends people the wrong way.
  if (name === '') return null;
  // A third of the name may be wrong; beyond that a suggestion is a guess that sends people the wrong way.
  const bound = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3));
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = distanceBetween(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= bound && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

/** A name that was left unfinished counts as one slip, however much is missing. */
function distanceBetween(name: string, candidate: string): number {
  const distance = editDistance(name, candidate);
  return name.length >= 3 && candidate.startsWith(name) ? Math.min(1, distance) : distance;
}

/** Insertions, deletions and substitutions between two short texts (Levenshtein). */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
