import { isDeepStrictEqual } from 'node:util';
import { type ConfigurationSnapshot, configurationSnapshotSchema, toWireJson } from '@tallygate/usage';
import { unavailable } from './outages.ts';

/** A snapshot as it stands in Redis: JSON, amounts as decimal strings. */
export function snapshotToJson(snapshot: ConfigurationSnapshot): string {
  return toWireJson(configurationSnapshotSchema.encode(snapshot));
}

/**
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` for one that says more than this version understands: a budget read without its
 *   mark would cover calls that it does not. Otherwise when the text is no snapshot.
 */
export function snapshotFromJson(text: string): ConfigurationSnapshot {
  const written: unknown = JSON.parse(text);
  const snapshot = configurationSnapshotSchema.decode(written as Parameters<Decode>[0]);
  const unknown = unknownIn(written, JSON.parse(snapshotToJson(snapshot)), '');
  if (unknown !== null)
    throw unavailable(
      `The live configuration has "${unknown}", which this version does not know`,
      undefined,
      'A newer version published it: upgrade this process. Until then its budgets decide by onOutage.',
    );
  return snapshot;
}

type Decode = typeof configurationSnapshotSchema.decode;

/** The first field that was lost in reading; what reading has added is the default of an older one. */
function unknownIn(written: unknown, read: unknown, path: string): string | null {
  if (typeof written !== 'object' || written === null) return null;
  const known = new Map(Object.entries(typeof read === 'object' && read !== null ? read : {}));
  for (const [name, value] of Object.entries(written)) {
    const at = path === '' ? name : `${path}.${name}`;
    const unknown = known.has(name) ? unknownIn(value, known.get(name), at) : at;
    if (unknown !== null) return unknown;
  }
  return null;
}

/** True for a publication that is repeated because its answer was lost. */
export function sameSnapshot(offered: ConfigurationSnapshot, live: ConfigurationSnapshot): boolean {
  return offered.version === live.version && snapshotToJson(offered) === snapshotToJson(live);
}

/** True when both count on the same counters with the same limits. */
export function sameBudgets(left: ConfigurationSnapshot, right: ConfigurationSnapshot): boolean {
  return isDeepStrictEqual(left.budgets, right.budgets);
}
