import { noneNeeded } from '@tallygate/reconcile';
import type { InvoiceStatement, InvoiceStep } from './invoice-statement.ts';

/** What somebody can do about a step; `evidence` names its invoices. */
const ACTIONS: Record<InvoiceStep['name'], (evidence: string) => string> = {
  credits: (evidence) => `Compare the credits of ${evidence} with those that were granted.`,
  tax: (evidence) => `Compare the rate on ${evidence} with the one of your tax registration.`,
  'commitment drawn down': () => noneNeeded('it was paid when it was committed to'),
  'commitment shortfall': () =>
    'Use what is left of the commitment before its term ends, or renew it for less: what is not used is paid all the same.',
  'prepaid credit': () => noneNeeded('it was paid when the credit was bought'),
  cents: () => noneNeeded('invoices are in whole cents'),
};

/** One for each step of the second half, and one for what is left over. */
export function invoiceNextActions({
  steps,
  residualPicoUsd,
  invoices,
}: InvoiceStatement): { name: string; nextAction: string }[] {
  const numbers = invoices.map(({ number }) => number).join(', ');
  const residual =
    residualPicoUsd === 0n
      ? noneNeeded('the invoice asks for what was reported, and for what it states')
      : `Look for credits, tax or commitments that were not added with ${numbers}; what is left is for the provider to explain.`;
  return [
    ...steps.map(({ name, evidence }) => ({ name, nextAction: ACTIONS[name](evidence) })),
    { name: 'residual of the invoice', nextAction: residual },
  ];
}
