/**
 * Facts that the store refused, each with its reason, in `<root>/dead` until a person puts them back. Named by their place in the
 * spool, so that a repeated division writes the same file again and not another one.
 */
import { mkdirSync } from 'node:fs';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type SealedSegment, toWireJson, type UsageSink } from '@tallygate/usage';
import { z } from 'zod';
import { FACT_KINDS, type RefusedFacts } from './divide.ts';
import type { FactRecord } from './read-segment.ts';
import { factSchema } from './record.ts';
import { isMissing, syncDirectory } from './segment-file.ts';
import { writeWhole } from './write-whole.ts';

const DEAD = 'dead';

const letterSchema = z.object({
  format: z.literal(1),
  token: z.string(),
  kind: z.enum(FACT_KINDS),
  reason: z.string(),
  diedAtMs: z.number().int(),
  facts: z.array(factSchema),
});

export interface DeadLetter {
  name: string;
  /** Of the segment that it came from. */
  token: string;
  kind: (typeof FACT_KINDS)[number];
  reason: string;
  diedAtMs: number;
  facts: FactRecord[];
}

type Recording = Pick<UsageSink, 'recordOutcome' | 'recordSettlement' | 'recordDenial'>;

/** @returns how many facts they are. */
export async function writeDeadLetters(
  root: string,
  segment: SealedSegment,
  refused: readonly RefusedFacts[],
  clock: Clock,
): Promise<number> {
  const folder = join(root, DEAD);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let facts = 0;
  for (const { kind, start, end, reason } of refused) {
    const { token } = segment;
    const letter = { format: 1, token, kind, reason, diedAtMs: clock.nowMs() };
    const text = toWireJson({ ...letter, facts: factsOf(segment, kind).slice(start, end) });
    // Its segment counts as done from here on.
    writeWhole(join(folder, `${token.replace('/', '-')}-${kind}-${start}-${end}.json`), text);
    facts += end - start;
  }
  await syncDirectory(folder);
  return facts;
}

/** Oldest first; what cannot be read is counted, not hidden. */
export async function readDeadLetters(
  root: string,
): Promise<{ letters: DeadLetter[]; unreadable: string[] }> {
  const letters: DeadLetter[] = [];
  const unreadable: string[] = [];
  for (const name of await namesIn(join(root, DEAD))) {
    const parsed = letterSchema.safeParse(parseJson(await readFile(join(root, DEAD, name), 'utf8')));
    if (parsed.success) letters.push({ name, ...parsed.data });
    else unreadable.push(name);
  }
  letters.sort((left, right) => left.diedAtMs - right.diedAtMs);
  return { letters, unreadable };
}

/**
 * Records every dead fact anew, which gives it a new token: none of them was ever stored. One that is refused again becomes a new
 * letter. A crash in between leaves both, which the ledger counts once.
 */
export async function retryDeadLetters(root: string, sink: Recording): Promise<{ retried: number }> {
  const { letters } = await readDeadLetters(root);
  let retried = 0;
  for (const { name, facts } of letters) {
    for (const fact of facts) recordAgain(sink, fact);
    await unlink(join(root, DEAD, name));
    retried += facts.length;
  }
  return { retried };
}

/** Its hold is ended by the segment that it came from: a second settlement would charge an attempt that the gate has forgotten. */
function recordAgain(sink: Recording, fact: FactRecord): void {
  if (fact.kind === 'outcome') sink.recordOutcome(fact.event, null);
  else if (fact.kind === 'settlement') sink.recordSettlement(fact.settlement);
  else sink.recordDenial(fact.denial);
}

function factsOf(segment: SealedSegment, kind: (typeof FACT_KINDS)[number]): FactRecord[] {
  switch (kind) {
    case 'events':
      return segment.events.map((event) => ({ kind: 'outcome', event, hold: null }));
    case 'settlements':
      return segment.settlements.map((settlement) => ({ kind: 'settlement', settlement }));
    case 'denials':
      return segment.denials.map((denial) => ({ kind: 'denial', denial }));
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
