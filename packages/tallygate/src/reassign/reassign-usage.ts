import type { NanoUsd, UsageCursor, UsageEvent, UsageRecords, UsageSink } from '@tallygate/usage';
import { correctionEvent, type Reasons, requireStored } from '../corrections/correction-event.ts';
import { moveEvent } from './move-event.ts';

export interface ReassignParts {
  history: Pick<UsageRecords, 'usagePage'>;
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  organization: string;
  /** [from, to) of the budget instant. */
  fromMs: number;
  toMs: number;
  isMeant(event: UsageEvent): boolean;
  toTeam: string;
  /** Of the snapshot in force. */
  configVersion: number;
  /** Null: nothing is written. */
  apply: Reasons | null;
  onProgress(atMs: number): void;
}

export interface Reassigned {
  /** By the team that is relieved. Contracted, as it is paid. */
  byTeam: Map<string, { attempts: number; amountNanoUsd: NanoUsd }>;
  attempts: number;
  amountNanoUsd: NanoUsd;
}

const ROWS_PER_PAGE = 5_000;

/**
 * Charges what is meant to another team: for each attempt rows that take its cost from the team that bears it, and rows that give it to
 * the other. Who made a call keeps its count and its tokens; sums of money over both teams stay as they are, to the last digit.
 *
 * What is given is written first and has fixed numbers: a run that is cut off in between is completed by the next one, and a run
 * when all is done writes nothing.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger does not answer or takes no rows.
 */
export async function reassignUsage(parts: ReassignParts): Promise<Reassigned> {
  const done: Reassigned = { byTeam: new Map(), attempts: 0, amountNanoUsd: 0n };
  const { organization, fromMs, toMs } = parts;
  let after: UsageCursor | null = null;
  do {
    const page = await parts.history.usagePage({ organization, fromMs, toMs, after, maxRows: ROWS_PER_PAGE });
    for (const event of page.events) reassignInto(done, event, parts);
    if (parts.apply !== null) await requireStored(parts.sink);
    after = page.next;
    parts.onProgress(after?.hourMs ?? toMs);
  } while (after !== null);
  return done;
}

function reassignInto(done: Reassigned, event: UsageEvent, parts: ReassignParts): void {
  const { attribution } = event;
  if (attribution.team === parts.toTeam || !parts.isMeant(event)) return;
  const { taken, given, cost } = moveEvent(event, parts.toTeam);
  if (taken.length === 0) return;
  const amountNanoUsd = cost.contractedCostNanoUsd;
  const team = done.byTeam.get(attribution.team) ?? { attempts: 0, amountNanoUsd: 0n };
  const sum = { attempts: team.attempts + 1, amountNanoUsd: team.amountNanoUsd + amountNanoUsd };
  done.byTeam.set(attribution.team, sum);
  done.attempts += 1;
  done.amountNanoUsd += amountNanoUsd;
  if (parts.apply === null) return;
  const { sink, apply, configVersion, toTeam } = parts;
  const there = { ...event, attribution: { ...attribution, team: toTeam } };
  sink.recordOutcome(correctionEvent(there, given, configVersion, apply), null);
  sink.recordOutcome(correctionEvent(event, taken, configVersion, apply), null);
}
