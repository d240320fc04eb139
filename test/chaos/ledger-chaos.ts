import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptSpools, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { systemClock, TallygateError } from '@tallygate/usage';
import { type Found, keepCopies, lookInto } from './compare-ledger.ts';
import { flipByteIn } from './flip-byte.ts';
import { recover, unknownOutcomes } from './ledger-facts.ts';
import { bundled, type Program, start } from './programs.ts';
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

const WRITERS = 2;

interface Run {
  random: Random;
  root: string;
  notesFile: string;
  ledger: string;
  programs: string;
  writers: Program[];
  drainer: Program;
  /** Ids in records that were damaged on purpose. */
  damaged: Set<string>;
  faults: number;
  ballast: string | null;
  progress(text: string): void;
}

/** Applications that record, one process that drains, and kills, outages, damage and full disks drawn from the seed. */
export async function ledgerChaos(options: LedgerChaosOptions): Promise<LedgerChaosResult> {
  const work = mkdtempSync(join(tmpdir(), 'tallygate-chaos-'));
  const programs = await bundled(
    new URL('./ledger-writer-main.ts', import.meta.url),
    new URL('./ledger-drainer-main.ts', import.meta.url),
  );
  try {
    const run = begin(options, work, programs);
    await rage(run, options.seconds);
    return await settle(run);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(programs, { recursive: true, force: true });
  }
}

function begin({ seed, disk, progress }: LedgerChaosOptions, work: string, programs: string): Run {
  const root = join(disk ?? work, 'spool');
  mkdirSync(root, { recursive: true });
  const [notesFile, ledger] = [join(work, 'notes'), join(work, 'ledger')];
  closeSync(openSync(notesFile, 'a'));
  const random = createRandom(seed);
  const ballast = disk === null ? null : join(disk, 'ballast');
  const places = { root, notesFile, ledger, programs, ballast };
  const drainer = startDrainer({ ...places, random });
  const writers = Array.from({ length: WRITERS }, () => startWriter({ ...places, random }));
  return { ...places, random, progress, writers, drainer, damaged: new Set(), faults: 0 };
}

type Places = Pick<Run, 'programs' | 'root' | 'notesFile' | 'ledger' | 'random'>;

function startWriter({ programs, root, notesFile, random }: Places): Program {
  return start(programs, 'ledger-writer-main', root, notesFile, String(random.between(1, 2 ** 31)));
}

function startDrainer({ programs, root, ledger, random }: Places): Program {
  return start(programs, 'ledger-drainer-main', root, ledger, String(random.between(1, 2 ** 31)));
}

async function rage(run: Run, seconds: number): Promise<void> {
  await run.drainer.ready();
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    await pause(run.random.between(100, 500));
    await oneFault(run);
    run.faults += 1;
    const leftSeconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1_000));
    run.progress(`${leftSeconds} s left, ${run.faults} faults`);
  }
  await Promise.all([...run.writers, run.drainer].map((program) => program.kill()));
  if (run.ballast !== null) rmSync(run.ballast, { force: true });
}

async function oneFault(run: Run): Promise<void> {
  const choice = run.random.next();
  if (choice < 0.6) await killWriter(run);
  else if (choice < 0.7) await killDrainer(run);
  else if (choice < 0.85) await fillDisk(run);
  // A process that found the disk full at its start has ended by itself.
  run.writers = run.writers.map((writer) => (writer.isAlive ? writer : startWriter(run)));
  if (!run.drainer.isAlive) run.drainer = startDrainer(run);
}

async function killWriter(run: Run): Promise<void> {
  const victim = run.random.pick(run.writers);
  const damage = run.random.chance(0.4);
  if (!victim?.isAtWork) return;
  await victim.kill();
  const name = readdirSync(run.root).find((entry) => entry.includes(`-${victim.pid}-`));
  if (!damage || name === undefined || name.includes('.by-')) return;
  for (const id of flipByteIn(run.root, name, run.random)) run.damaged.add(id);
}

/** Not while it starts, or it would never come to its work. */
async function killDrainer({ drainer }: Run): Promise<void> {
  if (drainer.isAtWork) await drainer.kill();
}

/** To the last byte, for a moment: records wait in memory, adoptions fail half-way. */
async function fillDisk({ ballast, random }: Run): Promise<void> {
  if (ballast === null) return;
  const descriptor = openSync(ballast, 'w');
  try {
    for (const block of [Buffer.alloc(65_536), Buffer.alloc(512)]) fillWith(descriptor, block);
    await pause(random.between(50, 400));
  } finally {
    closeSync(descriptor);
    rmSync(ballast);
  }
}

function fillWith(descriptor: number, block: Buffer): void {
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** No more faults: what is left is drained, then everything is compared. */
async function settle(run: Run): Promise<LedgerChaosResult> {
  run.progress('draining');
  const store = await openOnceReleased(run.ledger);
  try {
    await keepCopies(run.ledger);
    const left = { root: run.root, destination: store, clock: systemClock, recover, unknownOutcomes };
    let report = await adoptSpools(left);
    for (let pass = 1; report.adopted > 0 && pass < 50; pass += 1) report = await adoptSpools(left);
    return compare(run, await lookInto(store, run.ledger));
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

function compare({ notesFile, damaged }: Run, found: Found): LedgerChaosResult {
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
