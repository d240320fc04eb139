import type { Cause, CauseName, Evidence, Unexplained } from './reconciliation.ts';

/** What the search for one cause found. */
export interface Findings {
  evidence: Evidence[];
  unexplained: Unexplained[];
}

export function evidenceOf(fields: Omit<Evidence, 'amountPicoUsd'>): Evidence {
  return { ...fields, amountPicoUsd: fields.actual.amountPicoUsd - fields.charged.amountPicoUsd };
}

/** Null when there is nothing to say: a cause without evidence is none. */
export function causeOf(cause: CauseName, evidence: Evidence[]): Cause | null {
  if (evidence.length === 0) return null;
  return { cause, amountPicoUsd: evidence.reduce((sum, item) => sum + item.amountPicoUsd, 0n), evidence };
}
