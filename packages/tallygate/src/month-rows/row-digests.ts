import { createHash, type Hash } from 'node:crypto';
import { toCsv } from '@tallygate/report';
import { isoFromMs, type NanoUsd, nanoFromUsd, type SpendHistory, usdFromNano } from '@tallygate/usage';
import { type AskedRows, type MonthRow, monthRows } from './month-rows.ts';
import { lastingLine } from './usage-csv.ts';

/** A team's rows of one UTC day at one backend: enough to tell later whether they are the same. */
export interface RowDigest {
  /** "2026-10-14". */
  day: string;
  team: string;
  backend: string;
  lines: number;
  chargedNanoUsd: NanoUsd;
  /** Of their lines in `usage.csv` without the last column, in its order. */
  sha256: string;
}

/** Rows come in the ledger's order; what is held is a hash for each day, team and backend. */
export function createRowDigests() {
  const places = new Map<string, { digest: Omit<RowDigest, 'sha256'>; hash: Hash }>();
  return {
    add(row: MonthRow): void {
      const { endedAtMs, attribution, backend } = row.event;
      const named = { day: isoFromMs(endedAtMs).slice(0, 10), team: attribution.team, backend };
      const key = JSON.stringify([named.day, named.team, named.backend]);
      const place = places.get(key) ?? {
        digest: { ...named, lines: 0, chargedNanoUsd: 0n },
        hash: createHash('sha256'),
      };
      places.set(key, place);
      place.digest.lines += 1;
      place.digest.chargedNanoUsd += row.line.contractedCostNanoUsd;
      place.hash.update(lastingLine(row));
    },
    /** By day, team and backend. To be called once. */
    taken: (): RowDigest[] =>
      [...places]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([, { digest, hash }]) => ({ ...digest, sha256: hash.digest('hex') })),
  };
}

export async function digestRows(
  history: Pick<SpendHistory, 'usagePage'>,
  asked: AskedRows,
): Promise<RowDigest[]> {
  const digests = createRowDigests();
  for await (const rows of monthRows(history, asked)) for (const row of rows) digests.add(row);
  return digests.taken();
}

/** Of one team, whose name is that of the file. */
export function rowDigestsCsv(digests: readonly RowDigest[]): string {
  return toCsv(
    ['day', 'backend', 'lines', 'contracted_cost_usd', 'sha256'],
    digests.map(({ day, backend, lines, chargedNanoUsd, sha256 }) => [
      ...[{ text: day }, { text: backend }, { figure: String(lines) }],
      ...[{ figure: usdFromNano(chargedNanoUsd) }, { text: sha256 }],
    ]),
  );
}

/** What `rowDigestsCsv` wrote: no cell of it needs quotes. */
export function readRowDigests(team: string, csv: string): RowDigest[] {
  const [, ...rows] = csv.trimEnd().split('\r\n');
  return rows.map((row) => {
    const [day = '', backend = '', lines, charged = '0', sha256 = ''] = row.split(',');
    return { day, team, backend, lines: Number(lines), chargedNanoUsd: nanoFromUsd(charged), sha256 };
  });
}
