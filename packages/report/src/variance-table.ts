import { usdFromPico } from '@tallygate/usage';
import { percentOf } from './figures.ts';
import type { TextTable } from './text-table.ts';

/** What the table of a reconciliation needs to know of it. Variance is always billed − internal. */
export interface VarianceStatement {
  internalPicoUsd: bigint;
  billedPicoUsd: bigint;
  /** Named reasons, each with the part of the variance that it explains and the evidence for it. */
  causes: readonly { name: string; amountPicoUsd: bigint; evidence: string }[];
  /** What the two ends are called. Default: ours and the provider's bill. */
  ends?: { title: string; from: string; to: string };
}

const ENDS = { title: 'From ours to the bill', from: 'Ours', to: "Provider's bill" };

/** billed − internal − Σ causes: what nobody has explained. Derived here, so that the table always adds up. */
function residualPicoUsd(statement: VarianceStatement): bigint {
  const explained = statement.causes.reduce((sum, cause) => sum + cause.amountPicoUsd, 0n);
  return statement.billedPicoUsd - statement.internalPicoUsd - explained;
}

/** From our total, cause by cause, to the provider's: exact to the last digit, because every cent is the point. */
export function varianceTable(statement: VarianceStatement): TextTable {
  const { internalPicoUsd, billedPicoUsd, causes, ends = ENDS } = statement;
  const residual = residualPicoUsd(statement);
  const usd = evenUsd([
    internalPicoUsd,
    billedPicoUsd,
    residual,
    ...causes.map((cause) => cause.amountPicoUsd),
  ]);
  const cells = (name: string, amount: string, amountPicoUsd: bigint, evidence: string) => [
    name,
    amount,
    percentOf(amountPicoUsd, billedPicoUsd),
    evidence,
  ];
  const step = (name: string, amountPicoUsd: bigint, evidence: string) =>
    cells(name, `${amountPicoUsd > 0n ? '+' : ''}${usd(amountPicoUsd)}`, amountPicoUsd, evidence);
  return {
    columns: [
      { title: ends.title, align: 'left' },
      { title: 'USD', align: 'right' },
      { title: 'Of the bill', align: 'right' },
      { title: 'Evidence', align: 'left' },
    ],
    rows: [
      cells(ends.from, usd(internalPicoUsd), internalPicoUsd, ''),
      ...causes.map((cause) => step(cause.name, cause.amountPicoUsd, cause.evidence)),
      step('Residual', residual, residual === 0n ? '' : 'not explained'),
    ],
    footer: cells(ends.to, usd(billedPicoUsd), billedPicoUsd, ''),
  };
}

/** The same number of digits on every line, so that points stand below each other. */
function evenUsd(amounts: readonly bigint[]): (amountPicoUsd: bigint) => string {
  const fractionDigits = Math.max(
    ...amounts.map((amount) => (usdFromPico(amount).split('.')[1] ?? '').length),
  );
  return (amountPicoUsd) => {
    const [whole = '', fraction = ''] = usdFromPico(amountPicoUsd).split('.');
    return `${whole}.${fraction.padEnd(fractionDigits, '0')}`;
  };
}
