import { usdFromNano } from '@tallygate/usage';
import { percentOf } from './spend-tables.ts';
import type { TextTable } from './text-table.ts';

/** What the table of a reconciliation needs to know of it. Variance is always provider − ours. */
export interface VarianceStatement {
  oursNanoUsd: bigint;
  providerNanoUsd: bigint;
  /** Named reasons, each with the part of the variance that it explains and the evidence for it. */
  causes: readonly { name: string; amountNanoUsd: bigint; evidence: string }[];
}

/** provider − ours − Σ causes: what nobody has explained. Derived here, so that the table always adds up. */
export function residualNanoUsd(statement: VarianceStatement): bigint {
  const explained = statement.causes.reduce((sum, cause) => sum + cause.amountNanoUsd, 0n);
  return statement.providerNanoUsd - statement.oursNanoUsd - explained;
}

/** From our total, cause by cause, to the provider's: exact to the nano-dollar, because every cent is the point. */
export function varianceTable(statement: VarianceStatement): TextTable {
  const { oursNanoUsd, providerNanoUsd, causes } = statement;
  const row = (name: string, amount: bigint, evidence: string) => [
    name,
    signed(amount),
    percentOf(amount, providerNanoUsd),
    evidence,
  ];
  return {
    columns: [
      { title: 'From ours to the bill', align: 'left' },
      { title: 'USD', align: 'right' },
      { title: 'Of the bill', align: 'right' },
      { title: 'Evidence', align: 'left' },
    ],
    rows: [
      ['Ours', usdFromNano(oursNanoUsd), percentOf(oursNanoUsd, providerNanoUsd), ''],
      ...causes.map(({ name, amountNanoUsd, evidence }) => row(name, amountNanoUsd, evidence)),
      row('Residual', residualNanoUsd(statement), residualNanoUsd(statement) === 0n ? '' : 'not explained'),
    ],
    footer: [
      "Provider's bill",
      usdFromNano(providerNanoUsd),
      percentOf(providerNanoUsd, providerNanoUsd),
      '',
    ],
  };
}

function signed(amountNanoUsd: bigint): string {
  return amountNanoUsd > 0n ? `+${usdFromNano(amountNanoUsd)}` : usdFromNano(amountNanoUsd);
}
