import { isoFromMs, type PicoUsd } from '@tallygate/usage';
import { z } from 'zod';
import { instantSchema } from './bucket-pages.ts';
import { EXACT_FRACTION_DIGITS, picoFromCents } from './cents.ts';
import type { ProviderClient } from './provider-client.ts';
import { readReport } from './read-report.ts';
import { reportMalformed } from './report-malformed.ts';
import { pagesOf } from './report-pages.ts';
import { countSchema } from './reported-usage.ts';

/**
 * Report family C, `GET /v1/organizations/usage_report/claude_code`: what Claude Code did on one UTC day, per person or key.
 *
 * Its costs are estimates and its tokens stand in family A, too: never add it to the others. Usage paid by a subscription is on no
 * API bill.
 */
const CLAUDE_CODE_REPORT = 'usage_report/claude_code';

export interface ClaudeCodeRow {
  dayMs: number;
  actor: ClaudeCodeActor;
  /** Null, here and below: the provider does not say. */
  organizationId: string | null;
  /** "api", "subscription". */
  customerType: string | null;
  /** "enterprise", "team"; null without a subscription. */
  subscriptionType: string | null;
  terminalType: string | null;
  isRemote: boolean | null;
  sessions: number;
  linesAdded: number;
  linesRemoved: number;
  commits: number;
  pullRequests: number;
  /** By tool: "edit_tool", "write_tool" … */
  toolActions: Record<string, { accepted: number; rejected: number }>;
  models: ClaudeCodeModel[];
}

/**
 * The name of a key, which is no id, or the address of a person as the provider gives it: pseudonymise before it is stored. Of whoever else
 * it names, the kind by the provider's word and what tells it from others of that kind.
 */
export type ClaudeCodeActor =
  | { kind: 'key'; name: string }
  | { kind: 'person'; emailAddress: string }
  | { kind: 'other'; type: string; id: string };

export interface ClaudeCodeModel {
  model: string;
  uncachedInputTokens: number;
  outputTokens: number;
  cacheReadInputTokens: number;
  /** Both lifetimes together: the provider does not split them here. */
  cacheWriteInputTokens: number;
  /** No billing figure, and rounded; null: not in USD. */
  estimatedCostPicoUsd: PicoUsd | null;
}

const label = z.string().min(1);

/** Beyond, a number is written with an exponent. */
const LARGEST_CENTS = 1e18;

const estimateSchema = z.looseObject({ currency: label, amount: z.number().min(0).max(LARGEST_CENTS) });

const modelSchema = z.looseObject({
  model: label,
  tokens: z.looseObject({
    input: countSchema,
    output: countSchema,
    cache_read: countSchema,
    cache_creation: countSchema,
  }),
  estimated_cost: estimateSchema,
});

const rowSchema = z.looseObject({
  date: instantSchema,
  actor: z.looseObject({ type: label, email_address: label.nullish(), api_key_name: label.nullish() }),
  organization_id: label.nullish(),
  customer_type: label.nullish(),
  subscription_type: label.nullish(),
  terminal_type: label.nullish(),
  is_remote: z.boolean().nullish(),
  core_metrics: z.looseObject({
    num_sessions: countSchema,
    lines_of_code: z.looseObject({ added: countSchema, removed: countSchema }),
    commits_by_claude_code: countSchema,
    pull_requests_by_claude_code: countSchema,
  }),
  tool_actions: z.record(z.string(), z.looseObject({ accepted: countSchema, rejected: countSchema })),
  model_breakdown: z.array(modelSchema),
});

const pageSchema = z.object({
  data: z.array(rowSchema),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

const DAY_MS = 86_400_000;
const MAX_ROWS_PER_PAGE = 1000;

/** @param dayMs a UTC midnight. @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another day, a row twice, another shape. */
export function readClaudeCodeDay(client: ProviderClient, dayMs: number): Promise<ClaudeCodeRow[]> {
  const asked = { starting_at: isoFromMs(dayMs).slice(0, 10), limit: MAX_ROWS_PER_PAGE };
  const range = { report: CLAUDE_CODE_REPORT, fromMs: dayMs, toMs: dayMs + DAY_MS };
  return readReport(client, { ...range, query: asked }, async (fetchPage) => {
    const rows = new Map<string, ClaudeCodeRow>();
    for await (const page of pagesOf(CLAUDE_CODE_REPORT, pageSchema, fetchPage)) {
      for (const row of page.data.map(rowFrom)) {
        const key = JSON.stringify([
          row.actor,
          row.customerType,
          row.subscriptionType,
          row.terminalType,
          row.isRemote,
        ]);
        if (row.dayMs !== dayMs) throw reportMalformed(CLAUDE_CODE_REPORT, 'holds a row of another day');
        if (rows.has(key)) throw reportMalformed(CLAUDE_CODE_REPORT, 'holds a row twice');
        rows.set(key, row);
      }
    }
    return [...rows.values()];
  });
}

function rowFrom(row: z.output<typeof rowSchema>): ClaudeCodeRow {
  const { core_metrics: metrics, actor } = row;
  return {
    dayMs: row.date,
    actor: actorFrom(actor),
    organizationId: row.organization_id ?? null,
    customerType: row.customer_type ?? null,
    subscriptionType: row.subscription_type ?? null,
    terminalType: row.terminal_type ?? null,
    isRemote: row.is_remote ?? null,
    sessions: metrics.num_sessions,
    linesAdded: metrics.lines_of_code.added,
    linesRemoved: metrics.lines_of_code.removed,
    commits: metrics.commits_by_claude_code,
    pullRequests: metrics.pull_requests_by_claude_code,
    toolActions: row.tool_actions,
    models: distinctModels(row.model_breakdown).map(modelFrom),
  };
}

/** Kinds of actors arrive without notice; two of one kind are told apart by all that is said of them. */
function actorFrom(actor: z.output<typeof rowSchema>['actor']): ClaudeCodeActor {
  const { type, email_address: emailAddress, api_key_name: name } = actor;
  if (type === 'api_actor' && name) return { kind: 'key', name };
  if (type === 'user_actor' && emailAddress) return { kind: 'person', emailAddress };
  return { kind: 'other', type, id: JSON.stringify(Object.entries(actor).sort()) };
}

type ReportedModel = z.output<typeof modelSchema>;

function distinctModels(models: readonly ReportedModel[]): readonly ReportedModel[] {
  if (new Set(models.map(({ model }) => model)).size === models.length) return models;
  throw reportMalformed(CLAUDE_CODE_REPORT, 'holds a model of a row twice');
}

function modelFrom({ model, tokens, estimated_cost }: ReportedModel): ClaudeCodeModel {
  return {
    model,
    uncachedInputTokens: tokens.input,
    outputTokens: tokens.output,
    cacheReadInputTokens: tokens.cache_read,
    cacheWriteInputTokens: tokens.cache_creation,
    estimatedCostPicoUsd: estimated_cost.currency === 'USD' ? picoFromEstimate(estimated_cost.amount) : null,
  };
}

/** The one amount that arrives as a number, and may carry the dust of a float. */
function picoFromEstimate(cents: number): PicoUsd | null {
  return picoFromCents(cents.toFixed(EXACT_FRACTION_DIGITS));
}
