import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientParameters } from './gate-client-main.ts';
import { type Program, start } from './programs.ts';
import type { Random } from './random.ts';

/** Processes that call until they are killed. */
export interface GateClients {
  /** Resolves when all are at work for the first time. */
  ready(): Promise<void>;
  /** Another one for each that has ended. */
  revive(): void;
  /** @returns false where the one that was chosen was not at work. */
  killOne(): Promise<boolean>;
  /** SIGSTOP, and SIGCONT so much later, behind the caller's back. */
  stopOne(durationMs: number): boolean;
  /** All go on where they stood, and are ended. */
  end(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** Of the clocks of the processes. */
const SKEWS_MS = [0, HOUR_MS, -HOUR_MS];

export function startGateClients(
  programs: string,
  journals: string,
  random: Random,
  parameters: Omit<ClientParameters, 'journalFile' | 'seed' | 'skewMs'>,
): GateClients {
  let started = 0;
  const startOne = (skewMs: number): Program => {
    started += 1;
    const own = { journalFile: join(journals, `${started}`), seed: random.between(1, 2 ** 31), skewMs };
    return start(programs, 'gate-client-main', JSON.stringify({ ...parameters, ...own }));
  };
  const stopped = new Map<Program, Promise<void>>();
  const running = SKEWS_MS.map((skewMs) => ({ skewMs, program: startOne(skewMs) }));
  const atWork = (): Program | null => {
    const victim = random.pick(running)?.program;
    return victim?.isAtWork && !stopped.has(victim) ? victim : null;
  };

  return {
    async ready() {
      await Promise.all(running.map(({ program }) => program.ready()));
    },
    revive() {
      for (const client of running) {
        if (client.program.isAlive) continue;
        const complaint = client.program.complaint();
        if (complaint !== '') throw new Error(`A client gave up: ${complaint}`);
        client.program = startOne(client.skewMs);
      }
    },
    async killOne() {
      const victim = atWork();
      await victim?.kill();
      return victim !== null;
    },
    stopOne(durationMs) {
      const victim = atWork();
      if (victim === null) return false;
      process.kill(victim.pid, 'SIGSTOP');
      const goesOn = pause(durationMs).then(() => {
        stopped.delete(victim);
        if (victim.isAlive) process.kill(victim.pid, 'SIGCONT');
      });
      stopped.set(victim, goesOn);
      return true;
    },
    async end() {
      await Promise.all(stopped.values());
      await Promise.all(running.map(({ program }) => program.kill()));
    },
  };
}
