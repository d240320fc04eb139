import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Kind } from './gate-budgets.ts';
import type { ClientParameters } from './gate-client-main.ts';
import { wallClocks } from './gate-clocks.ts';
import type { Absence } from './gate-faults.ts';
import { machineMs } from './gate-journal.ts';
import { type Program, startWith } from './programs.ts';
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
  /** What was done to them so far. */
  readonly absences: readonly Absence[];
  /** What tells them the time. */
  readonly clocks: string;
  /** All go on where they stood, and are ended. */
  end(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const PROCESSES: readonly { kind: Kind; skewMs: number }[] = [
  { kind: 'asked', skewMs: 0 },
  { kind: 'asked', skewMs: HOUR_MS },
  { kind: 'leased', skewMs: -HOUR_MS },
  { kind: 'leased', skewMs: 0 },
];

interface Client {
  kind: Kind;
  skewMs: number;
  name: string;
  program: Program;
}

export function startGateClients(
  programs: string,
  journals: string,
  random: Random,
  parameters: Omit<ClientParameters, 'journalFile' | 'seed' | 'injectedMs' | 'kind'>,
): GateClients {
  const clocks = wallClocks();
  const absences: Absence[] = [];
  let started = 0;
  const startOne = ({ kind, skewMs }: Pick<Client, 'kind' | 'skewMs'>): Client => {
    started += 1;
    const name = `${kind}-${started}`;
    const { environment, injectedMs } = clocks.offBy(skewMs);
    const own = { journalFile: join(journals, name), seed: random.between(1, 2 ** 31), injectedMs, kind };
    const text = JSON.stringify({ ...parameters, ...own });
    return { kind, skewMs, name, program: startWith(environment, programs, 'gate-client-main', text) };
  };
  const stopped = new Map<Program, Promise<void>>();
  const running = PROCESSES.map(startOne);
  const atWork = (): Client | null => {
    const victim = random.pick(running);
    return victim?.program.isAtWork && !stopped.has(victim.program) ? victim : null;
  };

  return {
    absences,
    clocks: clocks.by,
    async ready() {
      await Promise.all(running.map(({ program }) => program.ready()));
    },
    revive() {
      for (const [place, client] of running.entries()) {
        if (client.program.isAlive) continue;
        const complaint = client.program.complaint();
        if (complaint !== '') throw new Error(`A client gave up: ${complaint}`);
        running[place] = startOne(client);
      }
    },
    async killOne() {
      const victim = atWork();
      if (victim === null) return false;
      absences.push({ who: victim.name, fromMs: machineMs(), toMs: Number.POSITIVE_INFINITY });
      await victim.program.kill();
      return true;
    },
    stopOne(durationMs) {
      const victim = atWork();
      if (victim === null) return false;
      const { name, program } = victim;
      const absence = { who: name, fromMs: machineMs(), toMs: Number.POSITIVE_INFINITY };
      absences.push(absence);
      process.kill(program.pid, 'SIGSTOP');
      const goesOn = pause(durationMs).then(() => {
        stopped.delete(program);
        if (program.isAlive) process.kill(program.pid, 'SIGCONT');
        absence.toMs = machineMs();
      });
      stopped.set(program, goesOn);
      return true;
    },
    async end() {
      await Promise.all(stopped.values());
      await Promise.all(running.map(({ program }) => program.kill()));
    },
  };
}
