import { join } from 'node:path';
import { type Durability, spoolStatus } from '@tallygate/ledger';
import { formatUsd } from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { attempt, type Check, ok, warn } from './check.ts';
import type { CliContext } from './context.ts';

/** What each level may lose, in the order: the process is killed; the machine dies. */
const MAY_LOSE: Record<Durability, string> = {
  memory: 'a kill loses what the ledger has not taken: two seconds while it answers, all since it does not',
  os: 'a kill loses nothing, a power loss the last 5 to 30 seconds',
  group: 'a kill loses the last 5 milliseconds, a power loss the last 5 to 30 seconds',
  fsync: 'a kill loses nothing, a power loss the last 5 milliseconds',
};
const BOUND_BYTES = 1_073_741_824;
const ALARM_PERCENT = 80;

/** How safe usage is here until the ledger has it, and whether a person has to look at what lies in the spool. */
export async function checkSpoolFiles(context: CliContext, config: ResolvedConfig): Promise<Check[]> {
  const durability = ok('durability', `${config.durability}: ${MAY_LOSE[config.durability]}`);
  if (config.durability === 'memory') return [durability];
  const root = join(config.dataDirectory, 'spool');
  const asked = await attempt('spool files', () => spoolStatus({ root, clock: context.clock }));
  if ('failed' in asked) return [durability, asked.failed];
  const { bytes, deadFacts, dropped } = asked.value;
  const found: Check[] = [];
  const maxBytes = config.spoolMaxBytes ?? BOUND_BYTES;
  if (bytes * 100 >= maxBytes * ALARM_PERCENT) {
    const cure = 'Let the ledger take it, or raise TALLYGATE_SPOOL_MAX_BYTES.';
    found.push(warn('spool files', `${bytes} of ${maxBytes} bytes, then ${config.spoolFull}`, cure));
  }
  if (deadFacts > 0) {
    const cure = 'See "tallygate spool dead"; send it again with "tallygate spool retry".';
    found.push(warn('spool files', `the ledger refused ${deadFacts} facts`, cure));
  }
  if (dropped.outcomes > 0) {
    const lost = `${dropped.outcomes} outcomes of ${formatUsd(dropped.costNanoUsd)} were dropped`;
    found.push(warn('spool files', lost, 'Choose TALLYGATE_SPOOL_FULL=aggregate to keep every sum.'));
  }
  if (found.length === 0) found.push(ok('spool files', `${bytes} of ${maxBytes} bytes, nothing refused`));
  return [durability, ...found];
}
