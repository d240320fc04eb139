import type { SpendHistory, UsageCursor, UsageEvent, UsageLine } from '@tallygate/usage';

/** One recorded row: a billable line of an attempt, or a correction of one. */
export interface MonthRow {
  event: UsageEvent;
  line: UsageLine;
}

export interface AskedRows {
  organization: string;
  /** By when they ended. */
  fromMs: number;
  toMs: number;
  /** A large month takes minutes: up to where its rows are read. */
  onProgress(atMs: number): void;
}

/** A call is admitted before it ends, a batch up to a day before: those of a month are looked for a little earlier, too. */
const ADMITTED_BEFORE_MS = 3 * 86_400_000;
const MAX_ROWS = 20_000;

/** The rows of [fromMs, toMs), page by page in the order in which the ledger has them: a month of any size takes little memory. */
export async function* monthRows(
  history: Pick<SpendHistory, 'usagePage'>,
  { organization, fromMs, toMs, onProgress }: AskedRows,
): AsyncGenerator<MonthRow[]> {
  let after: UsageCursor | null = null;
  do {
    const range = { organization, fromMs: fromMs - ADMITTED_BEFORE_MS, toMs, after, maxRows: MAX_ROWS };
    const page: Awaited<ReturnType<SpendHistory['usagePage']>> = await history.usagePage(range);
    const ended = page.events.filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs < toMs);
    yield ended.flatMap((event) => event.lines.map((line) => ({ event, line })));
    after = page.next;
    onProgress(after?.hourMs ?? toMs);
  } while (after !== null);
}
