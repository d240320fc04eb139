import type { TextTable } from '@tallygate/report';
import { isoFromMs, usdFromPico } from '@tallygate/usage';
import type { PullDrift } from '../../pulls/index.ts';

/** Counts as whole numbers, amounts as exact decimals of USD; all as text, for either may outgrow a number. */
export function driftDocument({ dayMs, earlier, later, changes, ...drift }: PullDrift) {
  return {
    day: dayText(dayMs),
    ...drift,
    earlier: pullDocument(earlier),
    later: pullDocument(later),
    changes: changes.map(({ figure, from, to }) => ({
      figure: figureName(figure),
      from: figureText(figure, from),
      to: figureText(figure, to),
      difference: figureText(figure, to - from),
    })),
  };
}

export function driftTable(drifts: readonly PullDrift[]): TextTable {
  const left = ['Day', 'Report', 'Group', 'Pulled', 'Again', 'Was'].map((title) => ({
    title,
    align: 'left' as const,
  }));
  const right = ['From', 'To', 'Difference'].map((title) => ({ title, align: 'right' as const }));
  return {
    columns: [...left, { title: 'Figure', align: 'left' }, ...right],
    rows: drifts.flatMap(({ dayMs, report, group, earlier, later, changes }) =>
      changes.map(({ figure, from, to }) => [
        dayText(dayMs),
        report.split('?')[0] ?? report,
        Object.values(group)
          .filter((value) => value !== null)
          .join(', '),
        dayText(earlier.pulledAtMs),
        dayText(later.pulledAtMs),
        earlier.state,
        figureName(figure),
        figureText(figure, from),
        figureText(figure, to),
        figureText(figure, to - from),
      ]),
    ),
  };
}

function pullDocument({ pulledAtMs, bodyHash, state }: PullDrift['earlier']) {
  return { pulledAt: isoFromMs(pulledAtMs), state, sha256: bodyHash };
}

const PICO_USD = /PicoUsd$/;

function figureName(figure: string): string {
  return figure.replace(PICO_USD, 'Usd');
}

function figureText(figure: string, value: bigint): string {
  return PICO_USD.test(figure) ? usdFromPico(value) : String(value);
}

function dayText(instantMs: number): string {
  return isoFromMs(instantMs).slice(0, 10);
}
