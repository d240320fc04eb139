/**
 * Writes docs/reconciliation.md and its picture: a month through the simulator, the meter's rows, the provider's reports and the
 * reconciler, and on to an invoice. Run by hand when what is printed changes: the figures are the seed's.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Reconciliation, type WaterfallStep, waterfallOf } from '@tallygate/reconcile';
import { type WaterfallBar, waterfallSvg } from '@tallygate/report';
import { formatUsd, nanoFromPico, usdFromNano, usdFromPico } from '@tallygate/usage';
import { type Invoice, type InvoiceStatement, invoiceStatement } from 'tallygate';
import { reconcileChaos } from '../test/chaos/reconcile-chaos.ts';

const SEED = 2026;
const CALLS = 20_000;
const CREDITS_USD = 25n;
const TAX_PERCENT = 19n;
const NANO_USD_PER_CENT = 10_000_000n;
const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));

/** A picture of every cause is a picture of none: those that somebody would act on together are one bar. The table has them all. */
const BARS: Readonly<Record<string, WaterfallStep['step'][]>> = {
  'past the meter': ['unmetered_key', 'unmetered_workspace', 'unmetered_model', 'unmetered_hours'],
  'guesses and lost rows': ['aborted_estimate', 'unknown_outcome', 'missing_rows', 'ambiguous'],
  'other prices and terms': ['rounding', 'price_version', 'geography', 'speed', 'service_tier'],
  'counted on another day': ['bucket_edge', 'batch_timing'],
  'searches not shown': ['web_search'],
  'products without rows': ['code_execution', 'session_runtime', 'unknown_cost_type'],
  'refusals, contract capacity': ['unbilled_refusal', 'priority_tier'],
  'not shown yet': ['provisional'],
  discount: ['discount'],
  residual: ['residual'],
};

const october = { fromMs: Date.UTC(2026, 9, 1), days: 31, calls: CALLS };
const { reconciliation } = await reconcileChaos({ seed: SEED, scale: october, progress: () => undefined });
const invoice = invoiceFor(nanoFromPico(reconciliation.billedPicoUsd));
const tie = invoiceStatement(reconciliation.billedPicoUsd, [invoice], { billing: 'invoiced' });
if (tie === null) throw new Error('There is an invoice, and it was not compared.');
writeFileSync(
  `${DOCS}reconciliation.svg`,
  waterfallSvg('October 2026, from our rows to the invoice', barsOf(reconciliation, tie)),
);
writeFileSync(`${DOCS}reconciliation.md`, page(reconciliation, tie));

/** What a provider would ask for that report: less credits, plus tax, in cents. */
function invoiceFor(reportedNanoUsd: bigint): Invoice {
  const cents = (amountNanoUsd: bigint) => (amountNanoUsd + NANO_USD_PER_CENT / 2n) / NANO_USD_PER_CENT;
  const usd = (amount: bigint) => usdFromNano(amount * NANO_USD_PER_CENT).slice(0, -7);
  const net = cents(reportedNanoUsd) - CREDITS_USD * 100n;
  const tax = (net * TAX_PERCENT + 50n) / 100n;
  return {
    ...{
      version: 1,
      kind: 'usage',
      providerOrganizationId: null,
      month: '2026-10',
      issuedOn: '2026-11-01',
      currency: 'USD',
      number: 'INV-2026-1031',
    },
    ...{ amountUsd: usd(net + tax), creditsUsd: usd(CREDITS_USD * 100n), taxUsd: usd(tax) },
    ...{ commitmentUsd: '0.00', shortfallUsd: '0.00', file: null },
    ...{ revision: 1, recordedAtMs: Date.UTC(2026, 10, 2), actor: 'finance', reason: '' },
  };
}

function barsOf(month: Reconciliation, { steps, invoicedPicoUsd }: InvoiceStatement): WaterfallBar[] {
  const bar = (label: string, kind: WaterfallBar['kind'], amountPicoUsd: bigint): WaterfallBar => ({
    ...{ label, kind, amountUsd: usdFromNano(nanoFromPico(amountPicoUsd)) },
  });
  const waterfall = waterfallOf(month);
  const sumOf = (names: readonly string[]) =>
    waterfall.reduce(
      (sum, { step, amountPicoUsd }) => (names.includes(step) ? sum + amountPicoUsd : sum),
      0n,
    );
  const shown = sumOf(Object.values(BARS).flat());
  if (month.internalPicoUsd + shown !== month.billedPicoUsd) throw new Error('A cause is in no bar.');
  return [
    bar('our rows', 'total', month.internalPicoUsd),
    ...Object.entries(BARS).map(([label, names]) => bar(label, 'step', sumOf(names))),
    bar("provider's report", 'total', month.billedPicoUsd),
    ...steps.map(({ name, amountPicoUsd }) => bar(name, 'step', amountPicoUsd)),
    bar('invoice', 'total', invoicedPicoUsd),
  ];
}

function page(month: Reconciliation, tie: InvoiceStatement): string {
  const usd = (amountPicoUsd: bigint) => formatUsd(nanoFromPico(amountPicoUsd));
  const steps = waterfallOf(month).map(
    ({ step, amountPicoUsd, meaning, nextAction }) =>
      `| ${step.replaceAll('_', ' ')} | ${usdFromPico(amountPicoUsd)} | ${cell(meaning)} | ${cell(nextAction)} |`,
  );
  const onward = tie.steps.map(
    ({ name, amountPicoUsd, evidence }) => `| ${name} | ${usdFromPico(amountPicoUsd)} | ${evidence} |`,
  );
  return `# A month, reconciled

Written by \`scripts/write-worked-month.ts\`: ${CALLS.toLocaleString('en-US')} calls of October 2026 through the simulator of the provider, with
everything that parts a meter from a bill, and a cent that nothing covers. How a month is closed: [finance.md](finance.md).

Our rows say ${usd(month.internalPicoUsd)}, the provider's report ${usd(month.billedPicoUsd)}, the invoice ${usd(tie.invoicedPicoUsd)}. In between:

![From our rows over the provider's report to the invoice](reconciliation.svg)

## From our rows to the report

\`tallygate reconcile --month 2026-10\` reads both sides, joins them by day, key, model and terms, and gives each difference the cause that
its evidence proves. A cause is never what happens to be left; what is left is the residual.

| step | USD | what it is | what to do |
|---|--:|---|---|
${steps.join('\n')}

Tokens: ${month.verdicts.tokens}. Money: ${month.verdicts.money}: ${usd(month.residualPicoUsd)} is explained by no evidence, and the command ends with
exit 3. Of the bill ${month.coverage.percent} % was metered; the rest is the lines "unmetered".

## From the report to the invoice

\`tallygate invoice add --number INV-2026-1031 …\` records what the invoice states; the same command then goes on:

| step | USD | evidence |
|---|--:|---|
| billed | ${usdFromPico(tie.reportedPicoUsd)} | the provider's report |
${onward.join('\n')}
| residual | ${usdFromPico(tie.residualPicoUsd)} | ${tie.isTied ? 'the report ties to the invoice' : 'not explained'} |
| invoice | ${usdFromPico(tie.invoicedPicoUsd)} | INV-2026-1031 |

Who bears it: \`tallygate allocate --month 2026-10\`. When all is said: \`tallygate close --month 2026-10\`.
`;
}

/** A bar would end the cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
