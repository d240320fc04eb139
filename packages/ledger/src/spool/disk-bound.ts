/** How much of its disk the spool has used, of all processes together, and what that means. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, TallygateError } from '@tallygate/usage';
import { isMissing } from './segment-file.ts';

/**
 * What happens at the bound. Outcomes are folded into rows per minute with exact sums, and with `deny-calls` no further call of an
 * enforced budget is sent; `drop` loses them, and counts what it lost.
 */
export type FullPolicy = 'deny-calls' | 'aggregate' | 'drop';

export interface DiskBoundOptions {
  root: string;
  maxBytes: number;
  full: FullPolicy;
  logger: Logger;
}

export interface DiskBound {
  readonly policy: FullPolicy;
  /** Since the last look: what was appended by this process counts at once, what others wrote at the next look. */
  readonly isFull: boolean;
  readonly isAlarming: boolean;
  appended(bytes: number): void;
  look(): Promise<void>;
  /** For `UsageSink.refusal`. @param failing the disk itself refuses to take more. */
  refusal(failing: boolean): TallygateError | null;
}

/** Somebody has to act while there is still room. */
const ALARM_PERCENT = 80;

export function createDiskBound({ root, maxBytes, full, logger }: DiskBoundOptions): DiskBound {
  let usedBytes = 0;
  let alarmed = false;

  function check(): void {
    const alarming = usedBytes * 100 >= maxBytes * ALARM_PERCENT;
    if (alarming && !alarmed)
      logger.error('spool is nearly full', { root, usedBytes, maxBytes, policy: full });
    if (!alarming && alarmed) logger.info('spool has room again', { root, usedBytes, maxBytes });
    alarmed = alarming;
  }

  return {
    policy: full,
    get isFull() {
      return usedBytes >= maxBytes;
    },
    get isAlarming() {
      return alarmed;
    },
    appended(bytes) {
      usedBytes += bytes;
      check();
    },
    async look() {
      usedBytes = await bytesUnder(root);
      check();
    },
    refusal(failing) {
      if (full !== 'deny-calls' || (!failing && usedBytes < maxBytes)) return null;
      return new TallygateError('TALLYGATE_SPOOL_FULL', {
        message: failing
          ? 'The disk takes no more usage: what this call uses could not be recorded.'
          : `The spool holds ${usedBytes} bytes of at most ${maxBytes} that the ledger has not taken.`,
      });
    },
  };
}

/** Files come and go while they are counted. */
export async function bytesUnder(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(noneIfMissing)) {
    if (entry.isFile()) bytes += await sizeOf(join(entry.parentPath, entry.name));
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    (error: unknown) => noneIfMissing(error).length,
  );
}

function noneIfMissing(error: unknown): never[] {
  if (isMissing(error)) return [];
  throw error;
}
