/** Adoption as the life-long task of a process that drains: at its start, then now and then, never two passes at once. */
import { type AdoptionReport, type AdoptOptions, adoptSpools } from './adopt.ts';
import { HEARTBEAT_MS } from './owner.ts';

export interface Adopter {
  /** Joins the pass that is under way, or makes one. */
  now(): Promise<AdoptionReport>;
  /** From here on by itself. */
  start(): void;
  /** No further pass by itself; resolves when none is under way. Never rejects. */
  stop(): Promise<void>;
}

/** Every pass reads all that is left: one that could not finish is followed by ever longer pauses, up to 16 minutes. */
const PAUSES_MAX = 31;

export function createAdopter(options: AdoptOptions): Adopter {
  let underWay: Promise<AdoptionReport> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let pauses = 0;
  let pausesLeft = 0;

  function now(): Promise<AdoptionReport> {
    underWay ??= adoptSpools(options).finally(() => {
      underWay = null;
    });
    return underWay;
  }

  async function pass(): Promise<void> {
    try {
      const { waiting, unsettled } = await now();
      pauses = waiting + unsettled === 0 ? 0 : Math.min(PAUSES_MAX, pauses * 2 + 1);
      pausesLeft = pauses;
    } catch (error) {
      options.logger?.error('spools cannot be adopted', { reason: String(error) });
    }
  }

  return {
    now,
    start() {
      void pass();
      timer = setInterval(() => {
        if (pausesLeft > 0) pausesLeft -= 1;
        else void pass();
      }, HEARTBEAT_MS).unref();
    },
    async stop() {
      clearInterval(timer);
      await underWay?.catch(() => {});
    },
  };
}
