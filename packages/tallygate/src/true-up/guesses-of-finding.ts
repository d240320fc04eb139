import type { Evidence } from '@tallygate/reconcile';
import type { PicoUsd } from '@tallygate/usage';
import { exactPicoUsd, type Guess } from './guesses.ts';

/** The guesses that a finding is about. settled: they come to what the provider counted already. changed: to neither. */
export type Matched = Guess[] | 'settled' | 'changed';

/**
 * A finding names minutes, a model and a key. It is believed only where the attempts of one key there still are as many, and come to
 * exactly as much, as it says: so running twice, after a crash or on an old reconciliation corrects nothing twice.
 *
 * Rows that know only a hint of their key are taken for those of the finding's where no other hint fits.
 */
export function guessesOfFinding(
  finding: Evidence,
  guesses: readonly Guess[],
  modelName: (name: string) => string,
): Matched {
  const isThere = ({ event, lines: [line] }: Guess) =>
    event.endedAtMs >= finding.fromMs &&
    event.endedAtMs < finding.toMs &&
    (event.apiKeyId === null || event.apiKeyId === finding.apiKeyId) &&
    modelName(line.responseModel) === finding.model;
  const keys = byKey(guesses.filter(isThere)).filter((group) => attemptsOf(group) === finding.attempts);
  const fitting = keys.filter((group) => sumOf(group) === finding.charged.amountPicoUsd);
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined) return only;
  return fitting.length === 0 && keys.some((group) => sumOf(group) === finding.actual.amountPicoUsd)
    ? 'settled'
    : 'changed';
}

function byKey(guesses: readonly Guess[]): Guess[][] {
  const groups = new Map<string, Guess[]>();
  for (const guess of guesses) {
    const key = guess.event.apiKeyId ?? guess.event.apiKeyHint ?? '';
    groups.set(key, [...(groups.get(key) ?? []), guess]);
  }
  return [...groups.values()];
}

function attemptsOf(guesses: readonly Guess[]): number {
  return new Set(guesses.map(({ event }) => event.eventId)).size;
}

function sumOf(guesses: readonly Guess[]): PicoUsd {
  return guesses.reduce((sum, guess) => sum + exactPicoUsd(guess), 0n);
}
