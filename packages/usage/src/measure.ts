import { z } from 'zod';
import { formatUsd, usdFromNano } from './money.ts';

/** What a limit is in. A budget's numbers are whole, in the smallest unit of its measure: nano-USD, tokens, requests. */
export const MEASURES = ['usd', 'tokens', 'requests'] as const;
export const measureSchema = z.enum(MEASURES);
export type Measure = z.output<typeof measureSchema>;

/** "$498.20", "1,990,000 tokens", "1 request". */
export function formatAmount(amount: bigint, measure: Measure = 'usd'): string {
  if (measure === 'usd') return formatUsd(amount);
  const unit = amount === 1n ? measure.slice(0, -1) : measure;
  return `${formatCount(amount)} ${unit}`;
}

/** For a column or a sum of which the measure is told elsewhere: "$498.20", "1,990,000". */
export function formatBareAmount(amount: bigint, measure: Measure = 'usd'): string {
  return measure === 'usd' ? formatUsd(amount) : formatCount(amount);
}

/** Fields of a JSON document: `limit` in USD becomes `limitUsd: "500.000000000"`, in tokens `limitTokens: "2000000"`. */
export function amountFields(
  amounts: Readonly<Record<string, bigint>>,
  measure: Measure = 'usd',
): Record<string, string> {
  const suffix = measure.charAt(0).toUpperCase() + measure.slice(1);
  const text = (amount: bigint) => (measure === 'usd' ? usdFromNano(amount) : String(amount));
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name + suffix, text(amount)]));
}

function formatCount(amount: bigint): string {
  return amount.toLocaleString('en-US');
}
