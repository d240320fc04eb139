import type { Alert } from '@tallygate/usage';
import { unavailable } from './outages.ts';

/** An alert as scripts keep it: `<period key>|<percent>|<spent>|<limit>|<instant>`. The same alert is the same text. */

export function announcementOf({ key, thresholdPercent, spent, limit, crossedAtMs }: Alert): string {
  return [key, thresholdPercent, spent, limit, crossedAtMs].join('|');
}

export function alertFrom(organization: string, announcement: string): Alert {
  const [key, percent, spent, limit, instant] = announcement.split('|');
  if (key === undefined || spent === undefined || limit === undefined || instant === undefined)
    throw unavailable(`Redis holds an announcement that this version cannot read: "${announcement}"`);
  return {
    organization,
    key,
    thresholdPercent: Number(percent),
    spent: BigInt(spent),
    limit: BigInt(limit),
    crossedAtMs: Number(instant),
  };
}
