/** For tests: a ledger that is a list of rows, one for each (event, line), and dies after so many rows. */
import { TallygateError, type UsageEvent, type UsageRecords, type UsageSink } from '@tallygate/usage';

export interface RowLedger {
  history: Pick<UsageRecords, 'usagePage'>;
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  /** The rows of an attempt at one team, as the pages hand them out. */
  events(): UsageEvent[];
  dieAfter(rows: number): void;
}

const EVENTS_PER_PAGE = 3;

export function rowLedger(events: readonly UsageEvent[]): RowLedger {
  const rows = new Map<string, UsageEvent>();
  let rowsLeft = Number.POSITIVE_INFINITY;
  const store = (event: UsageEvent) => {
    for (const line of event.lines) {
      if (rowsLeft === 0) throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'killed' });
      rowsLeft -= 1;
      const key = `${event.eventId} ${line.line}`;
      if (!rows.has(key)) rows.set(key, { ...event, lines: [line] });
    }
  };
  for (const event of events) store(event);
  const fragments = () => [...fragmentsOf([...rows.values()])].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    history: {
      async usagePage({ after }) {
        const beyond = fragments().filter(
          ([key]) => after === null || key > keyOf(after.team, after.eventId),
        );
        const page = beyond.slice(0, EVENTS_PER_PAGE).map(([, event]) => event);
        const last = beyond.length > page.length ? page.at(-1) : undefined;
        const { eventId = '', attribution, budgetInstantMs: hourMs = 0 } = last ?? {};
        const place = { hourMs, team: attribution?.team ?? '', feature: attribution?.feature ?? '' };
        return { events: page, next: last === undefined ? null : { ...place, eventId } };
      },
    },
    sink: { recordOutcome: store, flush: async () => ({ stored: 0, pending: 0 }) },
    events: () => fragments().map(([, event]) => event),
    dieAfter: (count) => {
      rowsLeft = count;
    },
  };
}

function fragmentsOf(rows: readonly UsageEvent[]): Map<string, UsageEvent> {
  const fragments = new Map<string, UsageEvent>();
  for (const row of rows) {
    const key = keyOf(row.attribution.team, row.eventId);
    const known = fragments.get(key);
    fragments.set(key, known === undefined ? row : { ...known, lines: [...known.lines, ...row.lines] });
  }
  return fragments;
}

function keyOf(team: string, eventId: string): string {
  return `${team} ${eventId}`;
}
