import type { Reconciliation } from '@tallygate/reconcile';
import { type Balance, type Clock, type SpendRow, TallygateError } from '@tallygate/usage';
import { fromStoredReport, type TallygateRuntime } from 'tallygate';
import { utcDayStartMs, utcMonthStartMs } from '../spend-request.ts';

/** A figure, or why there is none. A page shows the reason in its place: a store that is away must never read as zero. */
export type Fact<Value> = { known: true; value: Value } | { known: false; reason: string };

/** Everything that the overview shows, as of one moment. */
export interface Overview {
  organization: string;
  atMs: number;
  monthStartMs: number;
  /** By team id, as people call it. */
  teamNames: Fact<ReadonlyMap<string, string>>;
  balances: Fact<Balance[]>;
  /** Month to date in UTC, by team and feature, at contracted cost. */
  spend: Fact<SpendRow[]>;
  denialsToday: Fact<number>;
  reconciliation: Fact<Reconciliation | null>;
}

export async function loadOverview(
  { gate, remoteBackend, organization }: TallygateRuntime,
  clock: Clock,
): Promise<Overview> {
  const { history } = remoteBackend;
  const atMs = clock.nowMs();
  const monthStartMs = utcMonthStartMs(atMs);
  const month = { organization, fromMs: monthStartMs, toMs: atMs + 1 };
  const today = { organization, fromMs: utcDayStartMs(atMs), toMs: atMs + 1 };
  const [teamNames, balances, spend, denialsToday, reconciliation] = await Promise.all([
    fact(gate.configuration().then(({ teams }) => new Map(teams.map(({ id, name }) => [id, name])))),
    fact(gate.balances()),
    fact(history.spend({ ...month, by: 'budget', groupBy: ['team', 'feature'] })),
    fact(history.counts(today).then(({ denials }) => denials)),
    fact(
      history.lastReport(organization).then((report) => (report === null ? null : fromStoredReport(report))),
    ),
  ]);
  return { organization, atMs, monthStartMs, teamNames, balances, spend, denialsToday, reconciliation };
}

async function fact<Value>(question: Promise<Value>): Promise<Fact<Value>> {
  try {
    return { known: true, value: await question };
  } catch (error) {
    // The text of an error that is not ours may hold anything.
    const reason = TallygateError.isInstance(error)
      ? error.message
      : 'The control plane failed while it asked.';
    return { known: false, reason };
  }
}
