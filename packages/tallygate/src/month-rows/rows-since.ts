import { toCsv } from '@tallygate/report';
import { type NanoUsd, usdFromNano } from '@tallygate/usage';
import type { RowDigest } from './row-digests.ts';

/**
 * What became of the rows of one day and backend since the month was closed. same: byte for byte. later: rows came since, as many as
 * the counts differ by. missing: they are fewer, or others: past their retention, or nobody knows.
 */
interface ComparedDay {
  then: RowDigest | null;
  now: RowDigest | null;
  state: 'same' | 'later' | 'missing';
}

/** A team's rows against what was frozen of them. */
export interface RowsSince {
  days: ComparedDay[];
  sameDays: number;
  laterLines: number;
  laterNanoUsd: NanoUsd;
  missingDays: number;
}

export function rowsSince(then: readonly RowDigest[], now: readonly RowDigest[]): RowsSince {
  const placeOf = ({ day, backend }: RowDigest) => `${day} ${backend}`;
  const [before, after] = [then, now].map((digests) => new Map(digests.map((one) => [placeOf(one), one])));
  const places = [...new Set([...then, ...now].map(placeOf))].sort();
  const days = places.map((place) => compared(before?.get(place) ?? null, after?.get(place) ?? null));
  const later = days.filter(({ state }) => state === 'later');
  return {
    days,
    sameDays: days.filter(({ state }) => state === 'same').length,
    laterLines: later.reduce((sum, day) => sum + (day.now?.lines ?? 0) - (day.then?.lines ?? 0), 0),
    laterNanoUsd: later.reduce(
      (sum, day) => sum + (day.now?.chargedNanoUsd ?? 0n) - (day.then?.chargedNanoUsd ?? 0n),
      0n,
    ),
    missingDays: days.filter(({ state }) => state === 'missing').length,
  };
}

function compared(then: RowDigest | null, now: RowDigest | null): ComparedDay {
  if (then?.sha256 === now?.sha256) return { then, now, state: 'same' };
  return { then, now, state: (now?.lines ?? 0) > (then?.lines ?? 0) ? 'later' : 'missing' };
}

export function rowsSinceCsv({ days }: RowsSince): string {
  const cells = (digest: RowDigest | null) =>
    digest === null
      ? [{ text: '' }, { text: '' }, { text: '' }]
      : [
          { figure: String(digest.lines) },
          { figure: usdFromNano(digest.chargedNanoUsd) },
          { text: digest.sha256 },
        ];
  return toCsv(
    [
      ...['day', 'backend', 'state', 'closed_lines', 'closed_contracted_cost_usd', 'closed_sha256'],
      ...['lines', 'contracted_cost_usd', 'sha256'],
    ],
    days.map(({ then, now, state }) => [
      ...[{ text: (then ?? now)?.day ?? '' }, { text: (then ?? now)?.backend ?? '' }, { text: state }],
      ...[...cells(then), ...cells(now)],
    ]),
  );
}
