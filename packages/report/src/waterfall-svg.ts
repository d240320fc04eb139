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
/** Only where something is enlarged. */
const HEADING = 40;
const LENS = 200;
const GAP = 24;
/** A step of less than that part of the plot is a sliver, in which nobody sees a size. */
const SMALL_PART = 50n;

const FILLS = { total: '#33475b', up: '#c2571a', down: '#2f7d4f' } as const;
const [INK, PALE, LINK] = ['#24292f', '#c9d1d9', '#8b97a3'];

/**
 * Bars from one total to the next, as an image without script or style sheet: it prints, and stands alone as a file, on paper of its
 * own whatever is behind it. Amounts are written beside the bars, and a step's sign with it: nothing is said by colour alone.
 *
 * All bars are drawn to one scale. Steps too small for it are drawn once more beside it, to a second scale that is common to them and
 * stated above: no axis is cut or bent.
 */
export function waterfallSvg(title: string, bars: readonly WaterfallBar[]): string {
  const placed = placeBars(bars);
  const scale = scaleOf(
    placed.flatMap(({ from, to }) => [from, to]),
    LABELS,
    PLOT,
  );
  const small = placed.filter((bar) => isSmall(bar, scale));
  const lens = small.length === 0 ? null : scaleOf(amountsOf(small), LABELS + PLOT + GAP, LENS);
  const top = lens === null ? 0 : HEADING;
  const [width, height] = [(lens?.right ?? LABELS + PLOT) + AMOUNTS, top + bars.length * ROW + 8];
  const rows = placed.flatMap((bar, index) => {
    const y = top + index * ROW + 8;
    return [barRow(bar, placed[index + 1], { y, width, scale }), ...smallRow(bar, small, lens, y)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escapeHtml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    groundAt(scale, top, height),
    ...(lens === null ? [] : [groundAt(lens, top, height), ...headings(scale, lens)]),
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

interface Scale {
  left: number;
  right: number;
  low: NanoUsd;
  /** From the lowest to the highest amount, nothing among them. */
  span: NanoUsd;
  x(amount: NanoUsd): number;
}

function scaleOf(amounts: readonly NanoUsd[], left: number, width: number): Scale {
  const sorted = [0n, ...amounts].sort((one, other) => (one < other ? -1 : Number(one > other)));
  const [low, high] = [sorted[0] ?? 0n, sorted.at(-1) ?? 0n];
  const span = high === low ? 1n : high - low;
  const x = (amount: NanoUsd) => left + Number(((amount - low) * BigInt(width) * 10n) / span) / 10;
  return { left, right: left + width, low, span, x };
}

function amountsOf(bars: readonly PlacedBar[]): NanoUsd[] {
  return bars.map(({ amount }) => amount);
}

function isSmall({ kind, amount }: PlacedBar, { span }: Scale): boolean {
  const magnitude = amount < 0n ? -amount : amount;
  return kind === 'step' && amount !== 0n && magnitude * SMALL_PART < span;
}

function groundAt(scale: Scale, top: number, height: number): string {
  const x = scale.x(0n);
  return `<line x1="${x}" y1="${top + 2}" x2="${x}" y2="${height - 2}" stroke="${PALE}"/>`;
}

/** Which scale is which, and how long an amount is on the second one. */
function headings(scale: Scale, lens: Scale): string[] {
  const widths = [BigInt(LENS) * scale.span, BigInt(PLOT) * lens.span] as const;
  const times = (widths[0] / widths[1]).toLocaleString('en-US');
  const highest = lens.low + lens.span;
  const edge = highest > 0n ? highest : lens.low;
  const text = (x: number, y: number, anchor: string, words: string) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11" fill="${INK}">${words}</text>`;
  return [
    text(scale.left, 14, 'start', 'to scale'),
    text(lens.left, 14, 'start', `small steps, enlarged ${times} times`),
    text(lens.x(0n), 32, edge > 0n ? 'start' : 'end', '0'),
    text(lens.x(edge), 32, edge > 0n ? 'end' : 'start', formatUsd(edge)),
  ];
}

function smallRow(bar: PlacedBar, small: readonly PlacedBar[], lens: Scale | null, y: number): string[] {
  return lens !== null && small.includes(bar) ? [barOf({ ...bar, from: 0n, to: bar.amount }, lens, y)] : [];
}

function barOf({ kind, amount, from, to }: PlacedBar, { x }: Scale, y: number): string {
  const [left, right] = from < to ? [x(from), x(to)] : [x(to), x(from)];
  const fill = kind === 'total' ? FILLS.total : amount < 0n ? FILLS.down : FILLS.up;
  return `<rect x="${left}" y="${y}" width="${Math.max(1, right - left).toFixed(1)}" height="${BAR}" fill="${fill}"/>`;
}

function barRow(
  bar: PlacedBar,
  next: PlacedBar | undefined,
  { y, width, scale }: { y: number; width: number; scale: Scale },
): string {
  const { label, kind, amount, to } = bar;
  const sign = kind === 'step' && amount > 0n ? '+' : '';
  const weight = kind === 'total' ? ' font-weight="600"' : '';
  const middle = y + BAR / 2 + 4.5;
  const x = scale.x(to);
  const link =
    next === undefined
      ? ''
      : `<line x1="${x}" y1="${y + BAR}" x2="${x}" y2="${y + ROW}" stroke="${LINK}" stroke-dasharray="2 2"/>`;
  return [
    `<text x="${LABELS - 10}" y="${middle}" text-anchor="end" fill="${INK}"${weight}>${escapeHtml(label)}</text>`,
    barOf(bar, scale, y),
    `<text x="${width - 4}" y="${middle}" text-anchor="end" fill="${INK}"${weight}>${sign}${formatUsd(amount)}</text>`,
    link,
  ].join('');
}
