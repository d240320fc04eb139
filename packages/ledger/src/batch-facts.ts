/** What the ledger keeps of message batches: who pays, when they ended, which items were counted. */
import {
  type BatchFact,
  type BatchFacts,
  type BatchKey,
  batchFactSchema,
  type Clock,
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
  };
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
