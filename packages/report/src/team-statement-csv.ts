import { formatUsd, nanoFromUsd } from '@tallygate/usage';
import { type CsvCell, toCsv } from './csv.ts';
import { durationText, grouped, shareText } from './figures.ts';
import type { StatementFigures, TeamStatement } from './team-statement.ts';
import type { TextTable } from './text-table.ts';

const FIGURES = [
  'calls',
  'attempts',
  'failedAttempts',
  'errorRate',
  'meanLatencyMs',
  'cacheReadShare',
  'chargedUsd',
  'billedUsd',
  'varianceUsd',
] as const satisfies (keyof StatementFigures)[];

/** One line per feature, then one per part that is of no feature: a column of `billed_usd` adds up to the statement. */
export function teamStatementCsv({ month, team, costCentre, features, steps }: TeamStatement): string {
  const head = [month, team, costCentre ?? ''].map((text): CsvCell => ({ text }));
  const others = steps.filter(({ kind, label }) => kind === 'step' && label !== 'variance');
  return toCsv(
    [
      'month',
      'team',
      'cost_centre',
      'for',
      ...FIGURES.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ],
    [
      ...features.map((line) => [
        ...head,
        { text: line.feature },
        ...FIGURES.map((name) => ({ figure: String(line[name] ?? '') })),
      ]),
      ...others.map(({ label, amountUsd }) => [
        ...head,
        { text: `(${label})` },
        ...FIGURES.map((name) => ({ figure: name === 'billedUsd' ? amountUsd : '' })),
      ]),
    ],
  );
}

/** For a terminal. */
export function teamStatementTable({ features, steps, figures, totalUsd }: TeamStatement): TextTable {
  const usd = (text: string) => formatUsd(nanoFromUsd(text));
  const cells = (name: string, line: StatementFigures) => [
    ...[name, grouped(line.calls), shareText(line.errorRate), durationText(line.meanLatencyMs)],
    ...[shareText(line.cacheReadShare), usd(line.chargedUsd), usd(line.varianceUsd), usd(line.billedUsd)],
  ];
  const others = steps.filter(({ kind, label }) => kind === 'step' && label !== 'variance');
  return {
    columns: [
      { title: 'For', align: 'left' },
      ...['Calls', 'Errors', 'Latency', 'Cached', 'Charged', 'Variance', 'Billed'].map((title) => ({
        ...{ title, align: 'right' as const },
      })),
    ],
    rows: [
      ...features.map((line) => cells(line.feature === '' ? '(no feature)' : line.feature, line)),
      ...others.map(({ label, amountUsd }) => [`(${label})`, '', '', '', '', '', '', usd(amountUsd)]),
    ],
    footer: [...cells('Total', figures).slice(0, -1), usd(totalUsd)],
  };
}
