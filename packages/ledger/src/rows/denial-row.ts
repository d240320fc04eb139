/** A denial as a row, and back. */
import { type BudgetScope, type DenialRecord, denialRecordSchema, SCOPE_DIMENSIONS } from '@tallygate/usage';
import {
  amount,
  cellsOf,
  count,
  flag,
  instant,
  maybeAmount,
  maybeCount,
  maybeText,
  name,
  namesOf,
  rowText,
  tags,
  text,
} from './column.ts';

/** Grows with the layout: of two copies of a row, the one written by the newer version stays. */
const ROW_VERSION = 1;

const scopeColumn = (dimension: keyof BudgetScope) =>
  maybeText<DenialRecord>(`scope_${dimension}`, (denial) => denial.scope[dimension] ?? null);

const COLUMNS = [
  name<DenialRecord>('organization', (denial) => denial.organization),
  name<DenialRecord>('denial_id', (denial) => denial.denialId),
  name<DenialRecord>('attempt_id', (denial) => denial.attemptId),
  name<DenialRecord>('budget_id', (denial) => denial.budgetId),
  scopeColumn('team'),
  scopeColumn('feature'),
  name<DenialRecord>('unit', (denial) => denial.unit),
  text<DenialRecord>('time_zone', (denial) => denial.timeZone),
  instant<DenialRecord>('period_start', (denial) => denial.periodStartMs),
  instant<DenialRecord>('period_end', (denial) => denial.periodEndMs),
  amount<DenialRecord>('limit_amount', (denial) => denial.limit),
  amount<DenialRecord>('spent_amount', (denial) => denial.spent),
  amount<DenialRecord>('held_amount', (denial) => denial.held),
  amount<DenialRecord>('needed_amount', (denial) => denial.needed),
  instant<DenialRecord>('retry_at', (denial) => denial.retryAtMs),
  instant<DenialRecord>('denied_at', (denial) => denial.atMs),
  flag<DenialRecord>('enforced', (denial) => denial.enforced),
  name<DenialRecord>('team', (denial) => denial.attribution.team),
  name<DenialRecord>('feature', (denial) => denial.attribution.feature),
  name<DenialRecord>('environment', (denial) => denial.attribution.environment),
  maybeText<DenialRecord>('user_pseudonym', (denial) => denial.attribution.userPseudonym),
  maybeText<DenialRecord>('workflow', (denial) => denial.attribution.workflow),
  maybeText<DenialRecord>('task_type', (denial) => denial.attribution.taskType),
  tags<DenialRecord>('tags', (denial) => denial.attribution.tags),
  text<DenialRecord>('request_model', (denial) => denial.requestModel),
  count<DenialRecord>('ver', () => ROW_VERSION),
  // Rows in spools of earlier versions end here, or after the next four.
  ...(['environment', 'workflow', 'user', 'model'] as const).map(scopeColumn),
  maybeText<DenialRecord>('reason', (denial) => denial.reason ?? null),
  maybeCount<DenialRecord>('config_version', (denial) => denial.configVersion ?? null),
  text<DenialRecord>('measure', (denial) => denial.measure ?? 'usd'),
  maybeText<DenialRecord>('pool_id', (denial) => denial.pool?.budgetId ?? null),
  ...(['limit', 'spent', 'held', 'needed'] as const).map((amount) =>
    maybeAmount<DenialRecord>(`pool_${amount}_amount`, (denial) => denial.pool?.[amount]),
  ),
  maybeAmount<DenialRecord>('median_amount', (denial) => denial.median),
];

export const DENIAL_COLUMNS: readonly string[] = namesOf(COLUMNS);

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what the table cannot hold. */
export function denialRow(denial: DenialRecord): string {
  return rowText(COLUMNS, denial);
}

/** @throws ZodError for what is no row of a denial. */
export function denialFromRow(row: unknown): DenialRecord {
  const cells = cellsOf(DENIAL_COLUMNS, row);
  return denialRecordSchema.parse({
    organization: cells['organization'],
    denialId: cells['denial_id'],
    attemptId: cells['attempt_id'],
    budgetId: cells['budget_id'],
    scope: scopeIn(cells),
    unit: cells['unit'],
    timeZone: cells['time_zone'],
    measure: measureIn(cells),
    median: cells['median_amount'] ?? undefined,
    periodStartMs: cells['period_start'],
    periodEndMs: cells['period_end'],
    limit: cells['limit_amount'],
    spent: cells['spent_amount'],
    held: cells['held_amount'],
    needed: cells['needed_amount'],
    pool: poolIn(cells),
    retryAtMs: cells['retry_at'],
    atMs: cells['denied_at'],
    enforced: cells['enforced'],
    attribution: {
      team: cells['team'],
      feature: cells['feature'],
      environment: cells['environment'],
      userPseudonym: cells['user_pseudonym'],
      workflow: cells['workflow'],
      taskType: cells['task_type'],
      tags: cells['tags'],
    },
    requestModel: cells['request_model'],
    reason: cells['reason'] ?? undefined,
    configVersion: cells['config_version'] ?? undefined,
  });
}

/** In rows of earlier versions everything is in USD, which goes without saying. */
function measureIn({ measure }: Record<string, unknown>): unknown {
  return measure === null || measure === 'usd' ? undefined : measure;
}

/** Absent in rows of earlier versions, too. */
function poolIn(cells: Record<string, unknown>): unknown {
  const { pool_id: budgetId = null } = cells;
  if (budgetId === null) return undefined;
  return {
    budgetId,
    limit: cells['pool_limit_amount'],
    spent: cells['pool_spent_amount'],
    held: cells['pool_held_amount'],
    needed: cells['pool_needed_amount'],
  };
}

function scopeIn(cells: Record<string, unknown>): Record<string, unknown> {
  const named = SCOPE_DIMENSIONS.map((dimension) => [dimension, cells[`scope_${dimension}`]] as const);
  return Object.fromEntries(named.filter(([, name]) => name !== null));
}
