import { setTimeout as pause } from 'node:timers/promises';
import { createBag } from './bag.ts';
import type { GateClients } from './gate-clients.ts';
import { HOLD_TTL_MS } from './gate-facts.ts';
import { machineMs } from './gate-journal.ts';
import type { RedisPair } from './gate-redis.ts';
import type { FaultCounts } from './ledger-rage.ts';
import type { Random } from './random.ts';

/** What suffers. */
export interface GateVictims {
  clients: GateClients;
  redis: RedisPair;
}

/** A moment in which Redis may have forgotten what it had answered since `fromMs`. */
export interface Loss {
  fault: string;
  fromMs: number;
  toMs: number;
}

type Inflict = (victims: GateVictims, random: Random) => Promise<boolean>;

const FAULTS = {
  'a client is killed': ({ clients }) => clients.killOne(),
  'a client stands still': async ({ clients }, random) => clients.stopOne(random.between(50, 800)),
  'a client stands still for longer than its holds live': async ({ clients }, random) =>
    clients.stopOne(HOLD_TTL_MS + random.between(1_000, 2_000)),
  'Redis is killed and reads its file again': async ({ redis }) => {
    await redis.killPrimary();
    return true;
  },
  'Redis is flushed': async ({ redis }) => {
    await redis.primary().flushall();
    return true;
  },
  'Redis forgets the scripts': async ({ redis }) => {
    await redis.primary().script('FLUSH');
    return true;
  },
  'Redis lets its clients wait': async ({ redis }, random) => {
    await redis.primary().call('CLIENT', 'PAUSE', String(random.between(50, 800)), 'ALL');
    return true;
  },
  'answers are late': async ({ redis: { wire } }, random) => {
    wire.holdReplies();
    await pause(random.between(20, 600));
    wire.deliverReplies();
    return true;
  },
  'answers are lost': async ({ redis: { wire } }, random) => {
    wire.holdReplies();
    await pause(random.between(5, 300));
    wire.cut();
    return true;
  },
  'connections are cut': async ({ redis: { wire } }) => {
    wire.cut();
    return true;
  },
  'nobody can connect': async ({ redis: { wire } }, random) => {
    wire.goDown();
    await pause(random.between(50, 400));
    wire.comeUp();
    return true;
  },
  'a replica that was cut off is promoted': async ({ redis }, random) => {
    if (!(await redis.isReplicated())) return false;
    await redis.promoteAfter(() => pause(random.between(50, 400)));
    return true;
  },
} satisfies Record<string, Inflict>;
type Fault = keyof typeof FAULTS;

export const GATE_FAULTS: readonly string[] = Object.keys(FAULTS);
/** AOF `everysec` is written before an answer and synchronized behind it; where that is late, two seconds are at stake. */
const FSYNC_WINDOW_MS = 2_000;
/** How long before a fault began Redis may have answered what the fault takes with it; the others take nothing. */
const FORGETS_MS: Partial<Record<Fault, number>> = {
  'Redis is killed and reads its file again': FSYNC_WINDOW_MS,
  'Redis is flushed': 0,
  // Replication runs behind the answers.
  'a replica that was cut off is promoted': 1_000,
};
/** Where a machine is slow, a run goes on until every kind has happened, so much longer at most. */
export const EXTRA_SECONDS = 120;

export async function rageAtGate(
  victims: GateVictims,
  { seconds, random, progress }: { seconds: number; random: Random; progress(text: string): void },
): Promise<{ faults: FaultCounts; losses: Loss[] }> {
  const [faults, losses]: [FaultCounts, Loss[]] = [
    Object.fromEntries(GATE_FAULTS.map((fault) => [fault, 0])),
    [],
  ];
  const bag = createBag(random, Object.keys(FAULTS) as Fault[]);
  const startMs = performance.now();
  for (let due = bag.draw(); ; ) {
    await pause(random.between(100, 500));
    victims.clients.revive();
    const fromMs = machineMs() - (FORGETS_MS[due] ?? 0);
    if (await FAULTS[due](victims, random)) {
      faults[due] = (faults[due] ?? 0) + 1;
      if (FORGETS_MS[due] !== undefined) losses.push({ fault: due, fromMs, toMs: machineMs() });
      due = bag.draw();
    }
    const spentSeconds = (performance.now() - startMs) / 1_000;
    const missing = Object.values(faults).filter((count) => count === 0).length;
    progress(`${Math.max(0, Math.ceil(seconds - spentSeconds))} s left, ${missing} faults to come`);
    if (spentSeconds > seconds + (missing === 0 ? 0 : EXTRA_SECONDS)) return { faults, losses };
  }
}
