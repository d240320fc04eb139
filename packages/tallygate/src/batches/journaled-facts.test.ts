import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchFact, type BatchFacts, silentLogger, systemClock, TallygateError } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJournaledFacts } from './journaled-facts.ts';

const KEY = { organization: 'acme', batchId: 'msgbatch_1' };
const ENDED: BatchFact = { kind: 'ended', endedAtMs: 5_000 };
const COUNTED: BatchFact = { kind: 'counted', eventIds: ['item-1'] };
const away = new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'tg-journal-')), 'batches');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function journaled(failure: Error | null = null) {
  const kept: BatchFact[] = [];
  const state = { failure };
  const ledger: BatchFacts = {
    append: async (_key, fact) => {
      if (state.failure !== null) throw state.failure;
      kept.push(fact);
    },
    read: async () => kept,
    unendedHolds: async () => [],
  };
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const options = { ledger, directory, clock: systemClock, logger };
  return { options, facts: createJournaledFacts(options), kept, state, warnings };
}

describe('facts about batches', () => {
  it('wait on disk, for their owner only, while the ledger is away, and go there with the next one', async () => {
    const { facts, kept, state } = journaled(away);
    await facts.append(KEY, ENDED);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory))
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(await facts.read(KEY)).toEqual([ENDED]);
    expect(await facts.read({ ...KEY, batchId: 'other' })).toEqual([]);
    state.failure = null;
    await facts.append(KEY, COUNTED);
    expect(kept).toEqual([COUNTED, ENDED]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that cannot be read stay where they are, and keep no other from the ledger', async () => {
    const { facts, kept, state, warnings } = journaled(away);
    await facts.append(KEY, ENDED);
    writeFileSync(join(directory, '000-torn.json'), '{"version":1,"fact":');
    writeFileSync(join(directory, '000-unfinished.draft'), '');
    state.failure = null;
    await facts.sendWaiting();
    expect(kept).toEqual([ENDED]);
    expect(readdirSync(directory).sort()).toEqual(['000-torn.json', '000-unfinished.draft']);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('are refused where neither ledger nor disk takes them, and where the ledger says that they are wrong', async () => {
    const { options } = journaled(away);
    const without = createJournaledFacts({ ...options, directory: null });
    await expect(without.append(KEY, ENDED)).rejects.toBe(away);
    const wrong = new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'No such thing.' });
    const refused = journaled(wrong);
    await expect(refused.facts.append(KEY, ENDED)).rejects.toBe(wrong);
    writeFileSync(directory, 'a file where the folder should be');
    await expect(createJournaledFacts(options).append(KEY, ENDED)).rejects.toMatchObject({
      code: 'TALLYGATE_LEDGER_UNAVAILABLE',
    });
  });
});
