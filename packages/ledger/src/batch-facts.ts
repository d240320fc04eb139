/** What the ledger keeps of message batches: who pays, when they ended, which items were counted. */
import {
  type BatchFact,
  type BatchFacts,
  type BatchKey,
  batchFactSchema,
  type Clock,
  type Hold,
  isoFromMs,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { count } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';

const factRow = z.object({
  fact: z.enum(['owner', 'ended', 'counted']),
  instant_ms: count,
  body: z.string(),
});

const ownersSinceQuery = defineQuery({
  sql: QUERIES.batch_owners_since,
  parameters: z.object({ organization: z.string().min(1), fromMs: z.number().int() }),
  row: z.object({ body: z.string() }),
});

const endedAttemptsQuery = defineQuery({
  sql: QUERIES.ended_attempts,
  parameters: z.object({
    organization: z.string().min(1),
    fromMs: z.number().int(),
    attemptIds: z.array(z.string()),
  }),
  row: z.object({ attempt_id: z.string() }),
});

const factsQuery = defineQuery({
  sql: QUERIES.batch_facts,
  parameters: z.object({ organization: z.string().min(1), batchId: z.string().min(1) }),
  row: factRow,
});

export function createBatchFacts(database: Database, clock: Clock): BatchFacts {
  return {
    append: (key, fact) =>
      database.insert(QUERIES.insert_batch_fact, [JSON.stringify(rowOf(key, fact, clock.nowMs()))]),
    read: async ({ organization, batchId }) =>
      (await factsQuery(database, { organization, batchId })).map(factFrom),
    unendedHolds: (organization, createdFromMs) => unendedHolds(database, organization, createdFromMs),
  };
}

/** Longer than from the hold to the answer that its batch was created. */
const HELD_BEFORE_MS = 3_600_000;

async function unendedHolds(database: Database, organization: string, fromMs: number): Promise<Hold[]> {
  const owners = await ownersSinceQuery(database, { organization, fromMs });
  const holds = owners
    .map(({ body }) => factFrom({ fact: 'owner', instant_ms: 0, body }))
    .flatMap((fact) => (fact.kind === 'owner' && fact.owner.hold !== null ? [fact.owner.hold] : []));
  if (holds.length === 0) return [];
  const attemptIds = holds.map(({ attemptId }) => attemptId);
  const asked = { organization, fromMs: fromMs - HELD_BEFORE_MS, attemptIds };
  const rows = await endedAttemptsQuery(database, asked);
  const ended = new Set(rows.map(({ attempt_id }) => attempt_id));
  return holds.filter(({ attemptId }) => !ended.has(attemptId));
}

function rowOf({ organization, batchId }: BatchKey, fact: BatchFact, nowMs: number) {
  const instant = (atMs: number) => sqlInstant(isoFromMs(atMs));
  const row = { organization, batch_id: batchId, fact: fact.kind, recorded_at: instant(nowMs) };
  switch (fact.kind) {
    case 'owner':
      return { ...row, instant: instant(fact.owner.createdAtMs), owner: toWireJson(fact.owner) };
    case 'ended':
      return { ...row, instant: instant(fact.endedAtMs), owner: '' };
    case 'counted':
      return { ...row, instant: instant(nowMs), owner: JSON.stringify(fact.eventIds) };
  }
}

function factFrom({ fact: kind, instant_ms: endedAtMs, body }: z.output<typeof factRow>): BatchFact {
  const json: unknown = body === '' ? null : JSON.parse(body);
  const fact = batchFactSchema.safeParse({ kind, owner: json, eventIds: json, endedAtMs });
  if (fact.success) return fact.data;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger holds a fact about a batch that cannot be read: ${z.prettifyError(fact.error)}.`,
    cure: 'Upgrade to the version that wrote it.',
  });
}
