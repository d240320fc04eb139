import { isDeepStrictEqual } from 'node:util';
import { type ConfigurationSnapshot, configurationSnapshotSchema, toWireJson } from '@tallygate/usage';

/** A snapshot as it stands in Redis: JSON, amounts as decimal strings. */
export function snapshotToJson(snapshot: ConfigurationSnapshot): string {
  return toWireJson(configurationSnapshotSchema.encode(snapshot));
}

/** @throws when the text is not a snapshot of this version. */
export function snapshotFromJson(text: string): ConfigurationSnapshot {
  return configurationSnapshotSchema.decode(JSON.parse(text));
}

/** True for a publication that is repeated because its answer was lost. */
export function sameSnapshot(offered: ConfigurationSnapshot, live: ConfigurationSnapshot): boolean {
  return offered.version === live.version && snapshotToJson(offered) === snapshotToJson(live);
}

/** True when both count on the same counters with the same limits. */
export function sameBudgets(left: ConfigurationSnapshot, right: ConfigurationSnapshot): boolean {
  return isDeepStrictEqual(left.budgets, right.budgets);
}
