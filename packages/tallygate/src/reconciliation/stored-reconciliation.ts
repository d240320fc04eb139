import { CAUSES, REASONS, type Reconciliation } from '@tallygate/reconcile';
import { type StoredReport, TallygateError } from '@tallygate/usage';
import { z } from 'zod';

/**
 * A reconciliation as it is stored: JSON, money as decimal strings of pico-USD. Written and read by one schema, so that what a
 * later version cannot understand is refused by name instead of being shown wrong.
 */
const picoUsd = z.codec(z.string().regex(/^-?\d{1,38}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
});

const instantMs = z.number().int();
const count = z.number().int();

const tokens = z.object({
  uncachedInputTokens: count,
  cacheReadInputTokens: count,
  cacheWrite5mInputTokens: count,
  cacheWrite1hInputTokens: count,
  outputTokens: count,
  webSearchRequests: count,
});
const counted = z.object({ tokens, amountPicoUsd: picoUsd });
const verdict = z.enum(['agrees', 'explained', 'differs']);
const place = {
  dayMs: instantMs,
  fromMs: instantMs,
  toMs: instantMs,
  model: z.string().nullable(),
  apiKeyId: z.string().nullable(),
  attempts: count,
};

const variance = z.object({
  dayMs: instantMs,
  costType: z.string(),
  model: z.string().nullable(),
  ours: tokens,
  theirs: tokens,
  difference: tokens,
  internalPicoUsd: picoUsd,
  billedPicoUsd: picoUsd,
  variancePicoUsd: picoUsd,
});

const evidence = z.object({
  ...place,
  workspaceId: z.string().nullable(),
  description: z.string().nullable(),
  charged: counted,
  actual: counted,
  amountPicoUsd: picoUsd,
});

const cause = z.object({
  cause: z.enum(CAUSES),
  between: z.array(z.enum(CAUSES)),
  amountPicoUsd: picoUsd,
  places: count,
  attempts: count,
  byKey: z.array(
    z.object({
      apiKeyId: z.string().nullable(),
      // Absent in what was stored before amounts said it.
      workspaceId: z.string().nullable().default(null),
      amountPicoUsd: picoUsd,
    }),
  ),
  evidence: z.array(evidence),
});

function differenceOf<Amount extends z.ZodType>(amount: Amount) {
  return z.object({ difference: amount, explained: amount, unexplained: amount });
}

export const reconciliationSchema = z.object({
  version: z.literal(2),
  organization: z.string().min(1),
  fromMs: instantMs,
  toMs: instantMs,
  createdAtMs: instantMs,
  internalPicoUsd: picoUsd,
  billedPicoUsd: picoUsd,
  variancePicoUsd: picoUsd,
  explainedPicoUsd: picoUsd,
  residualPicoUsd: picoUsd,
  tolerancePicoUsd: picoUsd,
  coverage: z.object({ listPicoUsd: picoUsd, darkPicoUsd: picoUsd, percent: z.number().nullable() }),
  verdicts: z.object({
    tokens: verdict.or(z.literal('not_counted')),
    money: verdict,
    requests: verdict.or(z.literal('not_counted')),
  }),
  // Absent in what was stored before it was said.
  differences: z
    .object({
      tokens: differenceOf(tokens).nullable(),
      money: differenceOf(picoUsd),
      requests: differenceOf(count).nullable(),
    })
    .nullable()
    .default(null),
  days: z.array(z.object({ dayMs: instantMs, state: z.enum(['open', 'provisional', 'settled']) })),
  variances: z.array(variance),
  causes: z.array(cause),
  unexplained: z.array(z.object({ cause: z.enum(CAUSES), reason: z.enum(REASONS), ...place })),
  unexplainedPlaces: count,
  elsewhere: z.array(z.object({ backend: z.string(), listCostPicoUsd: picoUsd })),
  // Absent in what was stored before figures said it.
  freshness: z
    .array(z.object({ report: z.string(), readAtMs: instantMs, completeToMs: instantMs.nullable() }))
    .default([]),
  caveats: z.array(
    z.object({
      caveat: z.enum([
        'api_keys_not_offered',
        'drifted_after_final',
        'from_file',
        'incomplete',
        'key_unresolved',
        'many_gaps',
        'totals_moved',
        'unknown_counts',
      ]),
      detail: z.string(),
    }),
  ),
});

export function toStoredBody(reconciliation: Reconciliation): unknown {
  return z.encode(reconciliationSchema, reconciliation);
}

/** @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED` for a body that this version cannot read. */
export function fromStoredReport(report: StoredReport): Reconciliation {
  const parsed = reconciliationSchema.safeDecode(report.body as z.input<typeof reconciliationSchema>);
  if (parsed.success) return parsed.data;
  throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
    message: `The stored reconciliation ${report.reportId} is not one that this version understands.`,
    cure: 'Reconcile the same days again with this version.',
    cause: parsed.error,
  });
}
