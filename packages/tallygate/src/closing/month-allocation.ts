import { type AllocationLine, allocateBill, sumOf } from '@tallygate/report';
import type { ConfigurationSnapshot, NanoUsd, SpendHistory } from '@tallygate/usage';
import { type AllocationRules, type Correction, type MonthBill, readMonthBill } from '../allocation/index.ts';
import { correctionsFor } from './corrections.ts';
import { readFrozen } from './frozen.ts';
import { closedPeriods, type Manifest, readPeriods } from './period.ts';

/** Who bears a month, and by what: enough to post it. */
export interface MonthAllocation {
  month: string;
  basis: MonthBill['basis'];
  totalNanoUsd: NanoUsd;
  lines: readonly AllocationLine[];
  corrections: readonly Correction[];
  rules: AllocationRules;
  configurationVersion: number;
  /** Null: the month is closed, and what its bill is by now changes nothing here. */
  bill: MonthBill | null;
  /** Of a closed month, as they were printed. */
  files: Readonly<Record<string, string>>;
}

/** Of a closed month what was frozen, by the rules of that day, so that posting it again posts the same; else what holds now. */
export async function monthAllocation(
  history: SpendHistory,
  configuration: ConfigurationSnapshot,
  month: string,
): Promise<MonthAllocation> {
  const { organization, version } = configuration;
  const periods = await readPeriods(history, organization);
  const closed = closedPeriods(periods).get(month);
  if (closed !== undefined) return frozenAllocation(history, organization, month, closed.manifest);
  const bill = await readMonthBill(history, organization, month, configuration);
  return {
    ...{ month, basis: bill.basis, totalNanoUsd: bill.totalNanoUsd, bill, files: {} },
    lines: allocateBill(bill.toAllocate),
    corrections: await correctionsFor(history, organization, month, periods),
    ...{ rules: configuration, configurationVersion: version },
  };
}

async function frozenAllocation(
  history: SpendHistory,
  organization: string,
  month: string,
  { basis, rules, statements: number, versions }: Manifest,
): Promise<MonthAllocation> {
  const { lines, corrections, files } = await readFrozen(history, organization, { month, number });
  const configurationVersion = versions.configuration;
  const totalNanoUsd = sumOf(lines);
  return { month, basis, totalNanoUsd, lines, corrections, rules, configurationVersion, bill: null, files };
}
