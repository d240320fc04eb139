import { isRolling } from '@tallygate/usage';
import type { LoadedConfig } from '../configuration/load.ts';
import { planChanges } from '../configuration/plan.ts';
import { checkAlerts } from './alerts/check-alerts.ts';
import { attempt, type Check, ok, warn } from './check.ts';
import { checkEstimates } from './check-estimates.ts';
import { checkUnknownUsage } from './check-unknown-usage.ts';
import type { CliContext, CliRuntime } from './context.ts';
import { checkPrices } from './prices/check-prices.ts';

/** What only an open runtime can tell. It is closed whatever a check finds. */
export async function checkRuntime(context: CliContext, loaded: LoadedConfig): Promise<Check[]> {
  const opened = await attempt('runtime', () => context.openRuntime(loaded.config));
  if ('failed' in opened) return [opened.failed];
  const runtime = opened.value;
  try {
    return [
      await gateCheck(runtime, loaded.config),
      await inForceCheck(runtime, loaded),
      await checkPrices(runtime),
      await clockCheck(context, runtime),
      await checkAlerts(context, runtime, loaded.config),
      // Before the ledger is counted: what the spool still holds belongs there.
      await spoolCheck(runtime),
      await ledgerCheck(context, runtime),
      ...(await checkUnknownUsage(context, runtime)),
      ...(await checkEstimates(context, runtime)),
    ];
  } finally {
    await runtime.close();
  }
}

const ROLES = {
  owner: 'embedded, owned by this command while it runs',
  client: 'embedded, owned by another process of this machine',
  direct: 'shared',
} as const;

async function gateCheck({ gate, role }: CliRuntime, { redisUrl }: LoadedConfig['config']): Promise<Check> {
  const live = await attempt('gate', () => gate.configuration());
  if ('failed' in live) return live.failed;
  const where = redisUrl === null ? ROLES[role] : 'shared, in Redis';
  return ok('gate', `${where}; configuration version ${live.value.version}`);
}

async function inForceCheck({ gate }: CliRuntime, { desired }: LoadedConfig): Promise<Check> {
  if (desired === null) return ok('in force', 'no file to compare with');
  const plan = await attempt('in force', async () => planChanges(await gate.configuration(), desired));
  if ('failed' in plan) return plan.failed;
  const changes = plan.value.changes.length;
  if (changes === 0) return ok('in force', 'what the file asks for');
  return warn(
    'in force',
    `${changes} changes of the file are not in force`,
    'See them with "tallygate plan".',
  );
}

/** The gate's clock decides periods. A current period that does not hold our own time shows that the two clocks disagree. */
async function clockCheck(context: CliContext, { gate }: CliRuntime): Promise<Check> {
  const balances = await attempt('clock', () => gate.balances());
  if ('failed' in balances) return balances.failed;
  const nowMs = context.clock.nowMs();
  const off = balances.value.find(
    // A part of a window may be a second long: two clocks that are well may differ by more.
    ({ budget, periodStartMs, periodEndMs }) =>
      !isRolling(budget.period) && (nowMs < periodStartMs || nowMs >= periodEndMs),
  );
  if (off) {
    const found = `outside the gate's current period of budget ${off.budget.id}`;
    return warn('clock', found, 'Synchronise the clocks of this machine and of the gate.');
  }
  return ok('clock', balances.value.length === 0 ? 'no budget to compare with' : "within the gate's periods");
}

async function spoolCheck({ sink }: CliRuntime): Promise<Check> {
  const flushed = await attempt('spool', () => sink.flush());
  if ('failed' in flushed) return flushed.failed;
  const { pending } = flushed.value;
  return pending === 0
    ? ok('spool', 'empty')
    : warn('spool', `${pending} records wait`, 'They are stored once a ledger answers.');
}

/** Everything up to tomorrow: a row from the future would be found by the clock check of whoever wrote it. */
async function ledgerCheck(context: CliContext, { history, organization }: CliRuntime): Promise<Check> {
  if (history === null) return warn('ledger', 'none', 'Install chdb, or set TALLYGATE_CLICKHOUSE_URL.');
  const toMs = context.clock.nowMs() + 86_400_000;
  const counts = await attempt('ledger', () => history.counts({ organization, fromMs: 0, toMs }));
  if ('failed' in counts) return counts.failed;
  const { events, settlements, duplicates } = counts.value;
  if (duplicates === 0) return ok('ledger', `${events} attempts, ${settlements} settlements, no row twice`);
  return warn(
    'ledger',
    `${duplicates} rows stand twice`,
    'Totals count them once; report how they came about.',
  );
}
