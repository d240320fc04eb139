import { type PicoUsd, utcDaysCovering } from '@tallygate/usage';
import { coverageOf } from './coverage.ts';
import type { Findings } from './findings.ts';
import { sumPico } from './joined-rows.ts';
import { FINAL_AFTER_MS, HOUR_MS } from './places.ts';
import type { Caveat, DayState, Reconciliation, ReportFreshness, Variance } from './reconciliation.ts';
import type { SideNotes } from './side-notes.ts';
import { moneyVerdict, tokenVerdict } from './verdicts.ts';

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
  requests: Reconciliation['verdicts']['requests'];
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
      requests,
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

function stateOf(dayEndMs: number, nowMs: number): DayState {
  if (nowMs < dayEndMs + HOUR_MS) return 'open';
  return nowMs < dayEndMs + FINAL_AFTER_MS ? 'provisional' : 'settled';
}
