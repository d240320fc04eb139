import { TallygateError } from '@tallygate/usage';

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SHORTEST_MS = 1_000;
const LONGEST_MS = 31 * 86_400_000;

/** "2s", "15m", "1h", "7d" in ms. @throws TallygateError `TALLYGATE_REQUEST_INVALID` for anything else, and beyond 31 days. */
export function durationFrom(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const durationMs = Number(amount) * (UNITS_MS[unit] ?? 0);
  if (durationMs >= SHORTEST_MS && durationMs <= LONGEST_MS) return durationMs;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${flag} "${text}" is not a length of time between 1s and 31d.`,
    cure: 'Write one such as 2s, 15m, 1h or 7d.',
  });
}
