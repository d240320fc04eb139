import { readdirSync } from 'node:fs';
import { flipByteIn } from './flip-byte.ts';
import { type Program, start } from './programs.ts';
import type { Random } from './random.ts';

/** Processes that record until they are killed. */
export interface Applications {
  /** Another one for each that has ended: killed, or because it found the disk full at its start. */
  revive(): void;
  areAtWork(): boolean;
  /** @returns false where the one that was chosen was not at work. */
  killOne(): Promise<boolean>;
  /** Kills one and damages a record that it left. @returns false where none was left. */
  damageOne(): Promise<boolean>;
  /** Ids in records that were damaged on purpose. */
  readonly damaged: ReadonlySet<string>;
  end(): Promise<void>;
}

export interface ApplicationsPlace {
  programs: string;
  /** The root of their spools. */
  root: string;
  /** Where they note what they were told is safe. */
  notesFile: string;
  random: Random;
}

const APPLICATIONS = 2;

export function startApplications({ programs, root, notesFile, random }: ApplicationsPlace): Applications {
  const startOne = () =>
    start(programs, 'ledger-writer-main', root, notesFile, String(random.between(1, 2 ** 31)));
  let running: Program[] = Array.from({ length: APPLICATIONS }, startOne);
  const damaged = new Set<string>();

  async function kill(): Promise<Program | null> {
    const victim = random.pick(running);
    if (!victim?.isAtWork) return null;
    await victim.kill();
    return victim;
  }

  return {
    revive() {
      running = running.map((program) => (program.isAlive ? program : startOne()));
    },
    areAtWork: () => running.every((program) => program.isAtWork),
    killOne: async () => (await kill()) !== null,
    async damageOne() {
      const victim = await kill();
      const name = readdirSync(root).find((entry) => entry.includes(`-${victim?.pid}-`));
      if (victim === null || name === undefined || name.includes('.by-')) return false;
      const ids = flipByteIn(root, name, random);
      for (const id of ids ?? []) damaged.add(id);
      return ids !== null;
    },
    damaged,
    async end() {
      await Promise.all(running.map((program) => program.kill()));
    },
  };
}
