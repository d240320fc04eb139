import type { Clock, Logger } from '@tallygate/usage';
import type { ResolvedConfig } from './configuration/resolved.ts';
import { openRuntime, type Runtime } from './runtime/runtime.ts';
import { countdown, type TimeLeft, withinDeadline } from './within-deadline.ts';

/** One process has one gate and one spool per data directory, however many `tallygate()` instances it makes. */
interface Shared {
  opening: Promise<Runtime>;
  users: number;
}

export interface RuntimeLease {
  /** Opens at the first call. A failed opening is tried again by a later call, not by every call. */
  runtime(): Promise<Runtime>;
  /**
   * The last user to leave closes, within the time that is left: by default TALLYGATE_DRAIN_MS. What hangs is left to end by itself:
   * its locks are found to be nobody's once the process has ended.
   */
  release(leftMs?: TimeLeft): Promise<void>;
}

const REOPEN_AFTER_MS = 5_000;
const shared = new Map<string, Shared>();

export function leaseRuntime(config: ResolvedConfig, parts: { clock: Clock; logger: Logger }): RuntimeLease {
  const key = runtimeKey(config);
  let held: Shared | null = null;
  let failure: { error: unknown; atMonotonicMs: number } | null = null;

  async function runtime(): Promise<Runtime> {
    if (failure && parts.clock.monotonicMs() - failure.atMonotonicMs < REOPEN_AFTER_MS) throw failure.error;
    held ??= hold(key, () => openRuntime(config, parts));
    try {
      return await held.opening;
    } catch (error) {
      failure = { error, atMonotonicMs: parts.clock.monotonicMs() };
      if (shared.get(key) === held) shared.delete(key);
      held = null;
      throw error;
    }
  }

  return {
    runtime,
    async release(leftMs = countdown(parts.clock, config.drainMs)) {
      const leaving = held;
      held = null;
      if (!leaving) return;
      leaving.users -= 1;
      if (leaving.users > 0) return;
      if (shared.get(key) === leaving) shared.delete(key);
      await withinDeadline(leftMs(), closeOnceOpened(leaving, leftMs), () => undefined);
    },
  };
}

async function closeOnceOpened({ opening }: Shared, leftMs: TimeLeft): Promise<void> {
  const opened = await opening.catch(() => null);
  await opened?.close(leftMs);
}

function hold(key: string, open: () => Promise<Runtime>): Shared {
  const existing = shared.get(key);
  if (existing) {
    existing.users += 1;
    return existing;
  }
  const opened: Shared = { opening: open(), users: 1 };
  shared.set(key, opened);
  return opened;
}

/** What makes two configurations share one runtime: where gate and ledger are. Defaults and mode belong to the instance. */
function runtimeKey(config: ResolvedConfig): string {
  const { organization, dataDirectory, url, token, redisUrl, clickhouseUrl } = config;
  return JSON.stringify([organization, dataDirectory, url, token, redisUrl, clickhouseUrl]);
}
