/** How the provider bills a refusal that came before any output, and since when. */
interface RefusalRule {
  /** First instant, 00:00 UTC of that day; null: since ever. */
  from: string | null;
  /** "all", "none", or all categories but these; null is a refusal without a category. */
  free: 'all' | 'none' | ReadonlySet<string | null>;
  source: string;
}

/**
 * Newest first. The last list was read on 2026-09-26 and "may change": a category that nobody has listed yet is taken as billed,
 * as a wrong guess is then corrected downwards by reconciliation and never found missing.
 */
const REFUSAL_RULES: readonly [RefusalRule, ...RefusalRule[]] = [
  {
    // Listed as billed: bio, frontier_llm, reasoning_extraction.
    from: '2026-09-24',
    free: new Set(['cyber', 'general_harms', null]),
    source: "provider's refusals page, read 2026-09-26",
  },
  { from: '2026-06-02', free: 'all', source: "provider's release notes of 2026-06-02" },
  { from: null, free: 'none', source: 'implied by the release notes of 2026-06-02' },
];

export interface Refusal {
  atMs: number;
  /** `stop_details.category` as reported. */
  category: string | null;
  /** Whether anything was streamed or returned before the model declined. */
  outputBegan: boolean;
}

/** Whether the provider charges a refusal. Once output began it always does: input and what was written. */
export function refusalIsBilled(refusal: Refusal): boolean {
  if (refusal.outputBegan) return true;
  const { free } = ruleAt(refusal.atMs);
  if (typeof free === 'string') return free === 'none';
  return !free.has(refusal.category);
}

function ruleAt(atMs: number): RefusalRule {
  const inForce = REFUSAL_RULES.find((rule) => rule.from === null || Date.parse(rule.from) <= atMs);
  return inForce ?? REFUSAL_RULES[0];
}
