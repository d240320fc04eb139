import type { OurRow, TheirRow } from './joined-rows.ts';
import type { Minute } from './minute-runs.ts';
import { dayOf, MINUTE_MS } from './places.ts';
import type { MinuteStretch } from './reconcile-input.ts';
import { shiftedTerms, type TermName, unlikeLines } from './terms.ts';
import {
  addTokens,
  isOnlySearched,
  NO_TOKENS,
  subtractTokens,
  TOKEN_CLASSES,
  type TokenCounts,
} from './token-counts.ts';

/** Minutes of one key and model that do not match, and all that could be why. */
export interface Run {
  apiKeyId: string | null;
  model: string;
  stretch: MinuteStretch;
  minutes: Minute[];
  fromMs: number;
  toMs: number;
  /** Rows with a guess: of attempts whose end we did not see, and of those of which we do not know if there was anything. */
  aborted: OurRow[];
  unknown: OurRow[];
  /** theirs − what our reported rows account for. */
  net: TokenCounts;
  /** Terms on which it holds less than our reported rows say, with no less in sum. */
  shiftedTerms: TermName[];
  /** In no hour of it has the key any row of ours. */
  isDark: boolean;
}

export function runOf(
  subject: Pick<Run, 'apiKeyId' | 'model' | 'stretch'>,
  minutes: Minute[],
  isDark: boolean,
): Run {
  const estimated = minutes.flatMap((minute) => minute.estimated);
  const fromMs = minutes[0]?.atMs ?? 0;
  return {
    ...subject,
    minutes,
    fromMs,
    toMs: (minutes.at(-1)?.atMs ?? fromMs) + MINUTE_MS,
    aborted: estimated.filter((row) => row.status !== 'unknown'),
    unknown: estimated.filter((row) => row.status === 'unknown'),
    net: netOf(minutes),
    shiftedTerms: shiftedTerms(
      unlikeLines(
        theirsIn(minutes),
        minutes.flatMap((minute) => minute.reported),
      ),
    ),
    isDark,
  };
}

/** No call is without a token: searches alone belong to a row that is there, whose answer did not show them. */
export function isSearchesAlone({ net, aborted, unknown }: Run): boolean {
  return isOnlySearched(net) && net.webSearchRequests > 0 && aborted.length + unknown.length === 0;
}

/** What the provider has beyond our reported rows. */
export function netOf(minutes: readonly Minute[]): TokenCounts {
  let net = NO_TOKENS;
  for (const { theirTokens, reportedTokens } of minutes)
    net = subtractTokens(addTokens(net, theirTokens), reportedTokens);
  return net;
}

/** The minutes of each day, earliest first: a bill is one of days, and so are prices. */
export function byDay(minutes: readonly Minute[]): { dayMs: number; minutes: Minute[] }[] {
  const days: { dayMs: number; minutes: Minute[] }[] = [];
  for (const minute of minutes) {
    const dayMs = dayOf(minute.atMs);
    const last = days.at(-1);
    if (last?.dayMs === dayMs) last.minutes.push(minute);
    else days.push({ dayMs, minutes: [minute] });
  }
  return days;
}

export function hasSome(counts: TokenCounts, isOf: (count: number) => boolean): boolean {
  return TOKEN_CLASSES.some((tokenClass) => isOf(counts[tokenClass]));
}

export function theirsIn(minutes: readonly Minute[]): TheirRow[] {
  return minutes.flatMap((minute) => minute.theirs);
}
