import {
  type AlertOutbox,
  type BatchKey,
  type BatchOwners,
  type BudgetGate,
  type ReportVersions,
  type SegmentDestination,
  type SpendHistory,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';
import type { z } from 'zod';
import { openExchange, type RemoteAddress } from './exchange.ts';
import { requestInvalid } from './request-invalid.ts';
import { ROUTES, type Route, type RouteSide } from './routes.ts';
import { fromWireError } from './wire-error.ts';

export interface RemoteOptions {
  address: RemoteAddress;
  /** Sent as a bearer token; null or absent where the server asks for none. */
  token?: string | null | undefined;
  timeouts?: Partial<RemoteTimeouts> | undefined;
}

/** From the first byte sent to the last one read. */
export interface RemoteTimeouts {
  /** A call to Claude waits for these: short. Default 2,000. */
  gateMs: number;
  /** Longer than the server's own wait for its store, or a retry would follow a success. Default 150,000. */
  ledgerMs: number;
  /** Who creates a batch or reads its results waits for these. Longer than the server's own wait for its store. Default 12,000. */
  batchMs: number;
}

const DEFAULT_TIMEOUTS: RemoteTimeouts = { gateMs: 2_000, ledgerMs: 150_000, batchMs: 12_000 };

/** The ports, answered by another process. */
export interface RemoteTallygate {
  gate: BudgetGate;
  destination: SegmentDestination;
  history: SpendHistory;
  batchOwners: BatchOwners;
  /** Ends this side's connections. The other process, and its gate, live on. */
  close(): Promise<void>;
}

/**
 * Opens nothing yet: the first call connects. Errors that the other side raised are raised here again; when it does not
 * answer, gate calls reject with `TALLYGATE_GATE_UNAVAILABLE` and all others with `TALLYGATE_LEDGER_UNAVAILABLE`.
 */
export function connectRemote(options: RemoteOptions): RemoteTallygate {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const timeoutOf = { gate: timeouts.gateMs, ledger: timeouts.ledgerMs, batches: timeouts.batchMs };
  const exchange = openExchange(options.address, options.token ?? null);

  async function call<Request extends z.ZodType, Reply extends z.ZodType>(
    route: Route<Request, Reply>,
    request: z.output<Request>,
  ): Promise<z.output<Reply>> {
    const encoded = route.request.safeEncode(request);
    if (!encoded.success) throw requestInvalid(route, encoded.error);
    const body = toWireJson(encoded.data);
    const reply = await exchange.post(route.path, body, timeoutOf[route.side]).catch((cause: unknown) => {
      throw unreachable(route, describeAddress(options.address), cause);
    });
    return readReply(route, reply);
  }

  const close = async () => exchange.close();
  return {
    gate: {
      reserve: (request) => call(ROUTES.reserve, request),
      settle: (request) => call(ROUTES.settle, request),
      release: (hold) => call(ROUTES.release, { hold }),
      extend: (hold, ttlMs) => call(ROUTES.extend, { hold, ttlMs }),
      nowMs: async () => (await call(ROUTES.gateNow, {})).nowMs,
      balances: (only) => call(ROUTES.balances, { only: only && [...only] }),
      configuration: () => call(ROUTES.configuration, {}),
      publish: async (snapshot) => void (await call(ROUTES.publish, { snapshot })),
      rebuild: async () => void (await call(ROUTES.rebuildGate, {})),
      outbox: outboxOver(call),
      close,
    },
    destination: {
      store: async (segment) => void (await call(ROUTES.store, segment)),
    },
    history: {
      spend: (query) => call(ROUTES.spend, query),
      usage: (question) => call(ROUTES.usage, question),
      counts: (range) => call(ROUTES.counts, range),
      unknownUsage: (range) => call(ROUTES.unknownUsage, range),
      estimates: (range) => call(ROUTES.estimates, range),
      settledTotals: (organization, selection) => call(ROUTES.settledTotals, { organization, selection }),
      settlementGaps: (range) => call(ROUTES.settlementGaps, range),
      usagePage: (query) => call(ROUTES.usagePage, query),
      knownEvents: (query) => call(ROUTES.knownEvents, query),
      lastReports: (organization, range) => call(ROUTES.lastReports, { organization, range }),
      saveReport: async (report) => void (await call(ROUTES.saveReport, report)),
      lastConfigVersion: (organization) => call(ROUTES.lastConfigVersion, { organization }),
      denial: (query) => call(ROUTES.denial, query),
      configVersion: (query) => call(ROUTES.configVersion, query),
      saveConfigVersion: async (record) => void (await call(ROUTES.saveConfigVersion, record)),
      recordAlert: (alert) => call(ROUTES.recordAlert, alert),
      endAlert: async (alert) => void (await call(ROUTES.endAlert, alert)),
      sentAlerts: (query) => call(ROUTES.sentAlerts, query),
      reportVersions: reportVersionsOver(call),
      appendFinanceRecord: async (record) => void (await call(ROUTES.appendFinanceRecord, record)),
      financeRecords: (query) => call(ROUTES.financeRecords, query),
    },
    batchOwners: {
      put: (owner) => call(ROUTES.putBatch, owner),
      get: (key) => call(ROUTES.getBatch, keyOf(key)),
      markEnded: (key, endedAtMs) => call(ROUTES.markBatchEnded, { ...keyOf(key), endedAtMs }),
      countedItems: async (key) => new Set(await call(ROUTES.countedItems, keyOf(key))),
      markItemsCounted: (key, eventIds) =>
        call(ROUTES.markItemsCounted, { ...keyOf(key), eventIds: [...eventIds] }),
    },
    close,
  };
}

type Call = <Request extends z.ZodType, Reply extends z.ZodType>(
  route: Route<Request, Reply>,
  request: z.output<Request>,
) => Promise<z.output<Reply>>;

function outboxOver(call: Call): AlertOutbox {
  return {
    take: (most, forMs) => call(ROUTES.takeAlerts, { most, forMs }),
    put: async (alerts, forMs) => void (await call(ROUTES.putAlerts, { alerts: [...alerts], forMs })),
    remove: async (alerts) => void (await call(ROUTES.removeAlerts, { alerts: [...alerts] })),
    waiting: () => call(ROUTES.waitingAlerts, {}),
  };
}

function reportVersionsOver(call: Call): ReportVersions {
  return {
    append: (pull) => call(ROUTES.appendReport, pull),
    newest: (question) => call(ROUTES.newestReport, question),
    list: (range) => call(ROUTES.listReports, range),
    read: (version) => call(ROUTES.readReport, version),
  };
}

/** Callers name a batch by its whole owner, which nobody needs to send. */
function keyOf({ organization, batchId }: BatchKey): BatchKey {
  return { organization, batchId };
}

/** True: the call was not answered at all, so another process may have to be found. False: it was answered, with an error. */
export function wasUnreachable(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.cause instanceof Unreachable;
}

class Unreachable extends Error {}

function readReply<Reply extends z.ZodType>(
  route: Route<z.ZodType, Reply>,
  { status, text }: { status: number; text: string },
): z.output<Reply> {
  const body = parseJson(text);
  if (status !== 200) throw fromWireError(body) ?? unreadable(route, `status ${status}`);
  const reply = route.reply.safeDecode(body as z.input<Reply>);
  if (reply.success) return reply.data;
  throw unreadable(route, `a reply whose "${reply.error.issues[0]?.path.join('.') ?? ''}" does not fit`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable(route: { side: RouteSide }, message: string, cause?: unknown): TallygateError {
  const code = route.side === 'gate' ? 'TALLYGATE_GATE_UNAVAILABLE' : 'TALLYGATE_LEDGER_UNAVAILABLE';
  return new TallygateError(code, { message, cause });
}

function unreachable(route: { side: RouteSide; path: string }, where: string, cause: unknown) {
  const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : 'unknown';
  return unavailable(
    route,
    `${where} did not answer ${route.path} (${reason}).`,
    new Unreachable(reason, { cause }),
  );
}

/** Something else answers at that address, or another version: nothing in it may be taken for an answer. */
function unreadable(route: { side: RouteSide; path: string }, found: string): TallygateError {
  return unavailable(route, `${route.path} was answered with ${found}.`);
}

/** Without user name, password or query: an address can carry a secret. */
function describeAddress(address: RemoteAddress): string {
  return 'socketPath' in address ? address.socketPath : new URL(address.url).origin;
}
