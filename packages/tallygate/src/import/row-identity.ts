import { createHash } from 'node:crypto';
import { pseudonymOf, withoutAddress } from '@tallygate/meter';
import { derivedEventId } from '@tallygate/usage';
import type { ParsedRow } from './parse-row.ts';

/**
 * Which event a line of a file is. A call that the source names is that name, wherever it is met. Any other line is what it says,
 * and which of the equal lines of its file it is: two equal lines are two events, the same two in every file that has both.
 */
export interface RowIdentity {
  /** `repeated`: the file has had this line before. `conflicting`: it has had another one of that name. */
  of(row: ParsedRow): { eventId: string } | 'repeated' | 'conflicting';
}

const SOURCE = 'import';
/** Bits of a hash that a float holds exactly: by chance two of a million lines are taken for equal once in 500 files. */
const HASH_BYTES = 6;

/**
 * @param organization of two organizations the same line is two events.
 * @param pseudonymKey an id is a hash without a key, of a line whose other parts can be read in the ledger: a user who stood in
 * it as he is could be guessed and confirmed.
 */
export function createRowIdentity(organization: string, pseudonymKey: string | null): RowIdentity {
  const seen = createHashTable();
  return {
    of(row) {
      const text = canonicalText(row, pseudonymKey);
      if (row.id === null) {
        const before = seen.count(hashOf(text));
        return { eventId: derivedEventId(SOURCE, JSON.stringify([organization, 'line', text, before])) };
      }
      // An id met again with the same facts counts both hashes once more; with others, only that of the id.
      const name = JSON.stringify([organization, 'id', row.id]);
      const isKnownName = seen.count(hashOf(name)) > 0;
      const isKnownText = seen.count(hashOf(`${name}${text}`)) > 0;
      if (isKnownText) return 'repeated';
      return isKnownName ? 'conflicting' : { eventId: derivedEventId(SOURCE, name) };
    },
  };
}

/** The same facts in the same order, however the file wrote them: what makes two lines equal. */
function canonicalText(row: ParsedRow, key: string | null): string {
  const { atMs, attribution, usage, prices, latencyMs: _skipped, ...named } = row;
  const { user, tags: _none, ...who } = attribution;
  const pseudonym = user === undefined || key === null ? null : pseudonymOf(key, user);
  const texts = [...entriesOf(who), ...entriesOf(named)].map(([name, text]) => [
    name,
    withoutAddress(text, key),
  ]);
  const amounts = entriesOf({ ...prices }).map(([name, cell]) => [name, cell.amountPicoUsd.toString()]);
  return JSON.stringify([atMs, pseudonym, texts, entriesOf(usage), amounts]);
}

/** Sorted, and without what is not there: a column that is empty in one export is missing in another. */
function entriesOf<Value>(values: Readonly<Record<string, Value | null | undefined>>): [string, Value][] {
  return Object.entries(values)
    .filter((entry): entry is [string, Value] => entry[1] !== null && entry[1] !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, HASH_BYTES) + 1;
}

/** How often each hash was met, in 12 bytes a slot: a million lines take 25 to 50 MB, whatever they say. */
function createHashTable() {
  let hashes = new Float64Array(1 << 12);
  let counts = new Uint32Array(1 << 12);
  let used = 0;
  const slotOf = (hash: number) => {
    let slot = hash % hashes.length;
    while (hashes[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) % hashes.length;
    return slot;
  };
  const grow = () => {
    const [oldHashes, oldCounts] = [hashes, counts];
    hashes = new Float64Array(oldHashes.length * 2);
    counts = new Uint32Array(oldHashes.length * 2);
    for (let at = 0; at < oldHashes.length; at += 1) {
      const hash = oldHashes[at] ?? 0;
      if (hash === 0) continue;
      const slot = slotOf(hash);
      hashes[slot] = hash;
      counts[slot] = oldCounts[at] ?? 0;
    }
  };
  return {
    /** How often it was met before. */
    count(hash: number): number {
      if (used * 2 >= hashes.length) grow();
      const slot = slotOf(hash);
      const before = counts[slot] ?? 0;
      if (before === 0) used += 1;
      hashes[slot] = hash;
      counts[slot] = before + 1;
      return before;
    },
  };
}
