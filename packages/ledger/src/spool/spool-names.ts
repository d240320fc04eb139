/** Directories in the root of all spools: `<owner>-<random>`, with `.by-<adopter>` behind it once it was taken over. */
import { readdir } from 'node:fs/promises';
import { isMissing } from './segment-file.ts';

export const CLAIM = '.by-';

/** Whatever is called otherwise belongs to somebody else: it is not read, not renamed and not removed. */
const SPOOL_NAME = /^[A-Za-z0-9-]+-[0-9a-f]{16}(\.by-[A-Za-z0-9-]+)?$/;

/** None where nobody has recorded anything yet. */
export async function spoolNames(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && SPOOL_NAME.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** An adopter adds itself to the name; tokens stay those of the first owner. */
export function spoolIdOf(name: string): string {
  return name.split(CLAIM, 1)[0] ?? name;
}
