import type { BilledColumns, CostBucket, CostGroup } from '@tallygate/admin-api';
import type { PriceBook } from '@tallygate/pricing';
import {
  type BillInput,
  type Caveat,
  type FindingListener,
  INTERNAL_GROUPS,
  type Reconciliation,
  reconcileBill,
} from '@tallygate/reconcile';
import {
  type Backend,
  type Clock,
  minuteFromMs,
  nanoFromUsd,
  newReportId,
  PICO_USD_PER_NANO_USD,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';
import { withoutNames } from '../pulls/index.ts';
import { modelNameIn, toStoredBody } from '../reconciliation/index.ts';
import type { BilledDays } from './read-billed-files.ts';

export interface FileReconciliation {
  history: SpendHistory;
  organization: string;
  /** Of the provider whose bill it is; null: the only one there is. */
  providerOrganizationId: string | null;
  /** Whose bill it is: the provider's own, or that of a cloud that resells the models. */
  backend: Backend;
  billed: BilledDays;
  columns: BilledColumns | null;
  /** [fromMs, toMs): UTC midnights around all of its days. */
  fromMs: number;
  toMs: number;
  priceBook: PriceBook;
  pseudonymKey: string | null;
  toleranceUsd?: string | undefined;
  listener?: FindingListener | undefined;
  clock: Clock;
}

/**
 * Compares the ledger with a bill from files. What they hold is stored as a version of that bill first, as reports are; the result is
 * stored where the bill is the provider's own, so that a month can be allocated and closed by it.
 *
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for files without amounts, `TALLYGATE_LEDGER_UNAVAILABLE`.
 */
export async function reconcileFiles(run: FileReconciliation): Promise<Reconciliation> {
  const { history, organization, backend, billed, priceBook, fromMs, toMs } = run;
  if (billed.costs.every(({ rows }) => rows.length === 0))
    throw new TallygateError('TALLYGATE_REPORT_MALFORMED', {
      message: 'These files hold no amounts, and there is nothing to compare with.',
      cure: 'Export the cost of the same days, and name both files.',
    });
  const nowMs = run.clock.nowMs();
  await keepFiles(run, nowMs);
  const groupBy = ['day' as const, ...INTERNAL_GROUPS];
  const input: BillInput = {
    ...{ organization, fromMs, toMs, nowMs, backend, modelName: namesIn(priceBook) },
    internal: await history.spend({ organization, fromMs, toMs, by: 'ended', groupBy }),
    usage: billed.usage.some(({ rows }) => rows.length > 0) ? billed.usage : null,
    costs: billed.costs.map((day) => inReportsWords(day, run.columns)),
    isModel: (name) => priceBook.modelsByName.has(name),
    tolerancePicoUsd: nanoFromUsd(run.toleranceUsd ?? '0') * PICO_USD_PER_NANO_USD,
    caveats: caveatsOf(billed),
  };
  const reconciliation = reconcileBill(input, run.listener);
  if (backend === 'anthropic')
    await history.saveReport({
      ...{ reportId: newReportId(), organization, kind: 'reconciliation', fromMs, toMs, createdAtMs: nowMs },
      providerOrganizationId: run.providerOrganizationId ?? '',
      body: toStoredBody(reconciliation),
    });
  return reconciliation;
}

/** Append-only, hashed, under whose bill it is: what a figure was made from can be looked up when the file is gone. */
async function keepFiles(run: FileReconciliation, pulledAtMs: number): Promise<void> {
  const { history, organization, backend, columns, billed, fromMs, toMs } = run;
  const words = Object.entries({ backend, ...columns }).map(([name, column]) => `${name}=${column}`);
  const files = billed.files.map(({ name: file, sha256, sizeBytes, rows }) => ({
    ...{ file, sha256, sizeBytes },
    rows: rows.map(({ value }) => value),
  }));
  await history.reportVersions.append({
    ...{ organization, fromMs, toMs, pulledAtMs },
    providerOrganizationId: backend === 'anthropic' ? (run.providerOrganizationId ?? '') : backend,
    report: `billed_csv?${words.sort().join('&')}`,
    body: withoutNames({ files }, run.pseudonymKey),
  });
}

/** How AWS calls its own. */
const EDITION = / \(Amazon Bedrock Edition\)$/;

/** By id, by alias, or as the Console writes it for people ("Claude Opus 5"), where the price list knows a model by that. */
function namesIn(book: PriceBook): (name: string) => string {
  const modelName = modelNameIn(book);
  return (name) => {
    const asId = name.replace(EDITION, '').toLowerCase().replace(/[ .]+/g, '-');
    // Of an older one it writes the day of the version as a date.
    const dated = asId.replace(/-(\d{4})-(\d{2})-(\d{2})$/, '-$1$2$3');
    return modelName([name, asId, dated].find((one) => book.modelsByName.has(one)) ?? name);
  };
}

/** The Console says "token" where its reports say "tokens", a cloud that what was used is "Usage" or "regular" and not tax, credit or fee. */
const TOKENS = new Set(['token', 'usage', 'regular']);

/** A bill that names no kinds of cost is one of tokens. */
function inReportsWords(day: CostBucket, columns: BilledColumns | null): CostBucket {
  const wordFor = ({ cost_type: word, token_type: kind }: CostGroup) => {
    if (columns !== null && columns.type === undefined) return 'tokens';
    if (word === undefined && kind != null) return 'tokens';
    return TOKENS.has(word?.toLowerCase() ?? '') ? 'tokens' : (word ?? null);
  };
  return {
    ...day,
    rows: day.rows.map((row) => ({ ...row, group: { ...row.group, cost_type: wordFor(row.group) } })),
  };
}

function caveatsOf({ files, remarks }: BilledDays): Caveat[] {
  const details = files.map(
    ({ name, sha256, changedMs }) =>
      `${name} (SHA-256 ${sha256.slice(0, 12)}, last written ${minuteFromMs(changedMs)} UTC) cannot say how complete it is: compare its total with what its source shows.`,
  );
  const grain = 'A file is compared by day and model: it names no key by its id, and has no minutes.';
  return [...remarks, ...details, grain].map((detail) => ({ caveat: 'from_file', detail }));
}
