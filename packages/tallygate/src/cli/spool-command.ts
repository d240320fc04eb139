import { join } from 'node:path';
import {
  type DeadLetter,
  readDeadLetters,
  retryDeadLetters,
  type SpoolDirectoryStatus,
  type SpoolStatus,
  spoolStatus,
} from '@tallygate/ledger';
import { type TextTable, toTextTable } from '@tallygate/report';
import { contractedCostNanoUsd, formatUsd, isoFromMs, usdFromNano } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { widthOf } from './report-command.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

/** `tallygate spool status`: what waits on this machine's disk for the ledger. Read-only; asks no process. */
export async function spoolStatusCommand(
  context: CliContext,
  options: GlobalOptions,
): Promise<CommandOutcome> {
  const status = await spoolStatus({ root: spoolRoot(context, options), clock: context.clock });
  for (const remark of remarksOn(status)) say(context, remark);
  return {
    exitCode: 0,
    document: {
      schema: 'tallygate.spool/1',
      root: status.root,
      bytes: status.bytes,
      waitingBytes: status.waitingBytes,
      deadFacts: status.deadFacts,
      quarantinedRanges: status.quarantinedRanges,
      dropped: {
        outcomes: status.dropped.outcomes,
        denials: status.dropped.denials,
        costUsd: usdFromNano(status.dropped.costNanoUsd),
      },
      spools: status.spools.map(({ waitingSinceMs, ...spool }) => ({
        ...spool,
        waitingSince: waitingSinceMs === null ? null : isoFromMs(Math.floor(waitingSinceMs)),
      })),
    },
    text: toTextTable(statusTable(status, context.clock.nowMs()), widthOf(context)),
  };
}

/** `tallygate spool dead`: what the ledger refused, and why. */
export async function spoolDeadCommand(context: CliContext, options: GlobalOptions): Promise<CommandOutcome> {
  const { letters, unreadable } = await readDeadLetters(spoolRoot(context, options));
  for (const name of unreadable) say(context, `${name} cannot be read as a dead letter.`);
  if (letters.length === 0) say(context, 'The ledger has refused nothing.');
  return {
    exitCode: 0,
    document: { schema: 'tallygate.spool-dead/1', letters: letters.map(letterDocument), unreadable },
    text: letters.length === 0 ? '' : toTextTable(deadTable(letters), widthOf(context)),
  };
}

/** `tallygate spool retry`: sends what was refused once more, and says how much of it was refused again. */
export async function spoolRetryCommand(
  context: CliContext,
  options: GlobalOptions,
): Promise<CommandOutcome> {
  const root = spoolRoot(context, options);
  return withRuntime(context, loadFor(context, options), async ({ sink }) => {
    const { retried } = await retryDeadLetters(root, sink);
    const { pending } = await sink.flush();
    const { deadFacts } = await spoolStatus({ root, clock: context.clock });
    return {
      exitCode: 0,
      document: { schema: 'tallygate.spool-retry/1', retried, dead: deadFacts, pending },
      text: `${retried} facts sent again; ${deadFacts} are refused, ${pending} of this process wait.\n`,
    };
  });
}

function spoolRoot(context: CliContext, options: GlobalOptions): string {
  return join(loadFor(context, options).config.dataDirectory, 'spool');
}

function remarksOn({ deadFacts, quarantinedRanges, dropped, bytes }: SpoolStatus): string[] {
  const lost = dropped.outcomes + dropped.denials;
  return [
    `The spool takes ${describeBytes(bytes)}.`,
    ...(deadFacts > 0 ? [`The ledger refused ${deadFacts} facts: see "tallygate spool dead".`] : []),
    ...(quarantinedRanges > 0 ? [`${quarantinedRanges} damaged ranges lie in quarantine.`] : []),
    ...(lost > 0
      ? [`${lost} facts (${formatUsd(dropped.costNanoUsd)}) were dropped: the spool was full.`]
      : []),
  ];
}

function statusTable({ spools }: SpoolStatus, nowMs: number): TextTable {
  const left = ['Spool', 'Owner'];
  const right = ['Waiting', 'Since', 'Open', 'Ready', 'Stored', 'In flight'];
  return {
    columns: [
      ...left.map((title) => ({ title, align: 'left' as const })),
      ...right.map((title) => ({ title, align: 'right' as const })),
    ],
    rows: spools.map((spool) => [
      spool.name,
      describeOwner(spool.owner),
      describeBytes(spool.waitingBytes),
      spool.waitingSinceMs === null ? '' : describeAge(nowMs - spool.waitingSinceMs),
      String(spool.segments.open),
      String(spool.segments.ready + spool.segments.refused),
      String(spool.segments.done),
      String(spool.callsInFlight),
    ]),
  };
}

function describeOwner(owner: SpoolDirectoryStatus['owner']): string {
  if (owner === null) return 'nobody';
  return `${owner.pid} on ${owner.host}${owner.alive ? '' : ' (gone)'}`;
}

function deadTable(letters: readonly DeadLetter[]): TextTable {
  return {
    columns: [
      ...['Since', 'Segment', 'Kind'].map((title) => ({ title, align: 'left' as const })),
      ...['Facts', 'Cost'].map((title) => ({ title, align: 'right' as const })),
      { title: 'Reason', align: 'left' as const },
    ],
    rows: letters.map((letter) => [
      isoFromMs(letter.diedAtMs),
      letter.token,
      letter.kind,
      String(letter.facts.length),
      formatUsd(costOf(letter)),
      letter.reason,
    ]),
  };
}

function letterDocument(letter: DeadLetter): Record<string, unknown> {
  const { name, token, kind, reason, facts } = letter;
  const diedAt = isoFromMs(letter.diedAtMs);
  return { name, token, kind, reason, diedAt, facts: facts.length, costUsd: usdFromNano(costOf(letter)) };
}

function costOf({ facts }: DeadLetter): bigint {
  return facts.reduce(
    (sum, fact) => (fact.kind === 'outcome' ? sum + contractedCostNanoUsd(fact.event) : sum),
    0n,
  );
}

function describeBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const mebibytes = bytes / 1_048_576;
  return mebibytes < 1 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${mebibytes.toFixed(1)} MiB`;
}

function describeAge(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1_000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
