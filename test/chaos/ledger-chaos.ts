import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptSpools, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { systemClock, TallygateError } from '@tallygate/usage';
import { startApplications } from './applications.ts';
import { type Found, lookInto } from './compare-ledger.ts';
import { startDrainedLedger } from './drained-ledger.ts';
import { recover, unknownOutcomes } from './ledger-facts.ts';
import { type FaultCounts, rage, type Victims } from './ledger-rage.ts';
import { bundled } from './programs.ts';
import { createRandom, type Random } from './random.ts';

export interface LedgerChaosOptions {
  seconds: number;
  seed: number;
  /** A small disk of its own that may be filled; null: nothing is filled. */
  disk: string | null;
  progress(text: string): void;
}

export interface LedgerChaosResult {
  /** Facts that a process was told are safe: outcomes and settlements. */
  recorded: number;
  inLedger: number;
  /** Recorded, not in the ledger, and not in the quarantine. */
  lost: number;
  /** Rows that stand twice. */
  duplicated: number;
  /** Outcomes whose bytes were damaged on the disk. */
  quarantined: number;
  /** Groups of a report that do not say what the rows say. */
  rollupMismatches: number;
}

export interface LedgerChaos {
  result: LedgerChaosResult;
  faults: FaultCounts;
  /** No promise was broken. */
  isSound: boolean;
}

/** Where everything stands, and who draws what happens to it. */
interface Scene {
  programs: string;
  /** Of the spools, on the small disk. */
  root: string;
  /** Of the engine. */
  directory: string;
  notesFile: string;
  random: Random;
}

/** Applications that record, a process that drains into a ledger behind HTTP or within itself, and faults drawn from the seed. */
export async function ledgerChaos(options: LedgerChaosOptions): Promise<LedgerChaos> {
  const work = mkdtempSync(join(tmpdir(), 'tallygate-chaos-'));
  const programs = await bundled(
    new URL('./ledger-writer-main.ts', import.meta.url),
    new URL('./ledger-drainer-main.ts', import.meta.url),
    new URL('../setup/clickhouse-http-main.ts', import.meta.url),
  );
  try {
    const scene = sceneOf(options, work, programs);
    const { faults, damaged } = await sufferingOf(scene, options);
    options.progress('draining');
    const result = compare(scene, damaged, await drained(scene));
    return { faults, result, isSound: result.lost + result.duplicated + result.rollupMismatches === 0 };
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(programs, { recursive: true, force: true });
  }
}

function sceneOf({ seed, disk }: LedgerChaosOptions, work: string, programs: string): Scene {
  const root = join(disk ?? work, 'spool');
  mkdirSync(root, { recursive: true });
  const [notesFile, directory] = [join(work, 'notes'), join(work, 'ledger')];
  closeSync(openSync(notesFile, 'a'));
  return { programs, root, directory, notesFile, random: createRandom(seed) };
}

async function sufferingOf(scene: Scene, { disk, seconds, progress }: LedgerChaosOptions) {
  const { random } = scene;
  const ledger = await startDrainedLedger(scene);
  const applications = startApplications(scene);
  const victims: Victims = { ledger, applications, ballast: disk === null ? null : join(disk, 'ballast') };
  try {
    return { faults: await rage(victims, { seconds, random, progress }), damaged: applications.damaged };
  } finally {
    await Promise.all([applications.end(), ledger.end()]);
  }
}

/** No more faults: what is left is drained. */
async function drained({ root, directory }: Scene): Promise<Found> {
  const store = await openOnceReleased(directory);
  try {
    const left = { root, destination: store, clock: systemClock, recover, unknownOutcomes };
    let report = await adoptSpools(left);
    for (let pass = 1; report.adopted > 0 && pass < 50; pass += 1) report = await adoptSpools(left);
    return await lookInto(store, directory);
  } finally {
    await store.close();
  }
}

/** A killed process holds the engine's lock a moment longer than its id. */
async function openOnceReleased(directory: string): Promise<UsageStore> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openUsageStore({ kind: 'embedded', directory }, { clock: systemClock, settlingMs: 0 });
    } catch (error) {
      if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_DIRECTORY_OWNED' || tries > 100)
        throw error;
      await pause(50);
    }
  }
}

function compare({ notesFile }: Scene, damaged: ReadonlySet<string>, found: Found): LedgerChaosResult {
  const noted = readFileSync(notesFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const isThere = (line: string) => {
    const [kind, id = ''] = line.split(' ');
    return (kind === 'outcome' ? found.events : found.settled).has(id);
  };
  const missing = noted.filter((line) => !isThere(line));
  const inQuarantine = (line: string) => damaged.has(line.split(' ')[1] ?? '');
  return {
    recorded: noted.length,
    inLedger: noted.length - missing.length,
    lost: missing.filter((line) => !inQuarantine(line)).length,
    duplicated: found.copies,
    quarantined: missing.filter((line) => inQuarantine(line) && line.startsWith('outcome ')).length,
    rollupMismatches: found.rollupMismatches,
  };
}
