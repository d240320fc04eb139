/**
 * The calls in flight, in one small file of slots: a frame is written when a call is sent and struck out when its outcome has been
 * recorded. What a dead process left in it was under way. It is not shipped, and it never grows beyond the most calls at once.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallIntent, callIntentSchema } from '@tallygate/usage';
import { encodeFrame, scanFrames } from './frame.ts';
import { isMissing } from './segment-file.ts';
import { spoolFailure } from './spool-failure.ts';

const FILE = 'in-flight';
/** One call fits into one, unless its tags are many: then it takes as many as it needs. */
const SLOT_BYTES = 1_024;
/** In the place of a frame's magic: no reader takes it for a frame any more. */
const STRUCK_OUT = Buffer.alloc(4);

export interface Intents {
  /** Calls sent and not yet recorded. */
  readonly size: number;
  /** @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
  begin(intent: CallIntent): void;
  /** Its outcome is on disk, or it never had an intent. */
  end(attemptId: string): void;
  /** Those under way, as the file has them. */
  underWay(): CallIntent[];
  release(): void;
}

interface Place {
  slot: number;
  slots: number;
}

export function createIntents(directory: string): Intents {
  const places = new Map<string, Place>();
  /** By how many slots they take together: a place is reused for one that fits exactly, or parts of it would be lost. */
  const free = new Map<number, number[]>();
  let slotsUsed = 0;
  let descriptor: number | null = null;

  function take(slots: number): Place {
    const reused = free.get(slots)?.pop();
    if (reused !== undefined) return { slot: reused, slots };
    slotsUsed += slots;
    return { slot: slotsUsed - slots, slots };
  }

  return {
    get size() {
      return places.size;
    },
    begin(intent) {
      const frame = encodeFrame(intentJson(intent));
      const place = take(Math.ceil(frame.length / SLOT_BYTES));
      try {
        descriptor ??= openSync(join(directory, FILE), 'w+', 0o600);
        writeWhole(descriptor, frame, place.slot * SLOT_BYTES);
      } catch (cause) {
        giveBack(free, place);
        throw spoolFailure('A call in flight cannot be written down', cause);
      }
      places.set(intent.attemptId, place);
    },
    end(attemptId) {
      const place = places.get(attemptId);
      if (place === undefined || descriptor === null) return;
      places.delete(attemptId);
      writeSync(descriptor, STRUCK_OUT, 0, STRUCK_OUT.length, place.slot * SLOT_BYTES);
      giveBack(free, place);
    },
    underWay: () => (descriptor === null ? [] : intentsIn(contentOf(descriptor))),
    release() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}

/** What was under way when the process of that directory ended, or so it seems: an outcome may have come just before. */
export async function readIntents(directory: string): Promise<CallIntent[]> {
  try {
    return intentsIn(await readFile(intentsPath(directory)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function intentsPath(directory: string): string {
  return join(directory, FILE);
}

function intentsIn(bytes: Buffer): CallIntent[] {
  return scanFrames(bytes).frames.flatMap(({ payload }) => {
    const parsed = callIntentSchema.safeParse(JSON.parse(payload.toString('utf8')));
    return parsed.success ? [parsed.data] : [];
  });
}

/** By hand, since it stands in the way of every call: a schema would take ten times as long. */
function intentJson(intent: CallIntent): string {
  const { hold } = intent;
  if (hold === null) return JSON.stringify(intent);
  const entries = hold.entries.map((entry) => ({
    ...entry,
    expected: entry.expected.toString(),
    worst: entry.worst.toString(),
    paysUpTo: entry.paysUpTo?.toString(),
    paysFrom: entry.paysFrom?.toString(),
  }));
  return JSON.stringify({ ...intent, hold: { ...hold, entries } });
}

/** The system may take less than it was given: half a frame would be a call that nobody finds. */
function writeWhole(descriptor: number, frame: Buffer, position: number): void {
  for (let taken = 0; taken < frame.length; )
    taken += writeSync(descriptor, frame, taken, frame.length - taken, position + taken);
}

function giveBack(free: Map<number, number[]>, { slot, slots }: Place): void {
  const places = free.get(slots);
  if (places === undefined) free.set(slots, [slot]);
  else places.push(slot);
}

function contentOf(descriptor: number): Buffer {
  const content = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, content, 0, content.length, 0);
  return content;
}
