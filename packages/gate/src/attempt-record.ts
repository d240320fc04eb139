import type { Hold, HoldEntry, Settlement } from '@tallygate/usage';
import { amountsFromText } from './amounts.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import { parsePeriodKey } from './keys.ts';
import { unavailable } from './outages.ts';

/**
 * The record that scripts keep of an attempt, as they hand it out (`lua/fragments/attempt.lua` says what stands in it), and
 * the text of the pinned periods inside it: `<period key>@<period end>`, separated by commas, with `<amount` behind it where the
 * budget pays up to the amount, and `>amount` where a pool pays what is above. No key of ours contains one of these signs, nor the
 * bar between the fields.
 */
interface AttemptRecord {
  state: string;
  epoch: string;
  budgetInstantMs: number;
  bucket: string;
  expected: string;
  worst: string;
  seq: string;
  settledAtMs: string;
  amount: string;
  entries: string;
}

export function entriesToText(entries: readonly PinnedPeriod[]): string {
  return entries.map(entryToText).join(',');
}

function entryToText({ key, periodEndMs, paysUpTo, paysFrom }: PinnedPeriod): string {
  const whole = `${key}@${periodEndMs}`;
  if (paysUpTo !== undefined) return `${whole}<${paysUpTo}`;
  return paysFrom === undefined ? whole : `${whole}>${paysFrom}`;
}

/** The hold that the record stands for, whoever asks: its periods and amounts are the ones that were pinned. */
export function holdFromRecord(organization: string, attemptId: string, text: string): Hold {
  const record = parseRecord(text);
  const { epoch, budgetInstantMs, expected, worst, bucket } = record;
  return {
    attemptId,
    organization,
    epoch,
    budgetInstantMs,
    expiryBucket: Number(bucket),
    entries: entriesFromText(record.entries, amountsFromText(expected), amountsFromText(worst)),
  };
}

/** The settlement that the record carries once the attempt has ended. */
export function settlementFromRecord(organization: string, attemptId: string, text: string): Settlement {
  const { state, epoch, budgetInstantMs, seq, settledAtMs, amount, entries } = parseRecord(text);
  const charged = amountsFromText(amount);
  return {
    attemptId,
    organization,
    kind: state === 'S' ? 'settle' : 'release',
    epoch,
    seq: Number(seq),
    budgetInstantMs,
    settledAtMs: Number(settledAtMs),
    entries: periodsFromText(entries).map(({ key }, position) => ({ key, amount: charged(position) })),
  };
}

function parseRecord(text: string): AttemptRecord {
  const [state, , epoch, , instant, bucket, expected, worst, seq, settledAt, amount, entries] =
    text.split('|');
  if (state === undefined || epoch === undefined || entries === undefined) throw unreadable(text);
  return {
    state,
    epoch,
    budgetInstantMs: Number(instant),
    bucket: bucket ?? '',
    expected: expected ?? '',
    worst: worst ?? '',
    seq: seq ?? '',
    settledAtMs: settledAt ?? '',
    amount: amount ?? '',
    entries,
  };
}

function entriesFromText(
  text: string,
  expected: (position: number) => bigint,
  worst: (position: number) => bigint,
): HoldEntry[] {
  return periodsFromText(text).map((period, position) => ({
    ...period,
    expected: expected(position),
    worst: worst(position),
  }));
}

function periodsFromText(text: string): PinnedPeriod[] {
  if (text === '') return [];
  return text.split(',').map((item) => {
    const [, key = '', end, upTo, from] = ENTRY.exec(item) ?? [];
    const period = parsePeriodKey(key);
    if (period === null) throw unreadable(text);
    const pinned: PinnedPeriod = { key, periodStartMs: period.startMs, periodEndMs: Number(end) };
    if (upTo !== undefined) pinned.paysUpTo = BigInt(upTo);
    if (from !== undefined) pinned.paysFrom = BigInt(from);
    return pinned;
  });
}

const ENTRY = /^([^@]+)@(\d+)(?:<(\d+)|>(\d+))?$/;

function unreadable(text: string): Error {
  return unavailable(
    `Redis holds a record of an attempt that this version cannot read: "${text.slice(0, 120)}"`,
    undefined,
    'Upgrade every process that shares this Redis to the same version.',
  );
}
