import type { APIRequest, MiddlewareContext } from '@anthropic-ai/sdk';
import { type BatchOwner, type CallAttribution, derivedEventId, type Hold } from '@tallygate/usage';
import { resolveAttribution } from '../attribution-scope.ts';
import { inferencePlace } from '../inference-place.ts';
import { plainModelNames } from '../model-names.ts';
import { apiKeyHint, backendOf, providerIdentity } from '../provider-headers.ts';
import { type BatchParts, ownerOf, persistently } from './batch-parts.ts';
import { customIdHash } from './batch-request.ts';
import { createItemCounter } from './count-items.ts';
import { createItemHolds } from './item-hold.ts';
import { type ResultsReading, watchResults } from './read-results.ts';

/**
 * The results for the caller, watched. They are never withheld: where the owner is not known, or cannot be asked, the reader
 * pays and the rows say so; where we fail, they go on uncounted and the next reading counts them.
 */
export async function openResults(
  batchId: string,
  request: APIRequest,
  response: Response,
  context: MiddlewareContext,
  parts: BatchParts,
): Promise<Response> {
  if (!response.ok) return response;
  try {
    const reading = await readingOf(batchId, request, response, context, parts);
    return watchResults(response, reading, () => parts.work.track(reading.counter.finish()));
  } catch (error) {
    parts.options.logger.error('results of a batch are read uncounted', { batchId, error: String(error) });
    return response;
  }
}

async function readingOf(
  batchId: string,
  request: APIRequest,
  response: Response,
  context: MiddlewareContext,
  parts: BatchParts,
): Promise<ResultsReading> {
  const { options, ports, owners, work } = parts;
  // The state that the SDK has just retrieved tells when the batch ended.
  await work.tasksOf(batchId);
  const owner = await endedOwner(batchId, request, context, parts);
  const hold = owner.hold ?? (await chargingHold(owner, parts));
  const counted = await persistently(parts, 'asking for counted batch items', batchId, () =>
    owners.countedItems(owner),
  );
  const configuration = await ports.configuration.current();
  const holdOf = hold === null ? () => null : createItemHolds(hold, owner, configuration, ports.pinHold);
  const { apiKeyId, pseudonymKey, logger } = options;
  return {
    owner,
    configuration,
    identity: providerIdentity(response.headers),
    apiKeyId,
    pseudonymKey,
    apiKeyHint: apiKeyHint(request),
    customIdHash: customIdHash(pseudonymKey, batchId),
    alreadyCounted: counted?.answer ?? new Set<string>(),
    counter: createItemCounter(parts, owner, holdOf),
    logger,
  };
}

/** The owner with the instant of the end that all readers agree on. */
async function endedOwner(
  batchId: string,
  request: APIRequest,
  context: MiddlewareContext,
  parts: BatchParts,
): Promise<BatchOwner> {
  const known = await persistently(parts, 'asking for the owner of a batch', batchId, () =>
    ownerOf(parts, batchId),
  );
  const unsaved = parts.unsaved.get(batchId);
  const owner = known?.answer ?? unsaved ?? (await adopted(batchId, request, context, parts));
  if (owner.endedAtMs !== null) return owner;
  const endedAtMs = parts.states.get(batchId)?.endedAtMs ?? parts.options.clock.nowMs();
  const marked = await persistently(parts, 'noting the end of a batch', batchId, () =>
    parts.owners.markEnded(owner, endedAtMs),
  );
  return marked?.answer ?? { ...owner, endedAtMs };
}

/** Created elsewhere, or before there was a meter: the reader pays. It is stored, so that further readers write the same rows. */
async function adopted(
  batchId: string,
  request: APIRequest,
  context: MiddlewareContext,
  parts: BatchParts,
): Promise<BatchOwner> {
  const { options, ports, owners } = parts;
  const { snapshot, priceBook } = await ports.configuration.current();
  const backend = options.backend ?? backendOf(request);
  const requested = (context.options as { attribution?: CallAttribution } | undefined)?.attribution;
  const state = parts.states.get(batchId);
  const nowMs = options.clock.nowMs();
  const owner: BatchOwner = {
    organization: snapshot.organization,
    batchId,
    // The money is spent and the results belong to the caller: a refused team is charged to nobody's account, not thrown.
    attribution: resolveAttribution({ ...options, mode: 'observe' }, snapshot, requested),
    backend,
    place: inferencePlace(backend, { url: request.url, model: '' }, priceBook),
    hold: null,
    itemCount: null,
    requestModel: '',
    otherRequestModels: {},
    createdAtMs: state?.createdAtMs ?? nowMs,
    endedAtMs: state?.endedAtMs ?? null,
    configVersion: snapshot.version,
    adopted: true,
  };
  const hold = await chargingHold(owner, parts);
  const put = () => owners.put({ ...owner, hold });
  const standing = await persistently(parts, 'storing the reader of a batch', batchId, put);
  return standing?.answer ?? { ...owner, hold };
}

const CHARGING_HOLD_TTL_MS = 60_000;

/**
 * A hold of nothing, which names the budgets and periods that items are charged to, so that each item can be settled in one
 * request and by recovery too. Null when no gate answers.
 */
async function chargingHold(owner: BatchOwner, { ports, options }: BatchParts): Promise<Hold | null> {
  try {
    for (let { snapshot, priceBook } = await ports.configuration.current(); ; ) {
      const reply = await ports.gate.reserve({
        attemptId: derivedEventId('anthropic-batch-reading', owner.batchId),
        attribution: owner.attribution,
        models: plainModelNames(modelsOf(owner), priceBook),
        expectedNanoUsd: 0n,
        worstNanoUsd: 0n,
        tokens: { expected: 0n, worst: 0n },
        requests: 0n,
        ttlMs: CHARGING_HOLD_TTL_MS,
        configVersion: snapshot.version,
        enforce: false,
      });
      if (reply.kind !== 'outdated') return reply.kind === 'held' ? reply.hold : null;
      const reloaded = await ports.configuration.reload();
      if (reloaded.snapshot.version === snapshot.version) return null;
      ({ snapshot, priceBook } = reloaded);
    }
  } catch (error) {
    options.logger.warn('no budget found yet for the items of a batch', {
      batchId: owner.batchId,
      error: String(error),
    });
    return null;
  }
}

/** Each once: of 100,000 items every other one may ask for another model than the one before. */
function modelsOf({ requestModel, otherRequestModels }: BatchOwner): string[] {
  return [...new Set([requestModel, ...Object.values(otherRequestModels)])];
}
