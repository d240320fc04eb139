/**
 * The candidate that was probably meant by a misspelt name, or null when none is near. For the "did you mean" of errors
 * only: nothing is ever corrected silently.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  // A third of the name may be wrong; beyond that a suggestion is a guess that sends people the wrong way.
  if (name === '') return null;
  let best: { candidate: string; distance: number } | null = null;
  const bound = Math.max(1, Math.floor(name.length / 3));
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= bound && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
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
