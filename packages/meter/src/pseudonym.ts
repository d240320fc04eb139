/**
 * What may name a person leaves this process as a keyed hash or not at all. An e-mail address is looked for in everything that
 * callers write freely, because sooner or later somebody puts one into a feature's name.
 */
import { createHmac } from 'node:crypto';

/** Stands where an address was and no key is there to hash it with. */
export const REDACTED = 'redacted';

/** 22 characters of base64url, 132 bits: the same value has the same pseudonym under the same key, and no way back. */
export function pseudonymOf(key: string, value: string): string {
  return createHmac('sha256', key).update(value).digest('base64url').slice(0, 22);
}

/**
 * Something, an @ (also percent-encoded), a host with a top-level domain of letters. Loose on purpose: too many found cost a
 * readable name, one missed is a leak. "model@20250929" and "package@1.2.3" are none. Linear: each @ is looked at once.
 */
const EMAIL_ADDRESS = /[^\s@](?:@|%40)[^\s@.]{1,255}(?:\.[^\s@.]{1,63}){0,8}?\.\p{L}[\p{L}\p{N}-]/iu;

export function looksLikeEmailAddress(value: string): boolean {
  return (value.includes('@') || value.includes('%40')) && EMAIL_ADDRESS.test(value);
}

/** The value as it is, or the pseudonym of the whole of it where an address is in it: the same as that of a user of that name. */
export function withoutAddress(value: string, key: string | null): string {
  if (!looksLikeEmailAddress(value)) return value;
  return key === null ? REDACTED : pseudonymOf(key, value);
}

/** The same for every string within, names of fields too. What holds none is returned as it is. */
export function withoutAddresses(value: unknown, key: string | null): unknown {
  if (typeof value === 'string') return withoutAddress(value, key);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutAddresses(item, key));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [withoutAddress(name, key), withoutAddresses(item, key)]),
  );
}
