import type { Evidence, Reconciliation } from '@tallygate/reconcile';
import {
  isoFromMs,
  type PicoUsd,
  type ReportVersion,
  type ReportVersions,
  type UsageRecords,
  type UsageSink,
} from '@tallygate/usage';
import { correctionEvent, type Reasons, requireStored } from '../corrections/correction-event.ts';
import { type CorrectedGuess, correctedGuesses } from './corrected-guesses.ts';
import { type Guess, readGuesses } from './guesses.ts';
import { guessesOfFinding } from './guesses-of-finding.ts';
import { type OpenFindings, openFindings, type TruedUpCause } from './open-findings.ts';
import { pulledMinutes } from './pulled-minutes.ts';

export interface TrueUpParts {
  history: Pick<UsageRecords, 'usagePage'> & { reportVersions: Pick<ReportVersions, 'list'> };
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  organization: string;
  /** As it is stored, under this id: what every row goes back to. */
  reconciliation: Reconciliation;
  reportId: string;
  /** By which both sides' rows of a model meet. */
  modelName(name: string): string;
  /** Of the snapshot in force. */
  configVersion: number;
  /** Null: nothing is written. */
  apply: Reasons | null;
  onProgress(atMs: number): void;
}

/** Of one cause. Findings are of the reconciliation, each is counted once. */
export interface TruedUp {
  cause: TruedUpCause;
  /** Those whose attempts are corrected, and what that moves at list price. */
  findings: number;
  attempts: number;
  amountPicoUsd: PicoUsd;
  /** Our rows come to what the provider counted already. */
  settled: number;
  /** Our rows are others than those that were compared. */
  changed: number;
  /** The buckets that it was read from are not stored. */
  notPulled: number;
  /** The reconciliation keeps no evidence of them. */
  leftOut: number;
}

/**
 * Corrects what we guessed to what the provider counted, as signed rows beside the guess: each names the reconciliation, the version of
 * the provider's report, the minutes, the key and the model. What cannot be proved again from the rows as they are now stays.
 *
 * Promise: a second run writes nothing, also after one that was cut off.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger does not answer or takes no rows.
 */
export async function trueUpUsage(parts: TrueUpParts): Promise<TruedUp[]> {
  const { history, organization, reconciliation, sink, apply } = parts;
  const open = openFindings(reconciliation);
  const places = open.flatMap(({ findings }) => findings);
  const guesses = await readGuesses({ ...parts, places, madeBy: madeByFlag(parts.reportId) });
  const { fromMs, toMs } = reconciliation;
  const pulls = await history.reportVersions.list({ organization, fromMs, toMs });
  const done = open.map((cause) => trueUpCause(cause, { ...parts, guesses, pulls }));
  if (apply !== null) await requireStored(sink);
  return done;
}

interface Known extends TrueUpParts {
  guesses: readonly Guess[];
  pulls: readonly ReportVersion[];
}

function trueUpCause({ cause, isMeant, findings, leftOut }: OpenFindings, known: Known): TruedUp {
  const none = { findings: 0, attempts: 0, amountPicoUsd: 0n, settled: 0, changed: 0, notPulled: 0 };
  const done: TruedUp = { cause, ...none, leftOut };
  const guesses = known.guesses.filter(({ event }) => isMeant(event.status));
  for (const finding of findings) {
    const rows = rowsFor(finding, guesses, known);
    if (typeof rows === 'string') {
      done[rows] += 1;
      continue;
    }
    write(rows, known);
    done.findings += 1;
    done.attempts += finding.attempts;
    done.amountPicoUsd += finding.amountPicoUsd;
  }
  return done;
}

type LeftAlone = 'settled' | 'changed' | 'notPulled';

function rowsFor(
  finding: Evidence,
  guesses: readonly Guess[],
  { modelName, pulls, reconciliation, reportId }: Known,
): CorrectedGuess[] | LeftAlone {
  const matched = guessesOfFinding(finding, guesses, modelName);
  if (typeof matched === 'string') return matched;
  const pull = pulledMinutes(pulls, reconciliation, finding);
  if (pull === null) return 'notPulled';
  const evidence = evidenceOf(finding, pull, reportId);
  const rows = correctedGuesses(matched, finding.actual.amountPicoUsd, evidence);
  return rows.length === 0 ? 'settled' : rows;
}

function madeByFlag(reportId: string): string {
  return `reconciliation:${reportId}`;
}

/** Where somebody who doubts a row finds what it was made from. */
function evidenceOf(
  { fromMs, toMs, apiKeyId, model }: Evidence,
  pull: ReportVersion,
  reportId: string,
): string[] {
  return [
    madeByFlag(reportId),
    `pull:${pull.bodyHash}`,
    `bucket:${isoFromMs(fromMs)}/${isoFromMs(toMs)}`,
    `key:${apiKeyId}`,
    `model:${model}`,
  ];
}

function write(rows: readonly CorrectedGuess[], { apply, sink, configVersion }: TrueUpParts): void {
  if (apply === null) return;
  for (const { guess, line } of rows)
    sink.recordOutcome(correctionEvent(guess.event, [line], configVersion, apply), null);
}
