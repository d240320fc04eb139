import {
  type Balance,
  type ConfigurationSnapshot,
  type Period,
  periodAt,
  type SpendRow,
} from '@tallygate/usage';
import { type LastReconciliation, lastReconciliations, valuesOfBudgets } from 'tallygate';
import { type Answer, answerWithin } from '../patience.ts';
import type { RouteParts } from '../routes/parts.ts';

/** All that the page is made from, asked at one moment. What did not answer says so; nothing is assumed in its place. */
export interface OverviewFacts {
  organization: string;
  nowMs: number;
  /** The calendar month of now, in UTC. */
  month: Period;
  configuration: Answer<ConfigurationSnapshot>;
  /** Of a budget with `each`, the values that were charged most. */
  balances: Answer<Balance[]>;
  /** Of the month, by team and feature. */
  spend: Answer<SpendRow[]>;
  /** Calls of the month that did not fit a budget. */
  denials: Answer<number>;
  /** The newest of each bill. */
  reconciliations: Answer<LastReconciliation[]>;
}

/**
 * The month is asked for to its end, not to now: clocks of other processes may be a little ahead, and a call that the gate
 * counts already must not be missing in the ledger's column.
 */
export async function loadFacts(parts: RouteParts): Promise<OverviewFacts> {
  const { gate, remoteBackend, organization } = parts.runtime;
  const { history } = remoteBackend;
  const nowMs = parts.clock.nowMs();
  const month = periodAt('month', 'UTC', nowMs);
  const range = { organization, fromMs: month.startMs, toMs: month.endMs };
  const [configuration, balances, spend, denials, reconciliations] = await Promise.all([
    askGate(parts, () => gate.configuration()),
    askGate(parts, async () => [
      ...(await gate.balances()),
      ...(await dearestValues(parts)).flatMap(({ shown }) => shown),
    ]),
    askLedger(parts, () => history.spend({ ...range, by: 'ended', groupBy: ['team', 'feature'] })),
    askLedger(parts, async () => (await history.counts(range)).denials),
    askLedger(parts, () => lastReconciliations(history, organization)),
  ]);
  return { organization, nowMs, month, configuration, balances, spend, denials, reconciliations };
}

/** A page has room for a few of those who used most of what each of them has. */
const VALUES_SHOWN = 5;

async function dearestValues({ runtime }: RouteParts) {
  const { organization, gate, remoteBackend } = runtime;
  return valuesOfBudgets({ organization, gate, history: remoteBackend.history }, VALUES_SHOWN);
}

function askGate<Value>(parts: RouteParts, question: () => Promise<Value>): Promise<Answer<Value>> {
  return answerWithin(question, { ...parts, silence: 'TALLYGATE_GATE_UNAVAILABLE' });
}

function askLedger<Value>(parts: RouteParts, question: () => Promise<Value>): Promise<Answer<Value>> {
  return answerWithin(question, { ...parts, silence: 'TALLYGATE_LEDGER_UNAVAILABLE' });
}
