import type { ReportPull, ReportVersions } from '@tallygate/usage';
import { beforeEach, describe, expect, it } from 'vitest';
import { START_MS } from './usage-fixtures.ts';

const DAY_MS = 86_400_000;
const OCTOBER_MS = Date.UTC(2026, 9, 1);

/** What everything promises that keeps the provider's reports, near or far. Each test has an organization of its own. */
export function describeReportVersions(name: string, open: () => ReportVersions): void {
  describe(`report versions: ${name}`, () => {
    let organization = '';
    let tests = 0;
    beforeEach(() => {
      tests += 1;
      organization = `pulls-${process.pid}-${Date.now()}-${tests}`;
    });

    const pull = (changes: Partial<ReportPull> = {}): ReportPull => ({
      organization,
      providerOrganizationId: 'theirs-1',
      report: 'cost_report?group_by=description',
      fromMs: OCTOBER_MS,
      toMs: OCTOBER_MS + DAY_MS,
      pulledAtMs: START_MS,
      body: { data: [{ amount: '1' }] },
      ...changes,
    });
    const questionOf = ({ pulledAtMs: _at, body: _body, ...question }: ReportPull) => question;

    it('keeps every version whole, with its hash, and tells the newest', async () => {
      const row = { description: 'Zürich 🧾 \n "quoted" {x:String}', amount: '123.78912', note: null };
      const body = { data: [{ results: [row] }], has_more: false, exactNanoUsd: 2n ** 70n };
      const whole = { ...body, exactNanoUsd: (2n ** 70n).toString() };
      const question = questionOf(pull());
      expect(await open().newest(question)).toBeNull();
      const first = await open().append(pull({ body }));
      expect(await open().append(pull({ body }))).toEqual(first);
      const second = await open().append(pull({ pulledAtMs: START_MS + 1, body: { data: [] } }));
      const same = await open().append(pull({ pulledAtMs: START_MS + 2, body }));
      expect(second.bodyHash).not.toBe(first.bodyHash);
      expect(same).toEqual({ ...first, pulledAtMs: START_MS + 2 });
      expect(await open().newest(question)).toEqual({ ...same, body: whole });
      expect(await open().read(first)).toEqual({ ...first, body: whole });
      expect(await open().read({ ...first, pulledAtMs: START_MS + 9 })).toBeNull();
      expect(await open().list(question)).toEqual([first, second, same]);
    });

    it('lists what overlaps a range, by whatever range it was pulled', async () => {
      const { fromMs, toMs } = await open().append(pull());
      await open().append(pull({ toMs: toMs + DAY_MS }));
      const listed = (from: number, to: number) => open().list({ organization, fromMs: from, toMs: to });
      expect(await listed(toMs - 1, toMs)).toHaveLength(2);
      expect(await listed(toMs, toMs + DAY_MS)).toHaveLength(1);
      expect(await listed(fromMs - DAY_MS, fromMs)).toEqual([]);
    });

    it('keeps the organizations of the provider apart, though their reports look alike', async () => {
      const [one, other] = [pull(), pull({ providerOrganizationId: 'theirs-2' })];
      const first = await open().append(one);
      expect(await open().newest(questionOf(other))).toBeNull();
      const second = await open().append(other);
      expect(await open().list(questionOf(one))).toEqual([first, second]);
      expect(await open().newest(questionOf(other))).toEqual({ ...second, body: one.body });
    });
  });
}
