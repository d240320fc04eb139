import { ALERT_PERCENT_MAX, DEFAULT_ALERTS } from '@tallygate/usage';
import { FIELD_CURES } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

/** Percents of the limit. Absent stays absent, so that the default is this version's; an empty list is none. */
export function alertsFrom(
  written: readonly string[] | null | undefined,
  path: Path,
  document: LocatedDocument,
): { alerts?: number[] } {
  if (written === null || written === undefined) return {};
  const refuse = (index: number, problem: string) =>
    document.invalid(
      [...path, index],
      `"${written[index]}" ${problem}`,
      FIELD_CURES['budgets.*.alerts'] ?? '',
    );
  const alerts: number[] = [];
  for (const [index, text] of written.entries()) {
    const percent = /^\d{1,4}$/.test(text) ? Number(text) : 0;
    if (percent < 1 || percent > ALERT_PERCENT_MAX)
      throw refuse(index, `is not a whole percent from 1 to ${ALERT_PERCENT_MAX}`);
    if (percent <= (alerts.at(-1) ?? 0)) throw refuse(index, 'does not ascend');
    alerts.push(percent);
  }
  return { alerts };
}

/** "at 50, 75, 90, 100 % of the limit". */
export function describeAlerts(alerts: readonly number[] = DEFAULT_ALERTS): string {
  return alerts.length === 0 ? 'none' : `at ${alerts.join(', ')} % of the limit`;
}
