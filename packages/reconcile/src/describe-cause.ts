import { formatUsd, nanoFromPico } from '@tallygate/usage';
import type { Cause, CauseName } from './reconciliation.ts';

const MEANINGS: Record<CauseName, (places: number, attempts: number) => string> = {
  aborted_estimate: (places, attempts) =>
    `${counted(attempts, 'attempt')} whose end we did not see, charged by estimate; ` +
    `the provider's 1-minute buckets hold the true tokens (${counted(places, 'bucket run')})`,
  discount: (places) =>
    `what the contract takes off list prices, as the provider states both (${counted(places, 'line')} of the bill)`,
  priority_tier: (_places, attempts) =>
    `${counted(attempts, 'attempt')} on priority capacity, which is paid by contract and never on this bill`,
  rounding: (_places, attempts) =>
    `rounding of each charge to nano-USD, kept on the rows (${counted(attempts, 'attempt')})`,
  unmetered_key: (places) =>
    `usage on keys of which we have no row, at list price (${counted(places, 'line')} of the usage report)`,
  unmetered_product: (places) =>
    `products that no response shows, such as code execution and agent sessions (${counted(places, 'line')} of the bill)`,
};

/** "-$0.0021: 3 attempts whose end we did not see, charged by estimate; …" */
export function describeCause({ cause, amountPicoUsd, evidence }: Cause): string {
  const attempts = evidence.reduce((sum, item) => sum + item.attempts, 0);
  return `${formatUsd(nanoFromPico(amountPicoUsd))}: ${MEANINGS[cause](evidence.length, attempts)}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
