/** Figures as people read them. */

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** "12.3%", rounded half up in integers; "–" of nothing, because 0 % of nothing would be a claim. */
export function percentOf(part: bigint, whole: bigint): string {
  if (whole === 0n) return '–';
  const magnitude = (amount: bigint) => (amount < 0n ? -amount : amount);
  const perMille = (magnitude(part) * 2000n + magnitude(whole)) / (magnitude(whole) * 2n);
  const sign = perMille !== 0n && part < 0n !== whole < 0n ? '-' : '';
  return `${sign}${perMille / 10n}.${perMille % 10n}%`;
}

/** A fraction as "12.3%"; what is something, however little, never reads as nothing. */
export function shareText(share: number | null): string {
  if (share === null) return '–';
  if (share > 0 && share < 0.0005) return '<0.1%';
  return `${(share * 100).toFixed(1)}%`;
}

/** "842 ms", "3.21 s", "63.4 s". */
export function durationText(durationMs: number | null): string {
  if (durationMs === null) return '–';
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1_000;
  return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
}

const BAR_CELLS = 10n;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** As long as the amount is beside the largest one, in eighths of a cell; credits have none. */
export function costBar(amount: bigint, largest: bigint): string {
  if (amount <= 0n || largest <= 0n) return '';
  const eighths = (amount * BAR_CELLS * 8n) / largest;
  const bar = '█'.repeat(Number(eighths / 8n)) + EIGHTHS[Number(eighths % 8n)];
  return bar === '' ? '▏' : bar;
}
