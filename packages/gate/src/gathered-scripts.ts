import type { RedisKeys } from './keys.ts';
import type { RedisConnection, ScriptReply } from './redis-connection.ts';

/** What one attempt asks a script that answers many at once. Each script's header says what the numbers and values are. */
export interface Question {
  attemptKey: string;
  numbers: readonly number[];
  budgets: readonly QuestionedBudget[];
  values: readonly string[];
}

/** The position of its key stands before its numbers; that of its pace behind them, 0 for none, where the question has any. */
export interface QuestionedBudget {
  key: string;
  numbers: readonly number[];
  paceKey?: string | null;
}

interface Waiting {
  question: Question;
  answer: (reply: ScriptReply) => void;
  fail: (error: unknown) => void;
}

/** Few enough that other callers of a single-threaded server do not wait for a millisecond. */
const MOST_AT_ONCE = 16;
/** A script takes its keys apart on a stack that ends at 8,000. */
const MOST_BUDGETS_AT_ONCE = 2_000;

/**
 * Questions of one turn of the event loop go to Redis as one: what they share (the state, budgets, the call itself) is then read
 * and written once for all of them. A question alone waits for nothing but that turn's end.
 *
 * @param always values that every question begins with, taken when they are sent
 */
export function gatherQuestions(
  connection: RedisConnection,
  script: 'reserve' | 'settle',
  keys: RedisKeys,
  always: () => readonly number[],
): (question: Question) => Promise<ScriptReply> {
  let waiting = new Map<string, Waiting>();
  let budgets = 0;
  const send = () => {
    const gathered = [...waiting.values()];
    waiting = new Map();
    budgets = 0;
    if (gathered.length > 0) void sendTogether(connection, script, keys, always(), gathered);
  };
  return (question) =>
    new Promise((answer, fail) => {
      // The script reads each attempt once: a repetition has to find what the first question left.
      if (waiting.has(question.attemptKey)) send();
      if (waiting.size === 0) setImmediate(send);
      waiting.set(question.attemptKey, { question, answer, fail });
      budgets += question.budgets.length;
      if (waiting.size === MOST_AT_ONCE || budgets >= MOST_BUDGETS_AT_ONCE) send();
    });
}

async function sendTogether(
  connection: RedisConnection,
  script: 'reserve' | 'settle',
  { state, outbox }: RedisKeys,
  always: readonly number[],
  gathered: readonly Waiting[],
): Promise<void> {
  const keys = [state, ...gathered.map(({ question }) => question.attemptKey)];
  const positions = new Map<string, number>();
  const positionOf = (key: string): number => {
    const known = positions.get(key);
    if (known !== undefined) return known;
    positions.set(key, keys.push(key) - 1);
    return keys.length - 1;
  };
  const numbers = gathered.map(({ question }) => {
    const all = [...question.numbers];
    for (const { key, numbers, paceKey } of question.budgets) {
      all.push(positionOf(key), ...numbers);
      if (paceKey !== undefined) all.push(paceKey === null ? 0 : positionOf(paceKey));
    }
    return all;
  });
  const values = gathered.flatMap(({ question }) => question.values);
  if (script === 'settle') keys.push(outbox);
  try {
    const text = JSON.stringify([...always, ...numbers]);
    const replies = await connection.runMany(script, keys, [text, ...values], gathered.length);
    for (const [index, reply] of replies.entries()) gathered[index]?.answer(reply);
  } catch (error) {
    for (const { fail } of gathered) fail(error);
  }
}
