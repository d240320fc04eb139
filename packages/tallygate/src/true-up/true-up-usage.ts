import type { Evidence, Reconciliation } from '@tallygate/reconcile';
import {
  type EventStatus,
  isoFromMs,
  type PicoUsd,
  type ReportVersion,
  type SettlementGap,
  type SpendHistory,
  type UsageSink,
} from '@tallygate/usage';
import { correctionEvent, type Reasons, requireStored } from '../corrections/correction-event.ts';
import { correctedGuesses } from './corrected-guesses.ts';
import { type Guess, readGuesses } from './guesses.ts';
import { guessesOfFinding } from './guesses-of-finding.ts';
import { type OpenFindings, openFindings, type TruedUpCause } from './open-findings.ts';
import { createPullReader, pulledMinutes } from './pulled-minutes.ts';
import { type RestoringTerms, restoredEvents } from './restored-rows.ts';
import type { TruedUpRow } from './trued-up-row.ts';

export interface TrueUpParts extends RestoringTerms {
  history: Pick<SpendHistory, 'usagePage' | 'knownEvents' | 'settlementGaps'> & {
    reportVersions: Pick<SpendHistory['reportVersions'], 'list' | 'read'>;
  };
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  /** As it is stored, under this id: what every row goes back to. */
  reconciliation: Reconciliation;
  reportId: string;
  /** Whether lost rows are written anew: they must be known to be lost, since one that came after all would count twice. */
  restoresLost: boolean;
  /** Null: nothing is written. */
  apply: Reasons | null;
  onProgress(atMs: number): void;
}

/** Of one cause. Findings are of the reconciliation, each is counted once. */
export interface TruedUp {
  cause: TruedUpCause;
  /** Those that rows are written of, how many attempts they are about, and what that moves at list price. */
  findings: number;
  attempts: number;
  amountPicoUsd: PicoUsd;
  /** Our rows come to what the provider counted already. */
  settled: number;
  /** Our rows are others than those that were compared. */
  changed: number;
  /** The buckets that it was read from are not stored. */
  notPulled: number;
  /** On which terms the provider counted it cannot be told, or its price there is not what the finding says. */
  unclear: number;
  /** The reconciliation keeps no evidence of them. */
  leftOut: number;
}

/**
 * Corrects what we guessed to what the provider counted, as signed rows beside the guess, and writes what lost rows would have said;
 * each row names the reconciliation, the version of the provider's report, the minutes, the key and the model. What cannot be proved
 * again from the rows as they are now stays.
 *
 * Promise: a second run writes nothing, also after one that was cut off.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger does not answer or takes no rows.
 */
export async function trueUpUsage(parts: TrueUpParts): Promise<TruedUp[]> {
  const isMeant = ({ cause }: OpenFindings) => parts.restoresLost || !isLost(cause);
  const open = openFindings(parts.reconciliation).filter(isMeant);
  const known = await readKnown(parts, open);
  const done: TruedUp[] = [];
  for (const cause of open) done.push(await trueUpCause(cause, known));
  if (parts.apply !== null) await requireStored(parts.sink);
  return done;
}

interface Known extends TrueUpParts {
  guesses: readonly Guess[];
  pulls: readonly ReportVersion[];
  gaps: readonly SettlementGap[];
  readLines: ReturnType<typeof createPullReader>;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

async function readKnown(parts: TrueUpParts, open: readonly OpenFindings[]): Promise<Known> {
  const { history, snapshot, reconciliation } = parts;
  const { organization } = snapshot;
  const { fromMs, toMs } = reconciliation;
  const places = open.flatMap(({ cause, findings }) => (isLost(cause) ? [] : findings));
  const guesses = await readGuesses({ ...parts, organization, places, madeBy: madeByFlag(parts.reportId) });
  const pulls = await history.reportVersions.list({ organization, fromMs, toMs });
  const around = { organization, fromMs: fromMs - DAY_MS, toMs: toMs + DAY_MS };
  const gaps = open.some(({ cause }) => isLost(cause)) ? await history.settlementGaps(around) : [];
  return { ...parts, guesses, pulls, gaps, readLines: createPullReader(history.reportVersions) };
}

async function trueUpCause({ cause, findings, leftOut }: OpenFindings, known: Known): Promise<TruedUp> {
  const left = { settled: 0, changed: 0, notPulled: 0, unclear: 0, leftOut };
  const done: TruedUp = { cause, findings: 0, attempts: 0, amountPicoUsd: 0n, ...left };
  const places = findings.map((finding) => {
    const pull = pulledMinutes(known.pulls, known.reconciliation, finding);
    return { finding, pull };
  });
  for (const place of places.sort(byPull)) {
    const { finding } = place;
    const rows = await (isLost(cause) ? rowsForLost(place, known) : rowsForGuess(cause, place, known));
    if (typeof rows === 'string') {
      done[rows] += 1;
      continue;
    }
    write(rows, known);
    done.findings += 1;
    done.attempts += Math.max(finding.attempts, new Set(rows.map(({ event }) => event.eventId)).size);
    done.amountPicoUsd += finding.amountPicoUsd;
  }
  return done;
}

/** A finding, and the version that it was read from. */
interface Place {
  finding: Evidence;
  pull: ReportVersion | null;
}

/** Each version is read once. */
function byPull({ pull: left }: Place, { pull: right }: Place): number {
  const [one, other] = [left?.bodyHash ?? '', right?.bodyHash ?? ''];
  return one === other ? 0 : one < other ? -1 : 1;
}

function isLost(cause: TruedUpCause): cause is 'missing_rows' {
  return cause === 'missing_rows';
}

type LeftAlone = 'settled' | 'changed' | 'notPulled' | 'unclear';

const IS_MEANT: Record<Exclude<TruedUpCause, 'missing_rows'>, (status: EventStatus) => boolean> = {
  aborted_estimate: (status) => status !== 'unknown',
  unknown_outcome: (status) => status === 'unknown',
};

function rowsForGuess(
  cause: keyof typeof IS_MEANT,
  { finding, pull }: Place,
  { guesses, modelName, reportId }: Known,
): TruedUpRow[] | LeftAlone {
  const meant = guesses.filter(({ event }) => IS_MEANT[cause](event.status));
  const matched = guessesOfFinding(finding, meant, modelName);
  if (typeof matched === 'string') return matched;
  if (pull === null) return 'notPulled';
  const rows = correctedGuesses(matched, finding.actual.amountPicoUsd, evidenceOf(finding, pull, reportId));
  return rows.length === 0 ? 'settled' : rows;
}

/** A row that came after all has brought its settlement: its number is missing no more. */
async function rowsForLost({ finding, pull }: Place, known: Known): Promise<TruedUpRow[] | LeftAlone> {
  const { fromMs, toMs } = finding;
  const isMissing = known.gaps.some(
    ({ beforeMs, afterMs }) => fromMs <= afterMs && beforeMs < toMs + MINUTE_MS,
  );
  if (!isMissing) return 'changed';
  const read = pull === null ? null : await known.readLines(pull);
  if (pull === null || read === null) return 'notPulled';
  const { providerOrganizationId } = pull;
  const evidence = evidenceOf(finding, pull, known.reportId);
  const events = restoredEvents(finding, { lines: read.lines, providerOrganizationId }, evidence, known);
  if (events === null) return 'unclear';
  const eventIds = events.map(({ eventId }) => eventId);
  const { organization } = known.snapshot;
  const there = new Set(await known.history.knownEvents({ organization, fromMs, toMs, eventIds }));
  const missing = events.filter(({ eventId }) => !there.has(eventId));
  const rows = missing.flatMap((event) => event.lines.map((line) => ({ event, line })));
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

function write(rows: readonly TruedUpRow[], { apply, sink, snapshot }: TrueUpParts): void {
  if (apply === null) return;
  for (const { event, line } of rows)
    sink.recordOutcome(correctionEvent(event, [line], snapshot.version, apply), null);
}
