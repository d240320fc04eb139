import { formatUsd, type NanoUsd, nanoFromUsd } from '@tallygate/usage';
import { escapeHtml } from './escape-html.ts';

/** A total stands on the ground; a step hangs where the bar before it ended. */
export interface WaterfallBar {
  label: string;
  kind: 'total' | 'step';
  /** Decimal USD; of a step what it adds. */
  amountUsd: string;
}

const ROW = 30;
const BAR = 18;
const LABELS = 190;
const PLOT = 430;
const AMOUNTS = 130;
const WIDTH = LABELS + PLOT + AMOUNTS;

const FILLS = { total: '#33475b', up: '#c2571a', down: '#2f7d4f' } as const;

/**
 * Bars from one total to the next, as an image without script or style sheet: it prints, and stands alone as a file. Amounts are
 * written beside the bars, and a step's sign with it: nothing is said by colour alone.
 */
export function waterfallSvg(title: string, bars: readonly WaterfallBar[]): string {
  const placed = placeBars(bars);
  const ends = placed.flatMap(({ from, to }) => [from, to]);
  const [low = 0n, ...others] = [0n, ...ends].sort((left, right) => (left < right ? -1 : 1));
  const high = others.at(-1) ?? low;
  const span = high === low ? 1n : high - low;
  const x = (amount: NanoUsd) => LABELS + Number(((amount - low) * BigInt(PLOT) * 10n) / span) / 10;
  const height = bars.length * ROW + 8;
  const rows = placed.map((bar, index) => barRow(bar, placed[index + 1], index * ROW + 8, x));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escapeHtml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<line x1="${x(0n)}" y1="2" x2="${x(0n)}" y2="${height - 2}" stroke="#c9d1d9"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

interface PlacedBar extends WaterfallBar {
  amount: NanoUsd;
  from: NanoUsd;
  to: NanoUsd;
}

function placeBars(bars: readonly WaterfallBar[]): PlacedBar[] {
  let reached = 0n;
  return bars.map((bar) => {
    const amount = nanoFromUsd(bar.amountUsd);
    const from = bar.kind === 'total' ? 0n : reached;
    reached = from + amount;
    return { ...bar, amount, from, to: reached };
  });
}

function barRow(
  { label, kind, amount, from, to }: PlacedBar,
  next: PlacedBar | undefined,
  y: number,
  x: (amount: NanoUsd) => number,
): string {
  const [left, right] = from < to ? [x(from), x(to)] : [x(to), x(from)];
  const fill = kind === 'total' ? FILLS.total : amount < 0n ? FILLS.down : FILLS.up;
  const sign = kind === 'step' && amount > 0n ? '+' : '';
  const weight = kind === 'total' ? ' font-weight="600"' : '';
  const middle = y + BAR / 2 + 4.5;
  const link =
    next === undefined
      ? ''
      : `<line x1="${x(to)}" y1="${y + BAR}" x2="${x(to)}" y2="${y + ROW}" stroke="#8b97a3" stroke-dasharray="2 2"/>`;
  return [
    `<text x="${LABELS - 10}" y="${middle}" text-anchor="end" fill="#24292f"${weight}>${escapeHtml(label)}</text>`,
    `<rect x="${left}" y="${y}" width="${Math.max(1, right - left).toFixed(1)}" height="${BAR}" fill="${fill}"/>`,
    `<text x="${WIDTH - 4}" y="${middle}" text-anchor="end" fill="#24292f"${weight}>${sign}${formatUsd(amount)}</text>`,
    link,
  ].join('');
}
