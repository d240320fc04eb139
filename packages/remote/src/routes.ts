import {
  alertSchema,
  type BatchOwners,
  type BudgetGate,
  balanceSchema,
  batchOwnerSchema,
  budgetNameSchema,
  configurationSnapshotSchema,
  configVersionRecordSchema,
  denialRecordSchema,
  estimateAccuracySchema,
  extendReplySchema,
  financeQuerySchema,
  financeRecordSchema,
  holdSchema,
  knownEventsQuerySchema,
  ledgerCountsSchema,
  reportPullSchema,
  reportQuestionSchema,
  reportVersionSchema,
  reserveReplySchema,
  reserveRequestSchema,
  type SegmentDestination,
  type SpendHistory,
  sentAlertSchema,
  sentAlertsQuerySchema,
  settledSelectionSchema,
  settledTotalsSchema,
  settlementGapSchema,
  settleReplySchema,
  settleRequestSchema,
  spendQuerySchema,
  spendRowSchema,
  storedReportSchema,
  storedReportVersionSchema,
  unknownUsageSchema,
  usageAnswerSchema,
  usagePageQuerySchema,
  usagePageSchema,
  usageQuestionSchema,
} from '@tallygate/usage';
import { z } from 'zod';
import { sealedSegmentSchema } from './segment.ts';

/**
 * Every call that can be made to another process, in one table: the client encodes by it, the server answers by it, so
 * the two cannot disagree. A route is `POST /v1/<name>`; money travels as a decimal string and is a bigint on both ends.
 * Every route may be repeated: gate calls are idempotent by attempt id, publications by version, segments by token.
 */

/** What a server of these routes answers from. A backend without a ledger still gates: its ledger routes say so. */
export interface RemoteBackend {
  gate: BudgetGate;
  destination: SegmentDestination;
  history: SpendHistory;
  batchOwners: BatchOwners;
}

/** Whose outage it is when nobody answers the route. */
export type RouteSide = 'gate' | 'ledger' | 'batches';

export interface Route<Request extends z.ZodType, Reply extends z.ZodType> {
  path: string;
  side: RouteSide;
  request: Request;
  reply: Reply;
  /** What a request that does not fit is refused with: the code that the port itself promises for it. */
  refusal: 'TALLYGATE_REQUEST_INVALID' | 'TALLYGATE_CONFIGURATION_INVALID';
  answer(backend: RemoteBackend, request: z.output<Request>): Promise<z.output<Reply>>;
}

const SIDES = ['gate', 'ledger', 'batches'] as const satisfies readonly RouteSide[];

function route<Request extends z.ZodType, Reply extends z.ZodType>(
  name: string,
  parts: Pick<Route<Request, Reply>, 'request' | 'reply' | 'answer'> & Partial<Route<Request, Reply>>,
): Route<Request, Reply> {
  return {
    refusal: 'TALLYGATE_REQUEST_INVALID',
    ...parts,
    path: `/v1/${name}`,
    side: SIDES.find((side) => name.startsWith(`${side}/`)) ?? 'ledger',
  };
}

const nothing = z.strictObject({});
const done = z.object({});
const ofOrganization = z.object({ organization: z.string().min(1) });
const ofBatch = ofOrganization.extend({ batchId: z.string().min(1) });
const eventIds = z.array(z.string());
const rangeSchema = z.object({ fromMs: z.number().int(), toMs: z.number().int() });

async function afterwards(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}

export const ROUTES = {
  reserve: route('gate/reserve', {
    request: reserveRequestSchema,
    reply: reserveReplySchema,
    answer: ({ gate }, request) => gate.reserve(request),
  }),
  settle: route('gate/settle', {
    request: settleRequestSchema,
    reply: settleReplySchema,
    answer: ({ gate }, request) => gate.settle(request),
  }),
  release: route('gate/release', {
    request: z.object({ hold: holdSchema }),
    reply: settleReplySchema,
    answer: ({ gate }, { hold }) => gate.release(hold),
  }),
  extend: route('gate/extend', {
    request: z.object({ hold: holdSchema, ttlMs: z.number().int().min(1) }),
    reply: extendReplySchema,
    answer: ({ gate }, { hold, ttlMs }) => gate.extend(hold, ttlMs),
  }),
  gateNow: route('gate/now', {
    request: nothing,
    reply: z.object({ nowMs: z.number().int() }),
    answer: async ({ gate }) => ({ nowMs: await gate.nowMs() }),
  }),
  balances: route('gate/balances', {
    request: z.object({ only: z.array(budgetNameSchema).max(1_000).optional() }),
    reply: z.array(balanceSchema),
    answer: ({ gate }, { only }) => gate.balances(only),
  }),
  configuration: route('gate/configuration', {
    request: nothing,
    reply: configurationSnapshotSchema,
    answer: ({ gate }) => gate.configuration(),
  }),
  publish: route('gate/publish', {
    request: z.object({ snapshot: configurationSnapshotSchema }),
    reply: done,
    refusal: 'TALLYGATE_CONFIGURATION_INVALID',
    answer: ({ gate }, { snapshot }) => afterwards(gate.publish(snapshot)),
  }),
  rebuildGate: route('gate/rebuild', {
    request: nothing,
    reply: done,
    answer: ({ gate }) => afterwards(gate.rebuild()),
  }),
  takeAlerts: route('gate/take-alerts', {
    request: z.object({ most: z.number().int().min(1), forMs: z.number().min(0) }),
    reply: z.array(alertSchema),
    answer: ({ gate }, { most, forMs }) => gate.outbox.take(most, forMs),
  }),
  putAlerts: route('gate/put-alerts', {
    request: z.object({ alerts: z.array(alertSchema), forMs: z.number().min(0) }),
    reply: done,
    answer: ({ gate }, { alerts, forMs }) => afterwards(gate.outbox.put(alerts, forMs)),
  }),
  removeAlerts: route('gate/remove-alerts', {
    request: z.object({ alerts: z.array(alertSchema) }),
    reply: done,
    answer: ({ gate }, { alerts }) => afterwards(gate.outbox.remove(alerts)),
  }),
  waitingAlerts: route('gate/waiting-alerts', {
    request: nothing,
    reply: z.array(alertSchema),
    answer: ({ gate }) => gate.outbox.waiting(),
  }),
  store: route('ledger/store', {
    request: sealedSegmentSchema,
    reply: done,
    answer: ({ destination }, segment) => afterwards(destination.store(segment)),
  }),
  spend: route('ledger/spend', {
    request: spendQuerySchema,
    reply: z.array(spendRowSchema),
    answer: ({ history }, query) => history.spend(query),
  }),
  usage: route('ledger/usage', {
    request: usageQuestionSchema,
    reply: usageAnswerSchema,
    answer: ({ history }, question) => history.usage(question),
  }),
  counts: route('ledger/counts', {
    request: ofOrganization.extend({ fromMs: z.number().int(), toMs: z.number().int() }),
    reply: ledgerCountsSchema,
    answer: ({ history }, range) => history.counts(range),
  }),
  unknownUsage: route('ledger/unknown-usage', {
    request: ofOrganization.extend({ fromMs: z.number().int(), toMs: z.number().int() }),
    reply: z.array(unknownUsageSchema),
    answer: ({ history }, range) => history.unknownUsage(range),
  }),
  estimates: route('ledger/estimates', {
    request: ofOrganization.extend({ fromMs: z.number().int(), toMs: z.number().int() }),
    reply: z.array(estimateAccuracySchema),
    answer: ({ history }, range) => history.estimates(range),
  }),
  settledTotals: route('ledger/settled-totals', {
    request: ofOrganization.extend({ selection: settledSelectionSchema.optional() }),
    reply: settledTotalsSchema,
    answer: ({ history }, { organization, selection }) => history.settledTotals(organization, selection),
  }),
  settlementGaps: route('ledger/settlement-gaps', {
    request: ofOrganization.extend({ fromMs: z.number().int(), toMs: z.number().int() }),
    reply: z.array(settlementGapSchema),
    answer: ({ history }, range) => history.settlementGaps(range),
  }),
  usagePage: route('ledger/usage-page', {
    request: usagePageQuerySchema,
    reply: usagePageSchema,
    answer: ({ history }, query) => history.usagePage(query),
  }),
  knownEvents: route('ledger/known-events', {
    request: knownEventsQuerySchema,
    reply: z.array(z.string()),
    answer: ({ history }, query) => history.knownEvents(query),
  }),
  lastReports: route('ledger/last-reports', {
    request: ofOrganization.extend({ range: rangeSchema.optional() }),
    reply: z.array(storedReportSchema),
    answer: ({ history }, { organization, range }) => history.lastReports(organization, range),
  }),
  saveReport: route('ledger/save-report', {
    request: storedReportSchema,
    reply: done,
    answer: ({ history }, report) => afterwards(history.saveReport(report)),
  }),
  lastConfigVersion: route('ledger/last-config-version', {
    request: ofOrganization,
    reply: configVersionRecordSchema.nullable(),
    answer: ({ history }, { organization }) => history.lastConfigVersion(organization),
  }),
  denial: route('ledger/denial', {
    request: ofOrganization.extend({ denialId: z.string().min(1) }),
    reply: denialRecordSchema.nullable(),
    answer: ({ history }, query) => history.denial(query),
  }),
  configVersion: route('ledger/config-version', {
    request: ofOrganization.extend({ version: z.number().int().min(0) }),
    reply: configVersionRecordSchema.nullable(),
    answer: ({ history }, query) => history.configVersion(query),
  }),
  saveConfigVersion: route('ledger/save-config-version', {
    request: configVersionRecordSchema,
    reply: done,
    answer: ({ history }, record) => afterwards(history.saveConfigVersion(record)),
  }),
  recordAlert: route('ledger/record-alert', {
    request: alertSchema,
    reply: sentAlertSchema,
    answer: ({ history }, alert) => history.recordAlert(alert),
  }),
  endAlert: route('ledger/end-alert', {
    request: sentAlertSchema,
    reply: done,
    answer: ({ history }, alert) => afterwards(history.endAlert(alert)),
  }),
  sentAlerts: route('ledger/sent-alerts', {
    request: sentAlertsQuerySchema,
    reply: z.array(sentAlertSchema),
    answer: ({ history }, query) => history.sentAlerts(query),
  }),
  appendReport: route('ledger/append-report', {
    request: reportPullSchema,
    reply: reportVersionSchema,
    answer: ({ history }, pull) => history.reportVersions.append(pull),
  }),
  newestReport: route('ledger/newest-report', {
    request: reportQuestionSchema,
    reply: storedReportVersionSchema.nullable(),
    answer: ({ history }, question) => history.reportVersions.newest(question),
  }),
  listReports: route('ledger/list-reports', {
    request: ofOrganization.extend({ fromMs: z.number().int(), toMs: z.number().int() }),
    reply: z.array(reportVersionSchema),
    answer: ({ history }, range) => history.reportVersions.list(range),
  }),
  readReport: route('ledger/read-report', {
    request: reportVersionSchema,
    reply: storedReportVersionSchema.nullable(),
    answer: ({ history }, version) => history.reportVersions.read(version),
  }),
  appendFinanceRecord: route('ledger/append-finance-record', {
    request: financeRecordSchema,
    reply: done,
    answer: ({ history }, record) => afterwards(history.appendFinanceRecord(record)),
  }),
  financeRecords: route('ledger/finance-records', {
    request: financeQuerySchema,
    reply: z.array(financeRecordSchema),
    answer: ({ history }, query) => history.financeRecords(query),
  }),
  putBatch: route('batches/put', {
    request: batchOwnerSchema,
    reply: batchOwnerSchema,
    answer: ({ batchOwners }, owner) => batchOwners.put(owner),
  }),
  getBatch: route('batches/get', {
    request: ofBatch,
    reply: batchOwnerSchema.nullable(),
    answer: ({ batchOwners }, key) => batchOwners.get(key),
  }),
  markBatchEnded: route('batches/mark-ended', {
    request: ofBatch.extend({ endedAtMs: z.number().int().min(0) }),
    reply: batchOwnerSchema.nullable(),
    answer: ({ batchOwners }, { endedAtMs, ...key }) => batchOwners.markEnded(key, endedAtMs),
  }),
  countedItems: route('batches/counted-items', {
    request: ofBatch,
    reply: eventIds,
    answer: async ({ batchOwners }, key) => [...(await batchOwners.countedItems(key))],
  }),
  markItemsCounted: route('batches/mark-items-counted', {
    request: ofBatch.extend({ eventIds }),
    reply: z.number().int(),
    answer: ({ batchOwners }, { eventIds: ids, ...key }) => batchOwners.markItemsCounted(key, ids),
  }),
} as const;
