import {
  type AllocationLine,
  allocateBill,
  type StatementFigures,
  sumOf,
  type TeamStatement,
} from '@tallygate/report';
import {
  type ConfigurationSnapshot,
  type SpendHistory,
  UNASSIGNED,
  type UsageGroup,
  usdFromNano,
} from '@tallygate/usage';
import {
  type Correction,
  chargingOf,
  type MonthBill,
  rangeOfMonth,
  readMonthBill,
} from '../allocation/index.ts';
import { correctionsFor } from './corrections.ts';
import type { PeriodRecord } from './period.ts';

/** A month with who bears what of it, as it is now. */
export interface MonthStatements {
  bill: MonthBill;
  lines: AllocationLine[];
  corrections: Correction[];
  /** Of every team that is listed, that called, or that bears something. */
  statements: TeamStatement[];
}

export async function monthStatements(
  history: SpendHistory,
  configuration: ConfigurationSnapshot,
  month: string,
  { periods, state }: { periods: readonly PeriodRecord[]; state: TeamStatement['state'] },
): Promise<MonthStatements> {
  const { organization } = configuration;
  const bill = await readMonthBill(history, organization, month, configuration);
  const lines = allocateBill(bill.toAllocate);
  const corrections = await correctionsFor(history, organization, month, periods);
  // What stands on the bills of partner clouds is no part of this one.
  const filter = bill.basis === 'charges' ? {} : { filter: { backend: ['anthropic'] } };
  const question = { organization, ...rangeOfMonth(month), by: 'ended' as const, ...filter };
  const ofTeams = await history.usage({ ...question, groupBy: ['team'] });
  const ofFeatures = await history.usage({ ...question, groupBy: ['team', 'feature'] });
  const facts = {
    bill,
    lines,
    corrections,
    state,
    configuration,
    teams: ofTeams.groups,
    features: ofFeatures.groups,
  };
  const named = [
    ...configuration.teams.map(({ id }) => id),
    ...ofTeams.groups.map(({ group }) => group.team ?? ''),
    ...[...lines, ...corrections].flatMap(({ team }) => team ?? []),
  ];
  const teams = [...new Set(named)].filter((team) => team !== UNASSIGNED && team !== '').sort();
  return { bill, lines, corrections, statements: teams.map((team) => statementOf(team, facts)) };
}

interface Facts extends Omit<MonthStatements, 'statements'> {
  state: TeamStatement['state'];
  configuration: ConfigurationSnapshot;
  teams: readonly UsageGroup[];
  features: readonly UsageGroup[];
}

function statementOf(team: string, facts: Facts): TeamStatement {
  const { bill, state, configuration } = facts;
  const listed = configuration.teams.find(({ id }) => id === team);
  const own = facts.lines.filter((line) => line.team === team);
  const billedOf = (feature: string) =>
    sumOf(own.filter((line) => line.part === 'usage' && line.feature === feature));
  const features = facts.features
    .filter(({ group }) => group.team === team)
    .map((group) => ({
      feature: group.group.feature ?? '',
      ...figuresOf(group, billedOf(group.group.feature ?? '')),
    }))
    .sort((left, right) => (left.feature < right.feature ? -1 : 1));
  const calls = facts.teams.find(({ group }) => group.team === team);
  const usage = sumOf(own.filter(({ part }) => part === 'usage'));
  const corrections = facts.corrections.filter((correction) => correction.team === team);
  const figures = figuresOf(calls ?? NO_CALLS, usage);
  const totalUsd = usdFromNano(sumOf([...own, ...corrections]));
  return {
    schema: 'tallygate.statement/1',
    ...{ organization: configuration.organization, month: bill.month, team, name: listed?.name ?? team },
    ...{ costCentre: listed?.costCentre ?? null, charging: chargingOf(listed), state },
    ...{ basis: bill.basis, tiedToInvoice: bill.invoice?.isTied ?? null, figures, features },
    steps: stepsOf(figures, own, corrections, totalUsd),
    totalUsd,
  };
}

const PARTS = { unmetered: 'not metered', unattributed: 'no team', shared: 'invoice' } as const;

/** Charged, then what the bill makes of it, part by part: the last is the sum of all before. */
function stepsOf(
  { chargedUsd, varianceUsd }: StatementFigures,
  own: readonly AllocationLine[],
  corrections: readonly Correction[],
  totalUsd: string,
): TeamStatement['steps'] {
  const step = (label: string, amountUsd: string) => ({ label, kind: 'step' as const, amountUsd });
  const parts = (['unmetered', 'unattributed', 'shared'] as const).flatMap((part) => {
    const lines = own.filter((line) => line.part === part);
    return lines.length === 0 ? [] : [step(PARTS[part], usdFromNano(sumOf(lines)))];
  });
  const late = corrections.map(({ month, amountNanoUsd }) =>
    step(`correction of ${month}`, usdFromNano(amountNanoUsd)),
  );
  return [
    { label: 'charged', kind: 'total', amountUsd: chargedUsd },
    step('variance', varianceUsd),
    ...parts,
    ...late,
    { label: 'borne', kind: 'total', amountUsd: totalUsd },
  ];
}

type Told = Pick<
  UsageGroup,
  | 'calls'
  | 'attempts'
  | 'failedAttempts'
  | 'errorRate'
  | 'meanLatencyMs'
  | 'cacheReadShare'
  | 'contractedCostNanoUsd'
>;

const NO_CALLS: Told = {
  ...{ calls: 0, attempts: 0, failedAttempts: 0, errorRate: null, meanLatencyMs: null, cacheReadShare: null },
  contractedCostNanoUsd: 0n,
};

function figuresOf(group: Told, billedNanoUsd: bigint): StatementFigures {
  const { calls, attempts, failedAttempts, errorRate, meanLatencyMs, cacheReadShare } = group;
  return {
    ...{ calls, attempts, failedAttempts, errorRate, meanLatencyMs, cacheReadShare },
    chargedUsd: usdFromNano(group.contractedCostNanoUsd),
    billedUsd: usdFromNano(billedNanoUsd),
    varianceUsd: usdFromNano(billedNanoUsd - group.contractedCostNanoUsd),
  };
}
