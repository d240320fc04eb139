import { setTimeout as pause } from 'node:timers/promises';
import { createBag } from './bag.ts';
import type { GateClients } from './gate-clients.ts';
import { HOLD_TTL_MS } from './gate-facts.ts';
import type { Absence, Loss, Suffered } from './gate-faults.ts';
import { machineMs } from './gate-journal.ts';
import type { RedisPair } from './gate-redis.ts';
import type { FaultCounts } from './ledger-rage.ts';
import type { Random } from './random.ts';

/** What suffers. */
export interface GateVictims {
  clients: GateClients;
  redis: RedisPair;
}

/**
 * What a fault did: nothing, because it could not be done now; hindered, or took nothing with it; or made Redis forget what it had
 * answered since an instant.
 */
type Effect = 'none' | 'hindered' | { forgetsFromMs: number };
type Inflict = (victims: GateVictims, random: Random) => Promise<Effect>;

const OF_CLIENTS = {
  'a client is killed': async ({ clients }) => ((await clients.killOne()) ? 'hindered' : 'none'),
  'a client stands still': async ({ clients }, random) =>
    clients.stopOne(random.between(50, 800)) ? 'hindered' : 'none',
  'a client stands still for longer than its holds live': async ({ clients }, random) =>
    clients.stopOne(HOLD_TTL_MS + random.between(1_000, 2_000)) ? 'hindered' : 'none',
} satisfies Record<string, Inflict>;

/** While one of these lasts, nobody is sure to be heard. */
const OF_REDIS = {
  'Redis is killed and reads its file again': async ({ redis }) => ({
    forgetsFromMs: await redis.killPrimary(),
  }),
  'Redis is flushed': async ({ redis }) => {
    const forgetsFromMs = machineMs();
    await redis.primary().flushall();
    return { forgetsFromMs };
  },
  'Redis forgets the scripts': async ({ redis }) => {
    await redis.primary().script('FLUSH');
    return 'hindered';
  },
  'Redis lets its clients wait': async ({ redis }, random) => {
    const durationMs = random.between(50, 800);
    await redis.primary().call('CLIENT', 'PAUSE', String(durationMs), 'ALL');
    await pause(durationMs);
    return 'hindered';
  },
  'answers are late': async ({ redis: { wire } }, random) => {
    wire.holdReplies();
    await pause(random.between(20, 600));
    wire.deliverReplies();
    return 'hindered';
  },
  'answers are lost': async ({ redis: { wire } }, random) => {
    wire.holdReplies();
    await pause(random.between(5, 300));
    wire.cut();
    return 'hindered';
  },
  'connections are cut': async ({ redis: { wire } }) => {
    wire.cut();
    return 'hindered';
  },
  'nobody can connect': async ({ redis: { wire } }, random) => {
    wire.goDown();
    await pause(random.between(50, 400));
    wire.comeUp();
    return 'hindered';
  },
  'a replica that was cut off is promoted': async ({ redis }, random) => {
    const keptMs = await redis.promoteAfter(() => pause(random.between(50, 400)));
    return keptMs === null ? 'none' : { forgetsFromMs: keptMs };
  },
} satisfies Record<string, Inflict>;

const FAULTS: Record<string, Inflict> = { ...OF_CLIENTS, ...OF_REDIS };
export const GATE_FAULTS: readonly string[] = Object.keys(FAULTS);
/** Where a machine is slow, a run goes on until every kind has happened, so much longer at most. */
export const EXTRA_SECONDS = 120;

export interface Rage {
  seconds: number;
  random: Random;
  progress(text: string): void;
}

export async function rageAtGate(
  victims: GateVictims,
  { seconds, random, progress }: Rage,
): Promise<{ faults: FaultCounts; suffered: Suffered }> {
  const faults: FaultCounts = Object.fromEntries(GATE_FAULTS.map((fault) => [fault, 0]));
  const [losses, outages]: [Loss[], Absence[]] = [[], []];
  const bag = createBag(random, GATE_FAULTS);
  const startMs = performance.now();
  for (let due = bag.draw(); ; ) {
    await pause(random.between(100, 500));
    victims.clients.revive();
    const fromMs = machineMs();
    const effect = (await FAULTS[due]?.(victims, random)) ?? 'none';
    const toMs = machineMs();
    if (Object.hasOwn(OF_REDIS, due)) outages.push({ who: null, fromMs, toMs });
    if (typeof effect === 'object') losses.push({ fromMs: effect.forgetsFromMs, toMs });
    if (effect !== 'none') {
      faults[due] = (faults[due] ?? 0) + 1;
      due = bag.draw();
    }
    const spentSeconds = (performance.now() - startMs) / 1_000;
    const missing = Object.values(faults).filter((count) => count === 0).length;
    progress(`${Math.max(0, Math.ceil(seconds - spentSeconds))} s left, ${missing} faults to come`);
    if (spentSeconds > seconds + (missing === 0 ? 0 : EXTRA_SECONDS))
      return { faults, suffered: { losses, absences: [...outages, ...victims.clients.absences] } };
  }
}
