import { setImmediate } from 'node:timers/promises';
import type { APIRequest, MiddlewareContext } from '@anthropic-ai/sdk';
import type { BatchOwner } from '@tallygate/usage';
import { type Admission, admitEstimated, estimateRequest } from '../admit.ts';
import type { MeterOptions } from '../meter-options.ts';
import { errorCodeOf, wasSurelyNotSent } from '../send-errors.ts';
import {
  BATCH_HOLD_TTL_MS,
  type BatchParts,
  ownerOf,
  persistently,
  releaseInBackground,
} from './batch-parts.ts';
import {
  type BatchItemRequest,
  customIdHash,
  factsOfBatch,
  otherModels,
  readBatchRequests,
} from './batch-request.ts';
import { batchStateIn } from './batch-state.ts';

type Send = (request: APIRequest) => Promise<Response>;

/**
 * One hold over the whole batch, then the request, then its owner is stored before the caller gets the answer: a process that
 * dies right after leaves a batch whose payer is known. Throws what `admit` throws, before anything is sent.
 */
export async function createBatch(
  request: APIRequest,
  next: Send,
  context: MiddlewareContext,
  parts: BatchParts,
): Promise<Response> {
  const items = readBatchRequests(request);
  if (items === null) return next(request);
  const admission = await admitBatch(items, request, context, parts);
  if (admission === null) return next(request);
  const response = await next(request).catch((error: unknown) => {
    onNoAnswer(error, admission, parts);
    throw error;
  });
  if (response.ok) await rememberOwner(response, items, admission, parts);
  else releaseInBackground(parts, admission.hold);
  return response;
}

/** Observing refuses nothing: an error that it meets is a defect of ours, and no reason for a batch to fail. */
async function admitBatch(
  items: readonly BatchItemRequest[],
  request: APIRequest,
  context: MiddlewareContext,
  { ports, options }: BatchParts,
): Promise<Admission | null> {
  const facts = factsOfBatch(items);
  const estimate = (admission: Admission, using: MeterOptions) => sumOfEstimates(items, admission, using);
  const asked = { request, context, facts, holdTtlMs: BATCH_HOLD_TTL_MS, estimate, isAnnounced: false };
  try {
    return await admitEstimated(asked, ports, options);
  } catch (error) {
    if (options.mode === 'enforce') throw error;
    options.logger.error('batch not admitted, it goes on unmetered', { error: String(error) });
    return null;
  }
}

/** An estimate takes some 20 µs, and a batch may have 100,000 items: others get their turn about every 10 ms. */
const ESTIMATED_AT_ONCE = 500;

async function sumOfEstimates(
  items: readonly BatchItemRequest[],
  admission: Admission,
  options: MeterOptions,
) {
  const sum = { expectedNanoUsd: 0n, worstNanoUsd: 0n, tokens: { expected: 0n, worst: 0n }, requests: 0n };
  for (const [index, { facts }] of items.entries()) {
    if (index > 0 && index % ESTIMATED_AT_ONCE === 0) await setImmediate();
    const { expectedNanoUsd, worstNanoUsd, tokens } = estimateRequest(
      facts,
      { batch: true, shareMillionths: null },
      admission,
      options,
    );
    sum.expectedNanoUsd += expectedNanoUsd;
    sum.worstNanoUsd += worstNanoUsd;
    sum.tokens.expected += tokens.expected;
    sum.tokens.worst += tokens.worst;
    sum.requests += 1n;
  }
  return sum;
}

/** Unless it is certain that nothing was sent, a batch may now run whose id nobody here knows: its cost stays set aside. */
function onNoAnswer(error: unknown, admission: Admission, parts: BatchParts): void {
  if (wasSurelyNotSent(error)) {
    releaseInBackground(parts, admission.hold);
    return;
  }
  parts.options.logger.warn('a batch may have been created, its hold stands until it expires', {
    attemptId: admission.attempt.attemptId,
    code: errorCodeOf(error),
  });
}

/**
 * The batch exists by now, so nothing that goes wrong here may keep it from the caller. An owner that cannot be stored is kept in
 * this process and tried again; readers elsewhere will flag the items as of an unknown owner until it is through.
 */
async function rememberOwner(
  response: Response,
  items: readonly BatchItemRequest[],
  admission: Admission,
  parts: BatchParts,
): Promise<void> {
  const { logger } = parts.options;
  const state = await batchStateIn(response);
  if (state === null) {
    const { attemptId } = admission.attempt;
    logger.error('a batch was created without telling its id, its hold stands until it expires', {
      attemptId,
    });
    return;
  }
  const { batchId } = state;
  parts.unsaved.set(batchId, ownerFrom(batchId, items, admission, parts));
  await ownerOf(parts, batchId).catch((error: unknown) => {
    logger.error('owner of a batch not stored', { batchId, error: String(error) });
    parts.work.run(batchId, () => storeAgain(batchId, parts));
  });
}

async function storeAgain(batchId: string, parts: BatchParts): Promise<void> {
  await persistently(parts, 'storing the owner of a batch', batchId, () => ownerOf(parts, batchId));
}

function ownerFrom(
  batchId: string,
  items: readonly BatchItemRequest[],
  admission: Admission,
  { options }: BatchParts,
): BatchOwner {
  const { configuration, facts } = admission;
  return {
    organization: configuration.snapshot.organization,
    batchId,
    attribution: admission.attribution,
    backend: admission.backend,
    place: admission.place,
    hold: admission.hold,
    itemCount: items.length,
    requestModel: facts.model,
    otherRequestModels: otherModels(items, facts.model, customIdHash(options.pseudonymKey, batchId)),
    createdAtMs: admission.startedAtMs,
    endedAtMs: null,
    configVersion: configuration.snapshot.version,
    adopted: false,
  };
}
