import { type PicoUsd, utcDaysCovering } from '@tallygate/usage';
import { coverageOf } from './coverage.ts';
import type { Findings } from './findings.ts';
import { sumPico } from './joined-rows.ts';
import { FINAL_AFTER_MS, HOUR_MS } from './places.ts';
import type {
  Caveat,
  DayState,
  Differences,
  Reconciliation,
  ReportFreshness,
  Variance,
} from './reconciliation.ts';
import type { RequestDifferences } from './request-count.ts';
import type { SideNotes } from './side-notes.ts';
import { subtractTokens, sumTokens } from './token-counts.ts';
import { moneyVerdict, requestVerdict, tokenVerdict } from './verdicts.ts';

/** What was asked for, whatever it was compared with. */
interface Question {
  organization: string;
  fromMs: number;
  toMs: number;
  nowMs: number;
  tolerancePicoUsd: PicoUsd;
  caveats: readonly Caveat[];
  freshness?: readonly ReportFreshness[];
}

interface Found {
  internalPicoUsd: PicoUsd;
  variances: Variance[];
  notes: Omit<SideNotes, 'add'>;
  findings: Findings;
  requests: RequestDifferences;
  /** False: the bill has amounts alone. */
  countsTokens: boolean;
}

/** internal + Σ causes + residual = billed: what is left is named last, and by no cause. */
export function concluded(
  { organization, fromMs, toMs, nowMs, tolerancePicoUsd, caveats, freshness = [] }: Question,
  { internalPicoUsd, variances, notes, findings, requests, countsTokens }: Found,
): Reconciliation {
  const causes = findings.causes();
  const billedPicoUsd = sumPico(variances.map((line) => line.billedPicoUsd));
  const explainedPicoUsd = sumPico(causes.map((cause) => cause.amountPicoUsd));
  const residualPicoUsd = billedPicoUsd - internalPicoUsd - explainedPicoUsd;
  return {
    version: 2,
    organization,
    fromMs,
    toMs,
    createdAtMs: nowMs,
    internalPicoUsd,
    billedPicoUsd,
    variancePicoUsd: billedPicoUsd - internalPicoUsd,
    explainedPicoUsd,
    residualPicoUsd,
    tolerancePicoUsd,
    coverage: coverageOf(notes.listPicoUsd(), causes),
    verdicts: {
      tokens: countsTokens ? tokenVerdict(variances, findings) : 'not_counted',
      money: moneyVerdict({ residualPicoUsd, tolerancePicoUsd }, variances),
      requests: requestVerdict(requests, findings),
    },
    differences: {
      tokens: countsTokens ? tokensOf(variances, findings) : null,
      money: {
        ...{ difference: billedPicoUsd - internalPicoUsd, explained: explainedPicoUsd },
        unexplained: residualPicoUsd,
      },
      requests: requestsOf(requests, findings),
    },
    days: utcDaysCovering(fromMs, toMs).map((day) => ({
      dayMs: day.startMs,
      state: stateOf(day.endMs, nowMs),
    })),
    variances,
    causes,
    ...findings.unexplained(),
    elsewhere: notes.elsewhere(),
    caveats: [...caveats, ...notes.unknownCounts()],
    freshness: [...freshness],
  };
}

function tokensOf(variances: readonly Variance[], findings: Findings): Differences['tokens'] {
  const difference = sumTokens(variances.map((line) => line.difference));
  const explained = findings.allExplainedTokens();
  return { difference, explained, unexplained: subtractTokens(difference, explained) };
}

function requestsOf(differences: RequestDifferences, findings: Findings): Differences['requests'] {
  if (differences === null) return null;
  let [difference, explained] = [0, 0];
  for (const [dayMs, ofDay] of differences) {
    difference += ofDay;
    explained += findings.explainedRequests(dayMs);
  }
  return { difference, explained, unexplained: difference - explained };
}

function stateOf(dayEndMs: number, nowMs: number): DayState {
  if (nowMs < dayEndMs + HOUR_MS) return 'open';
  return nowMs < dayEndMs + FINAL_AFTER_MS ? 'provisional' : 'settled';
}
