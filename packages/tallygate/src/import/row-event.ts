import { resolveAttribution, withoutAddress } from '@tallygate/meter';
import type { PriceBook } from '@tallygate/pricing';
import type { ConfigurationSnapshot, UsageEvent } from '@tallygate/usage';
import type { ParsedRow } from './parse-row.ts';
import { pricedName, priceRow } from './price-row.ts';

/** What the rows of one import have in common. */
export interface ImportTerms {
  snapshot: ConfigurationSnapshot;
  book: PriceBook;
  pseudonymKey: string | null;
  defaults: { team: string | null; feature: string | null; environment: string | null };
}

/** Reports tell imported usage by it: `--by line`. */
const IMPORTED_LINE = 'imported';

/**
 * The usage event of an imported row: one attempt of one call. Nothing in it names a person, by the rules that calls follow.
 * @throws AttributionError where the registry refuses teams that it does not list.
 */
export function rowEvent(eventId: string, row: ParsedRow, terms: ImportTerms): UsageEvent {
  const { snapshot, book, pseudonymKey, defaults } = terms;
  const plain = (text: string) => withoutAddress(text, pseudonymKey);
  const maybe = (text: string | null) => (text === null ? null : plain(text));
  return {
    eventId,
    callId: eventId,
    attemptNumber: 1,
    organization: snapshot.organization,
    providerOrganizationId: null,
    workspaceId: maybe(row.workspaceId),
    apiKeyId: maybe(row.apiKeyId),
    apiKeyHint: null,
    attribution: resolveAttribution({ defaults, pseudonymKey, mode: 'enforce' }, snapshot, row.attribution),
    backend: row.backend,
    requestModel: plain(row.requestModel),
    requestId: maybe(row.id),
    messageId: null,
    traceId: null,
    startedAtMs: row.atMs,
    endedAtMs: row.atMs,
    budgetInstantMs: row.atMs,
    status: 'ok',
    httpStatus: null,
    errorCode: null,
    stopReason: null,
    basis: 'reported',
    streamed: false,
    latencyMs: row.latencyMs,
    timeToFirstTokenMs: null,
    configVersion: snapshot.version,
    stablePrefixHash: null,
    stablePrefixBytes: null,
    unknownUsage: null,
    lines: [
      {
        line: 0,
        lineType: IMPORTED_LINE,
        responseModel: plain(pricedName(book, row.model)),
        usage: row.usage,
        serviceTier: maybe(row.serviceTier),
        speed: maybe(row.speed),
        inferenceGeo: maybe(row.inferenceGeo),
        billed: true,
        ...priceRow(book, row, snapshot.unpricedModels),
      },
    ],
  };
}
