import {
  type BatchFact,
  type BatchFacts,
  type BatchKey,
  type Clock,
  type Hold,
  type Logger,
  TallygateError,
} from '@tallygate/usage';
import { type FactJournal, openFactJournal } from './fact-journal.ts';

export interface JournaledFactsOptions {
  /** null: there is no engine here, and all facts wait. */
  ledger: BatchFacts | null;
  /** `<data>/batches`; null where nothing can be written: then an outage of the ledger is told. */
  directory: string | null;
  clock: Clock;
  logger: Logger;
}

export interface JournaledFacts extends BatchFacts {
  /** Sends what waits; what the ledger does not take goes on waiting. Never rejects. */
  sendWaiting(): Promise<void>;
}

/** Who creates a batch waits for it, and the journal is near. */
const LEDGER_PATIENCE_MS = 2_000;

/**
 * Facts go to the ledger; what it does not take waits on disk and goes there with the next fact that it takes. A crash between
 * storing one and removing its file stores it twice, which changes nothing.
 */
export function createJournaledFacts(options: JournaledFactsOptions): JournaledFacts {
  const { ledger, directory, clock, logger } = options;
  const journal = directory === null ? null : openFactJournal(directory, logger);

  async function keep(key: BatchKey, fact: BatchFact): Promise<void> {
    if (ledger === null) throw ledgerAbsent();
    await inTime(ledger.append(key, fact));
  }

  async function sendWaiting(): Promise<void> {
    try {
      for (const waiting of journal?.waiting() ?? []) {
        await keep(waiting, waiting.fact);
        journal?.remove(waiting);
      }
    } catch (error) {
      logger.warn('facts about batches wait in the journal', { directory, reason: String(error) });
    }
  }

  return {
    sendWaiting,
    async append(key, fact) {
      try {
        await keep(key, fact);
      } catch (error) {
        if (journal === null || !isOutage(error)) throw error;
        writeTo(journal, key, fact, clock.nowMs());
        return;
      }
      await sendWaiting();
    },
    async read(key) {
      // The journal first: what is stored and removed meanwhile is found in the ledger.
      const waiting = journal?.waiting().filter((fact) => isOf(key, fact)) ?? [];
      const stored = ledger === null ? [] : await inTime(ledger.read(key));
      return [...stored, ...waiting.map(({ fact }) => fact)];
    },
    async unendedHolds(organization, createdFromMs) {
      const waiting = journal?.waiting() ?? [];
      const stored = (await ledger?.unendedHolds(organization, createdFromMs)) ?? [];
      return [...stored, ...waiting.flatMap(({ fact }) => holdIn(fact) ?? [])];
    },
  };
}

function holdIn(fact: BatchFact): Hold | null {
  return fact.kind === 'owner' ? fact.owner.hold : null;
}

function isOf(key: BatchKey, { organization, batchId }: BatchKey): boolean {
  return organization === key.organization && batchId === key.batchId;
}

function writeTo(journal: FactJournal, key: BatchKey, fact: BatchFact, nowMs: number): void {
  try {
    journal.write(key, fact, nowMs);
  } catch (cause) {
    throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
      message: 'Neither the ledger nor the data directory took a fact about a batch.',
      cause,
    });
  }
}

async function inTime<Answer>(work: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(ledgerLate()), LEDGER_PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function isOutage(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.code === 'TALLYGATE_LEDGER_UNAVAILABLE';
}

function ledgerLate(): TallygateError {
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger did not answer a question about a batch within ${LEDGER_PATIENCE_MS} ms.`,
  });
}

function ledgerAbsent(): TallygateError {
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'There is no ledger here.' });
}
