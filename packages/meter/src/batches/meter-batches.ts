import type { APIRequest, MiddlewareContext } from '@anthropic-ai/sdk';
import { sendCovered } from '../fetch/covered-sends.ts';
import type { MeterOptions } from '../meter-options.ts';
import type { MeterPorts } from '../ports.ts';
import { type BatchParts, createBatchParts } from './batch-parts.ts';
import type { BatchRoute } from './batch-routes.ts';
import { createBatch } from './create-batch.ts';
import { followDeletion, followState } from './follow-batch.ts';
import { openResults } from './open-results.ts';

/**
 * Message batches: a hold over the whole at creation, a row and a charge per item as its results are read, at the batch price
 * and once, whoever reads them how often. The caller sees what it would see without us.
 */
export interface BatchMeter {
  handle(
    route: BatchRoute,
    request: APIRequest,
    next: (request: APIRequest) => Promise<Response>,
    context: MiddlewareContext,
    ports: MeterPorts,
  ): Promise<Response>;
  /** Resolves when everything that was read so far is settled. */
  settled(): Promise<void>;
}

export function createBatchMeter(options: MeterOptions): BatchMeter {
  const known = new Map<MeterPorts, BatchParts>();

  function partsOf(ports: MeterPorts): BatchParts {
    const parts = known.get(ports) ?? createBatchParts(options, ports);
    known.set(ports, parts);
    return parts;
  }

  return {
    async handle(route, request, next, context, ports) {
      const parts = partsOf(ports);
      const send = (sent: APIRequest) => sendCovered(() => next(sent));
      switch (route.kind) {
        case 'create':
          return createBatch(request, send, context, parts);
        case 'state':
          return followState(await send(request), route.batchId, parts);
        case 'delete':
          return followDeletion(await send(request), route.batchId, parts);
        case 'results':
          return openResults(route.batchId, request, await send(request), context, parts);
      }
    },
    async settled() {
      for (const { work, settler } of known.values()) {
        await work.idle();
        await settler.idle();
      }
    },
  };
}
