import type { BatchOwner, Hold } from '@tallygate/usage';
import { BATCH_HOLD_TTL_MS, type BatchParts, ownerOf, releaseInBackground } from './batch-parts.ts';
import { type BatchState, batchStateIn } from './batch-state.ts';

/** States are small; this many cover every batch that one process follows at a time. */
const STATES_MAX = 1_000;

/** Learns from an answer that describes a batch (retrieve, cancel). The caller waits for nothing of it. */
export function followState(response: Response, batchId: string, parts: BatchParts): Response {
  if (!response.ok) return response;
  const reading = batchStateIn(response);
  parts.work.run(batchId, async () => {
    const state = await reading;
    if (state !== null && state.batchId === batchId) await noteState(state, parts);
  });
  return response;
}

/**
 * An ended batch without a succeeded item costs nothing, so its hold ends at once. One whose results are unread costs something
 * that nobody here has seen: its estimate stays set aside for as long again.
 */
async function noteState(state: BatchState, parts: BatchParts): Promise<void> {
  rememberState(state, parts);
  if (state.endedAtMs === null) return;
  const owner = await ownerOf(parts, state.batchId);
  if (owner === null) return;
  await parts.owners.markEnded(owner, state.endedAtMs);
  if (owner.hold === null) return;
  if (state.succeeded === 0) releaseInBackground(parts, owner.hold);
  else if (await hasUnreadItems(owner, parts)) await keepHold(owner.hold, owner.batchId, parts);
}

function rememberState(state: BatchState, { states }: BatchParts): void {
  states.delete(state.batchId);
  states.set(state.batchId, state);
  const [oldest] = states.keys();
  if (states.size > STATES_MAX && oldest !== undefined) states.delete(oldest);
}

async function hasUnreadItems(owner: BatchOwner, { owners }: BatchParts): Promise<boolean> {
  return owner.itemCount !== null && (await owners.markItemsCounted(owner, [])) < owner.itemCount;
}

async function keepHold(hold: Hold, batchId: string, { ports, options }: BatchParts): Promise<void> {
  const reply = await ports.gate.extend(hold, BATCH_HOLD_TTL_MS);
  if (reply.kind === 'ended')
    options.logger.warn('a batch has ended and its hold is over: read its results to charge them', {
      batchId,
    });
}

/** Once deleted, results can never be read: what they cost is then known to the provider alone. */
export function followDeletion(response: Response, batchId: string, parts: BatchParts): Response {
  if (!response.ok) return response;
  parts.work.run(batchId, async () => {
    const owner = await ownerOf(parts, batchId);
    if (owner !== null && (await hasUnreadItems(owner, parts)))
      parts.options.logger.warn('a batch was deleted before all of its results were read and charged', {
        batchId,
      });
  });
  return response;
}
