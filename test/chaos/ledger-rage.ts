import { setTimeout as pause } from 'node:timers/promises';
import type { Applications } from './applications.ts';
import { createBag } from './bag.ts';
import type { DrainedLedger } from './drained-ledger.ts';
import { whileDiskIsFull } from './fill-disk.ts';
import { createRandom, type Random } from './random.ts';

/** What suffers. */
export interface Victims {
  applications: Applications;
  ledger: DrainedLedger;
  /** A file that may fill their disk; null: the disk is everybody's. */
  ballast: string | null;
}

/** How often each kind of fault really happened, those that never did too. */
export type FaultCounts = Record<string, number>;

/** @returns whether it could be done now. */
type Inflict = (victims: Victims, random: Random) => Promise<boolean>;

const FAULTS = {
  'an application is killed': ({ applications }) => applications.killOne(),
  'a record that a killed application left is damaged': ({ applications }) => applications.damageOne(),
  'the disk is full': fillDisk,
  'the drainer is killed': ({ ledger }) => ledger.killDrainer(),
  'the server is killed': ({ ledger }) => ledger.killServer(),
  'drainer and server are killed at once': ({ ledger }) => ledger.killBoth(),
  'the drainer is killed, the engine in it': ({ ledger }) => ledger.killDrainerWithEngine(),
} satisfies Record<string, Inflict>;
type Fault = keyof typeof FAULTS;

/** What happens in turn before the next is drawn. Applications and ledger do not wait for each other's faults. */
const OF_APPLICATIONS: Fault[][] = [
  ...Array.from({ length: 5 }, (): Fault[] => ['an application is killed']),
  ...Array.from({ length: 2 }, (): Fault[] => ['a record that a killed application left is damaged']),
  ['the disk is full'],
];
const OF_LEDGER: Fault[][] = [
  ['the drainer is killed'],
  ['the server is killed'],
  ['drainer and server are killed at once', 'the drainer is killed, the engine in it'],
];
/** Where a machine is slow, a run goes on until every kind has happened, so much longer at most. */
const EXTRA_SECONDS = 240;

export interface RageOptions {
  seconds: number;
  random: Random;
  progress(text: string): void;
}

export async function rage(
  victims: Victims,
  { seconds, random, progress }: RageOptions,
): Promise<FaultCounts> {
  const startMs = performance.now();
  const step = faultAfterFault(victims, random);
  for (;;) {
    await pause(random.between(100, 500));
    const counts = await step();
    const spentSeconds = (performance.now() - startMs) / 1_000;
    const faults = Object.values(counts).reduce((sum, count) => sum + count, 0);
    progress(`${Math.max(0, Math.ceil(seconds - spentSeconds))} s left, ${faults} faults`);
    const isComplete = !Object.values(counts).includes(0);
    if (spentSeconds > seconds + (isComplete ? 0 : EXTRA_SECONDS)) return counts;
  }
}

function faultAfterFault(victims: Victims, random: Random): () => Promise<FaultCounts> {
  const ofApplications = OF_APPLICATIONS.filter(
    ([fault]) => victims.ballast !== null || fault !== 'the disk is full',
  );
  const counts: FaultCounts = Object.fromEntries(
    [...ofApplications, ...OF_LEDGER].flat().map((fault) => [fault, 0]),
  );
  const steps = [ofApplications, OF_LEDGER].map((kinds) => {
    const nextFault = inTurn(createBag(createRandom(random.between(1, 2 ** 31)), kinds));
    return () => nextFault((fault) => FAULTS[fault](victims, random));
  });
  return async () => {
    victims.ledger.disturb();
    for (const step of steps) {
      const happened = await step();
      if (happened !== null) counts[happened] = (counts[happened] ?? 0) + 1;
    }
    victims.applications.revive();
    victims.ledger.revive();
    return { ...counts, ...victims.ledger.networkFaults() };
  };
}

/** One that cannot happen yet, because its victim still starts, stays the next one. */
function inTurn(bag: { draw(): Fault[] }) {
  let due = [...bag.draw()];
  return async (inflict: (fault: Fault) => Promise<boolean>): Promise<Fault | null> => {
    const [fault, ...later] = due;
    if (fault === undefined || !(await inflict(fault))) return null;
    due = later.length > 0 ? later : [...bag.draw()];
    return fault;
  };
}

/** For a moment, and not for those that start: records wait in memory, adoptions fail half-way. */
async function fillDisk({ applications, ledger, ballast }: Victims, random: Random): Promise<boolean> {
  if (ballast === null || !applications.areAtWork() || !ledger.isAtWork()) return false;
  const momentMs = random.between(50, 400);
  await whileDiskIsFull(ballast, () => pause(momentMs));
  return true;
}
