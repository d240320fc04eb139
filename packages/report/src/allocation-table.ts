import { formatUsd, usdFromNano, usdFromPico } from '@tallygate/usage';
import { type AllocationLine, type AllocationPart, sumOf } from './allocate-bill.ts';
import { toCsv } from './csv.ts';
import { percentOf } from './figures.ts';
import type { TextTable } from './text-table.ts';

/** What the cost centre of a line is called where nobody is charged. */
export const UNALLOCATED = '(unallocated)';

const PARTS: Record<AllocationPart, string> = {
  usage: '',
  unmetered: '(not metered)',
  unattributed: '(no team)',
  shared: '(invoice)',
};

/** Line by line for people. */
export function allocationTable(
  lines: readonly AllocationLine[],
  costCentreOf: (team: string | null) => string,
): TextTable {
  const total = sumOf(lines);
  return {
    columns: [
      ...['Team', 'Cost centre', 'For'].map((title) => ({ title, align: 'left' as const })),
      { title: 'Cost', align: 'right' },
      { title: 'Share', align: 'right', spare: 1 },
    ],
    rows: lines.map((line) => [
      line.team ?? UNALLOCATED,
      costCentreOf(line.team),
      PARTS[line.part] || line.feature || '(no feature)',
      formatUsd(line.amountNanoUsd),
      percentOf(line.amountNanoUsd, total),
    ]),
    footer: ['Total', '', '', formatUsd(total), percentOf(total, total)],
  };
}

/** For machines: exact, with what rounding gave or took from each line. */
export function allocationCsv(
  lines: readonly AllocationLine[],
  costCentreOf: (team: string | null) => string,
): string {
  return toCsv(
    ['team', 'cost_centre', 'feature', 'part', 'amount_usd', 'rounding_usd'],
    lines.map((line) => [
      { text: line.team ?? '' },
      { text: costCentreOf(line.team) },
      { text: line.feature },
      { text: line.part },
      { figure: usdFromNano(line.amountNanoUsd) },
      { figure: usdFromPico(line.roundingPicoUsd) },
    ]),
  );
}
