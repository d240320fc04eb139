import { toCsv } from '@tallygate/report';
import { usdFromNano } from '@tallygate/usage';
import type { MonthRow } from './month-rows.ts';

interface PriceUse {
  lines: number;
  chargedNanoUsd: bigint;
}

/** By which prices rows were charged. */
export type PriceUses = Map<string, PriceUse>;

export function countPrice(uses: PriceUses, { line: { priceId, contractedCostNanoUsd } }: MonthRow): void {
  const { lines, chargedNanoUsd } = uses.get(priceId ?? '') ?? { lines: 0, chargedNanoUsd: 0n };
  uses.set(priceId ?? '', { lines: lines + 1, chargedNanoUsd: chargedNanoUsd + contractedCostNanoUsd });
}

export function pricesCsv(uses: PriceUses): string {
  const byId = [...uses].sort(([left], [right]) => (left < right ? -1 : 1));
  return toCsv(
    ['price_id', 'lines', 'contracted_cost_usd'],
    byId.map(([priceId, { lines, chargedNanoUsd }]) => [
      { text: priceId },
      { figure: String(lines) },
      { figure: usdFromNano(chargedNanoUsd) },
    ]),
  );
}
