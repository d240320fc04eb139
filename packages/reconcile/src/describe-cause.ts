import { formatUsd, nanoFromPico } from '@tallygate/usage';
import type { CauseName } from './causes.ts';
import type { Cause } from './reconciliation.ts';

const MEANINGS: Record<CauseName, (places: number, attempts: number) => string> = {
  rounding: (_places, attempts) =>
    `rounding of each charge to nano-USD, kept on the rows (${counted(attempts, 'attempt')})`,
  price_version: (places, attempts) =>
    `${counted(attempts, 'attempt')} charged by another price than the list's of that day (${counted(places, 'price and day', 'prices and days')})`,
  aborted_estimate: (places, attempts) =>
    `${counted(attempts, 'attempt')} whose end we did not see, charged by estimate; ` +
    `the provider's 1-minute buckets hold the true tokens (${counted(places, 'bucket run')})`,
  unknown_outcome: (places, attempts) =>
    `${counted(attempts, 'attempt')} of which nobody here knows the outcome; ` +
    `the provider's 1-minute buckets show it (${counted(places, 'bucket run')})`,
  missing_rows: (places) =>
    `usage of calls whose rows are missing: their settlement numbers are (${counted(places, 'bucket run')})`,
  unmetered_key: (places) =>
    `usage on keys of which we have no row, at list price (${counted(places, 'line')} of the usage report)`,
  unmetered_workspace: (places) =>
    `usage of metered keys in workspaces of which we have no row, at list price (${counted(places, 'line')} of the usage report)`,
  unmetered_model: (places) =>
    `usage of metered keys on models of which we have no row, at list price (${counted(places, 'line')} of the usage report)`,
  unmetered_hours: (places) =>
    `usage of metered keys in hours of which we have no row, at list price (${counted(places, 'stretch', 'stretches')})`,
  bucket_edge: (places) =>
    `requests that the provider counts in the minute beside, across midnight (${counted(places, 'side')})`,
  batch_timing: (places) => `batches that the provider counts on the day beside (${counted(places, 'side')})`,
  geography: (places) =>
    `tokens that the provider counts at another place than the answers showed (${counted(places, 'key and model', 'keys and models')})`,
  speed: (places) =>
    `tokens that the provider counts at another speed than the answers showed (${counted(places, 'key and model', 'keys and models')})`,
  service_tier: (places) =>
    `tokens that the provider counts in another tier than the answers showed (${counted(places, 'key and model', 'keys and models')})`,
  web_search: (places) =>
    `web searches that the usage report counts and no answer showed (${counted(places, 'line')} of the usage report)`,
  unbilled_refusal: (places) =>
    `tokens of refusals, which are counted and not billed (${counted(places, 'line')} of the usage report)`,
  priority_tier: (_places, attempts) =>
    `${counted(attempts, 'attempt')} on priority capacity, which is paid by contract and never on this bill`,
  code_execution: (places) =>
    `code execution, which no response shows (${counted(places, 'line')} of the bill)`,
  session_runtime: (places) =>
    `running time of agent sessions, which no response shows (${counted(places, 'line')} of the bill)`,
  unknown_cost_type: (places) =>
    `kinds of cost that this version does not know (${counted(places, 'line')} of the bill)`,
  provisional: (places) => `calls that the provider does not show yet (${counted(places, 'bucket run')})`,
  ambiguous: (places, attempts) =>
    `causes that share ${counted(places, 'place')}` +
    (attempts > 0 ? `, ${counted(attempts, 'estimated attempt')} among them` : ''),
  discount: (places) =>
    `what the contract takes off list prices, as the provider states both (${counted(places, 'line')} of the bill)`,
};

/** "-$0.0021: 3 attempts whose end we did not see, charged by estimate; …" */
export function describeCause(cause: Cause): string {
  return `${formatUsd(nanoFromPico(cause.amountPicoUsd))}: ${meaningOf(cause)}`;
}

/** The same without the amount. */
export function meaningOf({ cause, between, places, attempts }: Cause): string {
  const meaning = MEANINGS[cause](places, attempts);
  return between.length === 0 ? meaning : `${between.join(' | ').replaceAll('_', ' ')}: ${meaning}`;
}

/** "1 attempt", "2 attempts". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
