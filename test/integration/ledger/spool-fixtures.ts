import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSpool, type Recover, type Spool, type SpoolOptions } from '@tallygate/ledger';
import type { Clock, Logger } from '@tallygate/usage';
import { START_MS, settlement } from '../../contract/usage-fixtures.ts';

/** What lies beside the spools of processes. */
const ASIDE = ['dead', 'quarantine'];

/** Time that passes only when the test says so. Wall and monotonic move together. */
function createTestClock(): Clock & { advance(durationMs: number): void } {
  let passedMs = 0;
  return {
    nowMs: () => Math.max(Date.now(), START_MS) + passedMs,
    monotonicMs: () => passedMs,
    advance(durationMs) {
      passedMs += durationMs;
    },
  };
}

/** A logger that remembers. */
function createRememberingLogger(): Logger & { messages: string[] } {
  const messages: string[] = [];
  const remember = (message: string) => void messages.push(message);
  return { messages, debug: remember, info: remember, warn: remember, error: remember };
}

/** A root of spools that goes away with the test. Spools seal only when told: a test that waits for a timer is no test. */
export function createSpoolRoot() {
  const home = mkdtempSync(join(tmpdir(), 'tallygate-spool-'));
  const [root, graveyard] = [join(home, 'spool'), join(home, 'graveyard')];
  mkdirSync(root);
  mkdirSync(graveyard);
  const clock = createTestClock();
  const logger = createRememberingLogger();
  return {
    root,
    clock,
    logger,
    open: (options: Partial<SpoolOptions> = {}): Promise<Spool> =>
      openSpool({ directory: root, destination: null, clock, logger, sealAfterMs: 3_600_000, ...options }),
    /** What the disk held when the process was killed, as `graveyard` shows it: whoever lives on here does not touch it. */
    kill(spool: Spool): void {
      cpSync(spool.directory, join(graveyard, spool.spoolId), { recursive: true, preserveTimestamps: true });
    },
    graveyard,
    /** Names of the spool directories, and of the files in one. */
    spools: (of = root) => readdirSync(of).filter((name) => !ASIDE.includes(name)),
    files: (directory: string) =>
      readdirSync(directory)
        .filter((name) => name !== 'owner.json')
        .sort(),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

export type SpoolRoot = ReturnType<typeof createSpoolRoot>;

/** A gate that settles each attempt once, gives the same answer ever after, and can be away. */
export function createSettlingGate() {
  const settled = new Map<string, ReturnType<typeof settlement>>();
  const gate = {
    settled,
    asked: 0,
    away: false,
    recover: (async (outcomes) => {
      gate.asked += 1;
      if (gate.away) throw new Error('the gate is away');
      return outcomes.map(({ event, hold }) => {
        const answer =
          settled.get(event.eventId) ??
          settlement({
            attemptId: hold.attemptId,
            seq: settled.size + 1,
            entries: hold.entries.map(({ key }) => ({ key, amount: 600_000n })),
          });
        settled.set(event.eventId, answer);
        return answer;
      });
    }) satisfies Recover,
  };
  return gate;
}

export const nobodyLives = () => false;
