import { problemOf, toTallygateError } from './outcome.ts';

/** One question about this installation and its answer. `cure` is null where there is nothing to do. */
export interface Check {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  cure: string | null;
}

export function ok(name: string, found: string): Check {
  return { name, status: 'ok', found, cure: null };
}

export function warn(name: string, found: string, cure: string): Check {
  return { name, status: 'warn', found, cure };
}

export function fail(name: string, found: string, cure: string): Check {
  return { name, status: 'fail', found, cure };
}

/** A check that throws has failed, and its error says why and what to do. */
export async function attempt<Value extends object>(
  name: string,
  work: () => Value | Promise<Value>,
): Promise<{ value: Value } | { failed: Check }> {
  try {
    return { value: await work() };
  } catch (thrown) {
    const error = toTallygateError(thrown);
    return { failed: fail(name, problemOf(error), error.cure) };
  }
}

const DAY_MS = 86_400_000;

/** [from, to) of the last days, today among them, and a day more for clocks that are ahead. */
export function lastDaysOf(nowMs: number, days: number): { fromMs: number; toMs: number } {
  return { fromMs: nowMs - days * DAY_MS, toMs: nowMs + DAY_MS };
}

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
const NAME_WIDTH = 16;

/** One line, and the cure on a second one. */
export function describeCheck({ name, status, found, cure }: Check): string {
  const line = `${MARKS[status]}  ${name.padEnd(NAME_WIDTH)}${found}\n`;
  return cure === null ? line : `${line}${' '.repeat(NAME_WIDTH + 6)}→ ${cure}\n`;
}
