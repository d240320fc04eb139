import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, digestOf } from '../digest.ts';

export interface EvidenceFile extends Digest {
  name: string;
}

/** A folder that knows what it holds: every file by its name, its hash and its size; nothing in it says when it was written. */
export interface EvidenceFolder {
  add(name: string, text: string): void;
  /** As `add`, for what comes in pieces. */
  stream<Result>(name: string, work: (write: (text: string) => void) => Promise<Result>): Promise<Result>;
  /** By name. */
  files(): EvidenceFile[];
}

export function openEvidenceFolder(path: string): EvidenceFolder {
  const files = new Map<string, EvidenceFile>();
  const placeOf = (name: string) => {
    const place = join(path, name);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  };
  const keep = (name: string, digest: Digest) => files.set(name, { name, ...digest });
  return {
    add(name, text) {
      writeFileSync(placeOf(name), text);
      keep(name, digestOf(text));
    },
    async stream(name, work) {
      const file = openSync(placeOf(name), 'w');
      const hash = createHash('sha256');
      let sizeBytes = 0;
      try {
        const result = await work((text) => {
          hash.update(text);
          sizeBytes += writeSync(file, text);
        });
        keep(name, { sha256: hash.digest('hex'), sizeBytes });
        return result;
      } finally {
        closeSync(file);
      }
    },
    files: () => [...files.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
  };
}
