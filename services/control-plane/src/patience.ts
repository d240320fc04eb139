import { type ErrorCode, type Logger, TallygateError } from '@tallygate/usage';
import { describeDefect } from './answers.ts';

/** Gate or ledger, as one question to it came out: an answer, or the reason why there is none. Never a zero in its place. */
export type Answer<Value> = { known: true; value: Value } | { known: false; error: TallygateError };

export interface Asked {
  /** What it means when nobody answers. */
  silence: Extract<ErrorCode, 'TALLYGATE_GATE_UNAVAILABLE' | 'TALLYGATE_LEDGER_UNAVAILABLE'>;
  patienceMs: number;
  logger: Logger;
}

/** Asks, and waits no longer than a person would. Never rejects; an error that is not ours is logged and reads as silence. */
export async function answerWithin<Value>(
  question: () => Promise<Value>,
  asked: Asked,
): Promise<Answer<Value>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer<Value>>((resolve) => {
    timer = setTimeout(() => resolve(unanswered(asked)), asked.patienceMs);
  });
  const answer = (async (): Promise<Answer<Value>> => {
    try {
      return { known: true, value: await question() };
    } catch (error) {
      if (TallygateError.isInstance(error)) return { known: false, error };
      asked.logger.error('A question failed unexpectedly.', { ...describeDefect(error) });
      return unanswered(asked);
    }
  })();
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function unanswered({ silence, patienceMs }: Asked): Answer<never> {
  const part = silence === 'TALLYGATE_GATE_UNAVAILABLE' ? 'gate' : 'ledger';
  const message = `The ${part} gave no answer within ${patienceMs} ms.`;
  return { known: false, error: new TallygateError(silence, { message }) };
}
