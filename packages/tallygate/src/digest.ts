import { createHash } from 'node:crypto';

/** What tells one file from another, and whether it was changed since. */
export interface Digest {
  sha256: string;
  sizeBytes: number;
}

export function digestOf(content: string | Uint8Array): Digest {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { sha256, sizeBytes: Buffer.byteLength(content) };
}
