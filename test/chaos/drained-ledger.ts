import { openUsageStore } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';
import { FAULTS, type Fault, type FaultyProxy, startFaultyProxy } from '../setup/faulty-proxy.ts';
import { createBag } from './bag.ts';
import { keepCopies } from './compare-ledger.ts';
import { type Program, start } from './programs.ts';
import { createRandom, type Random } from './random.ts';

/**
 * One ledger and the process that drains into it. Its engine is a server behind a network that fails; or, for a while after both
 * were killed, it sits inside the process that drains.
 */
export interface DrainedLedger {
  /** Starts again what has ended. */
  revive(): void;
  isAtWork(): boolean;
  /** The network is about to break a few requests. */
  disturb(): void;
  /** Each @returns false where that cannot be done now. */
  killDrainer(): Promise<boolean>;
  killServer(): Promise<boolean>;
  killBoth(): Promise<boolean>;
  killDrainerWithEngine(): Promise<boolean>;
  /** How often the network failed, in each way; bodies that are compressed are one more way to be different. */
  networkFaults(): Record<Fault | typeof COMPRESSION, number>;
  end(): Promise<void>;
}

export interface LedgerPlace {
  programs: string;
  /** The root of the spools that are drained. */
  root: string;
  /** The engine's directory, whoever runs the engine. */
  directory: string;
  random: Random;
}

/** Much longer than an insert takes, and short enough to be waited for. */
const REQUEST_TIMEOUT_MS = 1_000;
/** Who is killed whenever it starts never comes to its work: it meets so many faults of the network before, or steps without one. */
const LIFE = { faults: 2, steps: 3 };
/** Faults that wait for their requests at the same time. */
const DISTURBANCES = 2;
const COMPRESSION = 'bodies are compressed both ways';
const COMPRESSED = '&compression_request=1&compression_response=1';

export async function startDrainedLedger(place: LedgerPlace): Promise<DrainedLedger> {
  const { programs, root, directory, random } = place;
  await prepareTables(directory);
  const startServer = () => start(programs, 'clickhouse-http-main', directory);
  let server = startServer();
  let engineIsInDrainer = false;
  const proxy = await startFaultyProxy(() => (server.isAtWork ? `http://127.0.0.1:${server.said}` : null));
  let lives = 0;
  const startDrainer = () => {
    const url = `${proxy.url}/?request_timeout=${REQUEST_TIMEOUT_MS}${lives % 2 === 0 ? COMPRESSED : ''}`;
    const address = engineIsInDrainer ? directory : url;
    return start(programs, 'ledger-drainer-main', root, address, String(random.between(1, 2 ** 31)));
  };
  await server.ready();
  let drainer = startDrainer();
  await drainer.ready();
  const breakNext = disturbing(proxy, createRandom(random.between(1, 2 ** 31)));
  let life = { steps: 0, faultsBefore: 0 };
  const isAtWork = () => drainer.isAtWork && (engineIsInDrainer || server.isAtWork);

  function hasLived(): boolean {
    if (engineIsInDrainer) return isAtWork() && life.steps >= LIFE.steps;
    return isAtWork() && faultsMet(proxy) - life.faultsBefore >= LIFE.faults;
  }

  async function killed(isPossible: boolean, ...victims: Program[]): Promise<boolean> {
    if (!isPossible || !hasLived()) return false;
    if (!engineIsInDrainer && victims.includes(drainer)) lives += 1;
    await Promise.all(victims.map((victim) => victim.kill()));
    return true;
  }

  return {
    revive() {
      if (isAtWork()) life.steps += 1;
      else life = { steps: 0, faultsBefore: faultsMet(proxy) };
      if (!engineIsInDrainer && !server.isAlive) server = startServer();
      if (!drainer.isAlive && (engineIsInDrainer || server.isAtWork)) drainer = startDrainer();
    },
    isAtWork,
    disturb() {
      if (isAtWork()) breakNext();
    },
    killDrainer: () => killed(!engineIsInDrainer, drainer),
    killServer: () => killed(!engineIsInDrainer, server),
    async killBoth() {
      const happened = await killed(!engineIsInDrainer, drainer, server);
      engineIsInDrainer ||= happened;
      return happened;
    },
    async killDrainerWithEngine() {
      const happened = await killed(engineIsInDrainer, drainer);
      engineIsInDrainer &&= !happened;
      return happened;
    },
    networkFaults: () => networkFaultsOf(proxy),
    async end() {
      await Promise.all([drainer.kill(), server.kill(), proxy.close()]);
    },
  };
}

function faultsMet({ happened }: FaultyProxy): number {
  return [...happened.values()].reduce((sum, count) => sum + count, 0);
}

function networkFaultsOf({ happened, encodings }: FaultyProxy) {
  const counts = FAULTS.map((fault) => [fault, happened.get(fault) ?? 0]);
  const isCompressed = encodings.requests.has('gzip') && encodings.answers.has('gzip');
  return { ...Object.fromEntries(counts), [COMPRESSION]: Number(isCompressed) };
}

async function prepareTables(directory: string): Promise<void> {
  const store = await openUsageStore({ kind: 'embedded', directory }, { clock: systemClock });
  await keepCopies(directory);
  await store.close();
}

/** Inserts most of the time, of facts and of sums; else whatever comes next. */
function disturbing(proxy: FaultyProxy, random: Random): () => void {
  const faults = createBag(random, FAULTS);
  return () => {
    while (proxy.waiting() < DISTURBANCES)
      proxy.breakNext(random.chance(0.8) ? 'INSERT INTO' : '', faults.draw());
  };
}
