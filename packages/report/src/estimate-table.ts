import { type EstimateAccuracy, formatUsd } from '@tallygate/usage';
import { grouped, percentOf } from './figures.ts';
import type { TextTable } from './text-table.ts';

/** What calls were admitted by beside what they cost, a line for each kind of call. */
export function estimateTable(kinds: readonly EstimateAccuracy[]): TextTable {
  return {
    columns: [
      { title: 'Team', align: 'left' },
      { title: 'Feature', align: 'left' },
      { title: 'Requested model', align: 'left' },
      { title: 'max_tokens', align: 'right', spare: 2 },
      { title: 'Attempts', align: 'right' },
      { title: 'Charged', align: 'right' },
      { title: 'Of expected', align: 'right' },
      { title: 'Of worst', align: 'right', spare: 1 },
      { title: 'Above expected', align: 'right' },
      { title: 'Above worst', align: 'right' },
    ],
    rows: kinds.map((kind) => [
      kind.team,
      kind.feature,
      kind.requestModel,
      describeClass(kind.maxOutputTokensFrom),
      grouped(kind.attempts),
      formatUsd(kind.chargedNanoUsd),
      percentOf(kind.chargedNanoUsd, kind.expectedNanoUsd),
      percentOf(kind.chargedNanoUsd, kind.worstNanoUsd),
      percentOf(BigInt(kind.aboveExpected), BigInt(kind.attempts)),
      grouped(kind.aboveWorst),
    ]),
  };
}

function describeClass(from: number): string {
  return from === 0 ? '0' : `${from}–${2 * from - 1}`;
}
