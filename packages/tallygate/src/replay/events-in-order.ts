import type { UsageCursor, UsageEvent, UsageRecords } from '@tallygate/usage';

const ROWS_PER_PAGE = 20_000;
const HOUR_MS = 3_600_000;

/** Recorded events by their budget instant. Pages are ordered by the hour only, so that one hour is kept to be sorted. */
export async function* eventsInOrder(
  history: UsageRecords,
  range: { organization: string; fromMs: number; toMs: number },
  onProgress: (atMs: number, events: number) => void,
): AsyncGenerator<UsageEvent> {
  let after: UsageCursor | null = null;
  let hour: UsageEvent[] = [];
  let passed = 0;
  do {
    const page = await history.usagePage({ ...range, after, maxRows: ROWS_PER_PAGE });
    for (const event of page.events) {
      const [first] = hour;
      if (first !== undefined && hourOf(first) !== hourOf(event)) {
        yield* inOrder(hour);
        hour = [];
      }
      hour.push(event);
    }
    after = page.next;
    passed += page.events.length;
    onProgress(after?.hourMs ?? range.toMs, passed);
  } while (after !== null);
  yield* inOrder(hour);
}

function hourOf({ budgetInstantMs }: UsageEvent): number {
  return Math.floor(budgetInstantMs / HOUR_MS);
}

function inOrder(events: UsageEvent[]): UsageEvent[] {
  return events.sort((a, b) => a.budgetInstantMs - b.budgetInstantMs || (a.eventId < b.eventId ? -1 : 1));
}
