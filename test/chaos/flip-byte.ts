import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';

/** First bytes of a frame, and of a frame that holds an outcome. */
const MAGIC = Buffer.from([0xf5, 0x54, 0x47, 0x46]);
const HEAD_BYTES = 12;
const OUTCOME = 'usage ';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Damages one record in a spool of a dead process, in the middle of its payload. The directory is out of everybody's reach
 * meanwhile, as an adopter's claim would take it.
 *
 * @returns the ids that stand in the damaged record if it is an outcome, none for another record; null when nothing could be damaged.
 */
export function flipByteIn(root: string, name: string, random: Random): string[] | null {
  const [home, aside] = [join(root, name), join(root, '..', `aside-${name}`)];
  try {
    renameSync(home, aside);
  } catch {
    return null;
  }
  try {
    const files = readdirSync(aside).filter((file) => /^\d+\.(open|ready)$/.test(file));
    const file = random.pick(files);
    return file === undefined ? null : flipIn(join(aside, file), random);
  } finally {
    renameSync(aside, home);
  }
}

function flipIn(path: string, random: Random): string[] | null {
  const bytes = readFileSync(path);
  const starts: number[] = [];
  for (let at = bytes.indexOf(MAGIC); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) starts.push(at);
  // Not the header, and not the last one, which would be taken for a torn write.
  const index = random.between(1, starts.length - 1);
  const [start, end] = [starts[index], starts[index + 1]];
  if (index < 1 || start === undefined || end === undefined) return null;
  const payload = bytes.toString('utf8', start + HEAD_BYTES, end);
  const at = start + HEAD_BYTES + Math.floor((end - start - HEAD_BYTES) / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(path, bytes);
  return payload.startsWith(OUTCOME) ? (payload.match(UUID) ?? []) : [];
}
