import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openOwnerRecords } from './owner-records.ts';
import { livenessOf, thisProcess } from './process-identity.ts';

/**
 * Process id of whoever owns the data directory; null when it is free. Only looks: takes nothing, and creates nothing. A
 * holder of which nobody here can tell whether it lives counts as living.
 */
export function liveOwner(dataDirectory: string): number | null {
  if (!existsSync(join(dataDirectory, 'owner.lock'))) return null;
  const latest = openOwnerRecords(dataDirectory).latest();
  if (latest === null || latest.released) return null;
  return livenessOf(latest.owner, thisProcess()) === 'dead' ? null : latest.owner.pid;
}
