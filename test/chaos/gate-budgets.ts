import { type Budget, type ConfigurationSnapshot, emptyConfiguration, nanoFromUsd } from '@tallygate/usage';
import { machineMs } from './gate-journal.ts';

/**
 * Each slice of time has a feature, and its feature a budget that is soon used up: so for the whole run somebody is near a limit.
 * The other budgets cover many calls and see periods end. Every third one whose calls are asked for has a pool beside it.
 */
export const ORGANIZATION = 'chaos';
const SLICE_MS = 2_000;
const TEAMS = ['billing', 'search', 'support'] as const;

/** Who asks for each call, and who leases: where a lease keeps money idle, one who asks is denied, so each has budgets of its own. */
const KINDS = ['asked', 'leased'] as const;
export type Kind = (typeof KINDS)[number];

/** A slow machine uses up a few calls' worth, too; with less than four calls there are no leases. */
const LIMITS_USD: Record<Kind, string> = { asked: '0.25', leased: '0.60' };

/** @param seconds the longest that calls are made. */
export function chaosSnapshot(seconds: number): ConfigurationSnapshot {
  const slices = Math.ceil((seconds * 1_000) / SLICE_MS) + 1;
  const budgets = [
    budget('all', '1000000', {}),
    budget('minute', '1000', { period: 'minute' }),
    ...TEAMS.map((team) => budget(team, '1000000', { period: 'day', scope: { team } })),
    budget('spare', '1', { isPool: true }),
    ...KINDS.flatMap((kind) =>
      Array.from({ length: slices }, (_, slice) =>
        budget(`${kind}-${slice}`, LIMITS_USD[kind], {
          scope: { feature: `${kind}-${slice}` },
          ...(kind === 'asked' && slice % 3 === 0 ? { pool: 'spare' } : {}),
        }),
      ),
    ),
  ];
  return { ...emptyConfiguration(ORGANIZATION), version: 1, budgets };
}

export function featureNow(kind: Kind, startedMs: number): string {
  return `${kind}-${Math.floor((machineMs() - startedMs) / SLICE_MS)}`;
}

export function isLeased(feature: string): boolean {
  return feature.startsWith('leased-');
}

export function teamOf(attemptId: string): string {
  return TEAMS[Number.parseInt(attemptId.slice(-2), 16) % TEAMS.length] ?? TEAMS[0];
}

function budget(id: string, limitUsd: string, parts: Partial<Budget>): Budget {
  const limit = nanoFromUsd(limitUsd);
  return { id, scope: {}, period: 'month', timeZone: 'UTC', limit, onOutage: 'block', ...parts };
}
