import {
  type BatchAdditions,
  type BatchKey,
  type BatchOwner,
  batchOwnerSchema,
  type LiveBatch,
  type LiveBatches,
  type Logger,
  silentLogger,
  TallygateError,
  toWireJson,
} from '@tallygate/usage';
import { BATCH_LIFE_MS } from './batch-life.ts';
import { within } from './deadlines.ts';
import { redisKeys } from './keys.ts';
import { connectRedis, type RedisConnection } from './redis-connection.ts';

export interface RedisBatchesOptions {
  url: string;
  logger?: Logger;
}

/** Longer than a call may wait for its budget: only who creates a batch or reads one waits, and items may be 100,000. */
const DEADLINE_MS = 3_000;

/**
 * Who pays for which message batch, where processes share it: first come, first served, in one step. Connects when it is first
 * asked: few applications ever make a batch.
 */
export function openRedisBatches({ url, logger = silentLogger }: RedisBatchesOptions): LiveBatches {
  let connecting: Promise<RedisConnection> | null = null;
  const connected = () => {
    connecting ??= connectRedis(url, logger).catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  };
  const run: RedisConnection['run'] = async (script, keys, values) => {
    const asked = async () => (await connected()).run(script, keys, values);
    return within(DEADLINE_MS, asked(), 'a question about a batch').catch((error: unknown) => {
      throw unanswered(error);
    });
  };
  return {
    async merge(key, additions) {
      const { values } = await run('batch', keysOf(key), valuesOf(additions));
      return liveBatch(values);
    },
    async countedItems({ organization, batchId }) {
      return (await run('counted', [redisKeys(organization).batchItems(batchId)], [])).values;
    },
    close: async () => (await connecting?.catch(() => null))?.close(),
  };
}

function keysOf({ organization, batchId }: BatchKey): string[] {
  const keys = redisKeys(organization);
  return [keys.batch(batchId), keys.batchItems(batchId)];
}

function valuesOf({ owner, endedAtMs, eventIds = [], isWhole, isKept }: BatchAdditions): string[] {
  const ended = endedAtMs ?? owner?.endedAtMs ?? '';
  const text = owner === undefined ? '' : toWireJson({ ...owner, endedAtMs: null });
  return [
    String(BATCH_LIFE_MS),
    text,
    String(ended),
    isWhole === true ? '1' : '',
    isKept === true ? '1' : '',
    ...eventIds,
  ];
}

function liveBatch([owner = '', ended = '', whole = '', kept = '', items = '0']: string[]): LiveBatch {
  return {
    owner: owner === '' ? null : { ...ownerFrom(owner), endedAtMs: ended === '' ? null : Number(ended) },
    countedItems: Number(items),
    isWhole: whole !== '',
    isKept: kept !== '',
  };
}

function ownerFrom(text: string): BatchOwner {
  const owner = batchOwnerSchema.safeParse(JSON.parse(text));
  if (owner.success) return owner.data;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: 'Redis holds the owner of a batch in a form that this version cannot read.',
    cure: 'Upgrade every process that shares this Redis to the version that wrote it.',
  });
}

/** Not knowing who pays is no outage of the budgets. */
function unanswered(error: unknown): unknown {
  if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_GATE_UNAVAILABLE') return error;
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The owners of batches cannot be asked: ${error.message}`,
  });
}
