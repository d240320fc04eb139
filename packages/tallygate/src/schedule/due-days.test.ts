import { expect, it } from 'vitest';
import { dueDays, PULLED_DAY } from './due-days.ts';

const DAY_MS = 86_400_000;
const DAY_1 = Date.parse('2026-10-01T00:00:00Z');

/** When a schedule that runs every hour pulls the first day, in days after its end. */
function pulledAfter(runsAt: (hour: number) => boolean): number[] {
  const versions: Parameters<typeof dueDays>[0][number][] = [];
  const pulls: number[] = [];
  for (let hour = 0; hour <= 45 * 24; hour += 1) {
    const nowMs = DAY_1 + DAY_MS + hour * 3_600_000;
    if (!runsAt(hour)) continue;
    for (const { dayMs } of dueDays(versions, nowMs)) {
      const range = { fromMs: dayMs, toMs: dayMs + DAY_MS };
      const head = { organization: 'acme', providerOrganizationId: '', report: PULLED_DAY };
      versions.push({ ...head, ...range, pulledAtMs: nowMs, bodyHash: '' });
      if (dayMs === DAY_1) pulls.push(hour / 24);
    }
  }
  return pulls;
}

it('a day is pulled again 1, 3, 7 and 31 days after its end, each once', () => {
  expect(pulledAfter(() => true)).toEqual([1, 3, 7, 31]);
});

it('what was missed is made up for once, when the schedule runs again', () => {
  expect(pulledAfter((hour) => hour < 26 || hour > 10 * 24)).toEqual([1, 10 + 1 / 24, 31]);
  expect(pulledAfter((hour) => hour > 33 * 24)).toEqual([33 + 1 / 24]);
});

it('what was missed for more than a week is left', () => {
  expect(pulledAfter((hour) => hour > 39 * 24)).toEqual([]);
});

it('a first start pulls the past, the youngest day first, and no day that is not over', () => {
  const due = dueDays([], DAY_1 + 1.5 * DAY_MS);
  expect(due).toHaveLength(37);
  expect(due[0]).toEqual({ dayMs: DAY_1 - DAY_MS, sinceMs: DAY_1 + DAY_MS });
  expect(due.at(-1)?.dayMs).toBe(DAY_1 + DAY_MS - 38 * DAY_MS);
});

it('only a pull of the whole day counts, not a report of it', () => {
  const report = { report: 'cost_report', fromMs: DAY_1, toMs: DAY_1 + DAY_MS, bodyHash: '' };
  const stored = {
    ...report,
    organization: 'acme',
    providerOrganizationId: '',
    pulledAtMs: DAY_1 + 3 * DAY_MS,
  };
  expect(dueDays([stored], DAY_1 + 3 * DAY_MS).map(({ dayMs }) => dayMs)).toContain(DAY_1);
});
