import { formatUsd, isoFromMs, nanoFromPico, type PicoUsd } from '@tallygate/usage';
import type { BilledUsage, BillFigures, BillStatement } from './bill-statement.ts';
import { grouped, percentOf } from './figures.ts';
import type { TextColumn, TextTable } from './text-table.ts';

interface Figure extends TextColumn {
  cell(figures: BillFigures): string;
}

/** The provider's bill for people: rounded money, how much of the prompts came from a cache, each line's share. */
export function billTable(statement: BillStatement): TextTable {
  const { titles, isBucketed, lines, total } = statement;
  const names = [...(isBucketed ? ['From (UTC)'] : []), ...titles];
  const figures = figuresOf(statement);
  const cells = (line: BillFigures) => figures.map(({ cell }) => cell(line));
  return {
    columns: [...names.map((title) => ({ title, align: 'left' as const })), ...figures],
    rows: lines.map((line) => [
      ...(isBucketed ? [instantText(line.startMs)] : []),
      ...line.names,
      ...cells(line),
    ]),
    footer: [...names.map((_title, index) => (index === 0 ? 'Total' : '')), ...cells(total)],
  };
}

function figuresOf({ total, lines }: BillStatement): Figure[] {
  const figure = (title: string, cell: Figure['cell'], spare?: number): Figure => ({
    ...{ title, align: 'right', cell },
    ...(spare === undefined ? {} : { spare }),
  });
  const isDiscounted = [total, ...lines].some(
    ({ costPicoUsd, listCostPicoUsd }) => listCostPicoUsd !== null && listCostPicoUsd !== costPicoUsd,
  );
  return [
    figure('Requests', ({ requests }) => (requests === null ? '–' : grouped(requests)), 3),
    figure(
      'Input',
      used((usage) => grouped(promptTokensOf(usage))),
      4,
    ),
    figure('Cached', used(cachedShare), 2),
    figure(
      'Output',
      used(({ outputTokens }) => grouped(outputTokens)),
      5,
    ),
    figure(
      'Searches',
      used(({ webSearchRequests }) => grouped(webSearchRequests)),
      6,
    ),
    ...(isDiscounted ? [figure('List', ({ listCostPicoUsd }) => money(listCostPicoUsd), 7)] : []),
    figure('Cost', ({ costPicoUsd }) => money(costPicoUsd)),
    figure('Share', ({ costPicoUsd }) => percentOf(costPicoUsd ?? 0n, total.costPicoUsd ?? 0n), 1),
  ];
}

function used(cell: (usage: BilledUsage) => string): Figure['cell'] {
  return ({ usage }) => (usage === null ? '–' : cell(usage));
}

/** How much of all prompt tokens was read from a cache. */
function cachedShare(usage: BilledUsage): string {
  return percentOf(BigInt(usage.cacheReadInputTokens), BigInt(promptTokensOf(usage)));
}

function promptTokensOf(usage: BilledUsage): number {
  const written = usage.cacheWrite5mInputTokens + usage.cacheWrite1hInputTokens;
  return usage.uncachedInputTokens + usage.cacheReadInputTokens + written;
}

function money(amountPicoUsd: PicoUsd | null): string {
  return amountPicoUsd === null ? '–' : formatUsd(nanoFromPico(amountPicoUsd));
}

function instantText(instantMs: number): string {
  return isoFromMs(instantMs).slice(0, 16).replace('T00:00', '').replace('T', ' ');
}
