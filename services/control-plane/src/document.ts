import { isoFromMs, usdFromNano, usdFromPico } from '@tallygate/usage';

/**
 * A value as the read routes show it: instants as ISO 8601, money as exact decimal USD. The unit leaves the name with the
 * number: `limitNanoUsd: 500n` becomes `limitUsd: "0.000000500"`, `createdAtMs` becomes `createdAt`.
 *
 * Only for values whose `…Ms` are instants: a duration would come out as a moment of 1970.
 */
export function toDocument(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => toMember(name, member)));
}

function toMember(name: string, member: unknown): [string, unknown] {
  if (typeof member === 'bigint' && name.endsWith('PicoUsd')) {
    return [name.replace(/PicoUsd$/, 'Usd'), usdFromPico(member)];
  }
  if (typeof member === 'bigint' && name.endsWith('NanoUsd')) {
    return [name.replace(/NanoUsd$/, 'Usd'), usdFromNano(member)];
  }
  if (typeof member === 'number' && name.endsWith('Ms')) return [name.replace(/Ms$/, ''), isoFromMs(member)];
  return [name, toPlain(member)];
}

function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  return typeof value === 'object' && value !== null ? toDocument(value) : value;
}
