import type { Cause, Evidence, Reconciliation } from '@tallygate/reconcile';
import { emptyConfiguration, type ReportVersion, type UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RowLedger, rowLedger } from '../corrections/testing/row-ledger.ts';
import { reassignUsage } from '../reassign/reassign-usage.ts';
import { rerateUsage } from '../rerate/rerate-usage.ts';
import { AT_MS, bookTimes, CALL, eventOf, lineOf } from '../rerate/testing/made-usage.ts';
import { exactPicoUsd } from './guesses.ts';
import { type TruedUp, trueUpUsage } from './true-up-usage.ts';

const SEED = 20_261_122;
const MINUTE_MS = 60_000;
const MODEL = CALL.model;
const BOOK = bookTimes(2);
const HASH = 'ab'.repeat(32);
const place = { dayMs: AT_MS - (AT_MS % 86_400_000), fromMs: AT_MS, toMs: AT_MS + MINUTE_MS, model: MODEL };
const PULL: ReportVersion = {
  ...{
    organization: 'acme',
    providerOrganizationId: 'org',
    fromMs: place.dayMs,
    pulledAtMs: 2,
    bodyHash: HASH,
  },
  report: 'usage_report/messages?api_key_ids=key_1,key_2&bucket_width=1m&group_by=api_key_id,model',
  toMs: place.dayMs + 86_400_000,
};

const NOTHING_LOST = { knownEvents: async () => [], settlementGaps: async () => [] };

function guess(changes: Partial<UsageEvent> = {}, input = 1_000, team = 'support'): UsageEvent {
  const event = eventOf([lineOf({ ...CALL, input }, 0, BOOK)], team);
  return { ...event, status: 'aborted', basis: 'estimated', apiKeyId: 'key_1', ...changes };
}

const costOf = (events: readonly UsageEvent[]) =>
  events.flatMap(({ lines }) => lines).reduce((sum, line) => sum + exactPicoUsd({ cost: line }), 0n);

function finding(events: readonly UsageEvent[], actualPicoUsd: bigint): Evidence {
  const counted = (amountPicoUsd: bigint) => ({ tokens: {} as never, amountPicoUsd });
  const charged = costOf(events);
  return {
    ...{ ...place, apiKeyId: 'key_1', workspaceId: null, description: null, attempts: events.length },
    ...{ charged: counted(charged), actual: counted(actualPicoUsd), amountPicoUsd: actualPicoUsd - charged },
  };
}

function reconciled(evidence: Evidence[], changes: Partial<Cause> = {}): Reconciliation {
  const amountPicoUsd = evidence.reduce((sum, item) => sum + item.amountPicoUsd, 0n);
  const cause = { cause: 'aborted_estimate', amountPicoUsd, places: evidence.length, evidence, ...changes };
  return {
    createdAtMs: 1,
    fromMs: place.dayMs,
    toMs: PULL.toMs,
    causes: [cause],
  } as unknown as Reconciliation;
}

async function trueUp(
  ledger: RowLedger,
  reconciliation: Reconciliation,
  yes = true,
  pulls = [PULL],
  other = {},
) {
  const reportVersions = { list: async () => pulls, read: async () => null };
  const [done] = await trueUpUsage({
    history: { ...ledger.history, ...NOTHING_LOST, reportVersions, ...other },
    ...{
      sink: ledger.sink,
      reconciliation,
      reportId: 'r-1',
      restoresLost: true,
      snapshot: emptyConfiguration('acme'),
      book: BOOK,
    },
    modelName: (name) => name,
    apply: yes ? { actor: 'ann', reason: 'INC-9' } : null,
    onProgress: () => undefined,
  });
  return done as TruedUp;
}

describe('truing up guesses', () => {
  it('brings several attempts to their true sum, to the pico, wherever it is cut off, and then writes nothing', async () => {
    const guesses = fc.array(fc.nat({ max: 90_000 }), { minLength: 1, maxLength: 5 });
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 13n });
    const walk = fc.asyncProperty(guesses, amounts, fc.nat({ max: 6 }), async (inputs, truth, rows) => {
      const events = inputs.map((input, index) => guess({}, input, `team-${index % 2}`));
      const ledger = rowLedger([...events, guess({ endedAtMs: AT_MS + MINUTE_MS })]);
      const report = reconciled([finding(events, truth)]);
      ledger.dieAfter(rows);
      await trueUp(ledger, report).catch((error: unknown) => expect(String(error)).toContain('killed'));
      ledger.dieAfter(Number.POSITIVE_INFINITY);
      await trueUp(ledger, report);
      const kept = ledger.events().filter(({ endedAtMs }) => endedAtMs === AT_MS);
      expect(costOf(kept)).toBe(truth);
      const again = await trueUp(ledger, report);
      expect([again.findings, again.changed]).toEqual([0, 0]);
    });
    await fc.assert(walk, { seed: SEED, numRuns: 60 });
  });

  it('names the reconciliation, the pull, the minutes, the key and the model on each row, and who did it why', async () => {
    const event = guess();
    const ledger = rowLedger([event]);
    const report = reconciled([finding([event], 7_500_250n)]);
    expect(await trueUp(ledger, report, false)).toMatchObject({ findings: 1, attempts: 1 });
    expect(ledger.events()).toEqual([event]);
    expect(await trueUp(ledger, report)).toMatchObject({
      findings: 1,
      amountPicoUsd: 7_500_250n - costOf([event]),
    });
    const [recorded, line] = ledger.events()[0]?.lines ?? [];
    expect(line).toMatchObject({ line: 1_000, usage: { outputTokens: 0 }, responseModel: MODEL });
    expect((line?.listCostNanoUsd ?? 0n) + (recorded?.listCostNanoUsd ?? 0n)).toBe(7_500n);
    expect(line?.flags).toEqual([
      ...['correction', 'trued_up', 'reconciliation:r-1', `pull:${HASH}`],
      ...['bucket:2026-10-14T12:00:00.000Z/2026-10-14T12:01:00.000Z', 'key:key_1', `model:${MODEL}`],
      ...['by:ann', 'reason:INC-9'],
    ]);
  });

  it('moves what is paid as the list price moves, and takes back a guess of what was never used', async () => {
    const lines = guess().lines.map((line) => ({
      ...line,
      contractedCostNanoUsd: line.listCostNanoUsd / 2n,
    }));
    const event = guess({ lines });
    const ledger = rowLedger([event]);
    await trueUp(ledger, reconciled([finding([event], 0n)]));
    const sums = ledger.events().flatMap(({ lines }) => lines);
    expect(sums.reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n)).toBe(0n);
  });

  it('leaves alone what our rows, or the stored reports, no longer bear out', async () => {
    const [event, other] = [guess(), guess({}, 2_000)];
    const report = reconciled([finding([event], 5n)]);
    const judged = async (events: UsageEvent[], pulls = [PULL]) => {
      const { findings, settled, changed, notPulled } = await trueUp(rowLedger(events), report, true, pulls);
      return { findings, settled, changed, notPulled };
    };
    const none = { findings: 0, settled: 0, changed: 0, notPulled: 0 };
    expect(await judged([event])).toEqual({ ...none, findings: 1 });
    const strangers = [
      [event, other],
      [{ ...event, apiKeyId: 'key_2' }],
      [{ ...event, status: 'unknown' }],
      [],
    ];
    for (const events of strangers as UsageEvent[][])
      expect(await judged(events)).toEqual({ ...none, changed: 1 });
    const pulls = [
      ...[
        { ...PULL, pulledAtMs: 0 },
        { ...PULL, toMs: AT_MS },
        { ...PULL, report: 'cost_report' },
      ],
      { ...PULL, report: PULL.report.replaceAll('key_1', 'key_3') },
      { ...PULL, report: PULL.report.replace('1m', '1h') },
    ];
    expect(await judged([event], pulls)).toEqual({ ...none, notPulled: 1 });
    const analytics = 'analytics/usage?api_key_ids=key_1&group_by=model&time_bucket_width=1m';
    expect(await judged([event], [{ ...PULL, report: analytics }])).toEqual({ ...none, findings: 1 });
  });

  it('takes rows that know a hint of their key for those of the finding where no other hint fits', async () => {
    const hinted = (apiKeyHint: string, input = 1_000) => guess({ apiKeyId: null, apiKeyHint }, input);
    const [one, twin, unlike] = [hinted('sk-a…1'), hinted('sk-a…2'), hinted('sk-a…2', 9)];
    const report = reconciled([finding([one], 5n)]);
    expect(await trueUp(rowLedger([one, unlike]), report)).toMatchObject({ findings: 1 });
    expect(await trueUp(rowLedger([one, twin]), report)).toMatchObject({ findings: 0, changed: 1 });
  });

  it('writes nothing for a row that was lost and whose settlement has come since', async () => {
    const lost = reconciled([{ ...finding([], 5n), attempts: 0 }], { cause: 'missing_rows' });
    expect(await trueUp(rowLedger([]), lost)).toMatchObject({
      cause: 'missing_rows',
      findings: 0,
      changed: 1,
    });
  });

  it('reads each report once, however many findings are of it', async () => {
    const pulls = ['key_1', 'key_2'].map((key) => ({
      ...{ ...PULL, bodyHash: key.repeat(12) },
      report: `usage_report/messages?api_key_ids=${key}&bucket_width=1m`,
    }));
    const evidence = ['key_1', 'key_2', 'key_1', 'key_2'].map((apiKeyId, index) => ({
      ...{ ...finding([], BigInt(9 - index)), attempts: 0, apiKeyId },
    }));
    const read: string[] = [];
    const reportVersions = {
      list: async () => pulls,
      read: async ({ bodyHash }: ReportVersion) => {
        read.push(bodyHash);
        return null;
      },
    };
    const gap = { epoch: 'e', fromSeq: 1, toSeq: 1, beforeMs: AT_MS, afterMs: AT_MS };
    const lost = reconciled(evidence, { cause: 'missing_rows' });
    const done = await trueUp(rowLedger([]), lost, true, pulls, {
      ...{ reportVersions, settlementGaps: async () => [gap] },
    });
    expect(done).toMatchObject({ findings: 0, notPulled: 4 });
    expect(read.sort()).toEqual(pulls.map(({ bodyHash }) => bodyHash));
  });

  it('says how many findings have an amount and no evidence', async () => {
    const event = guess();
    const [real, nothing] = [finding([event], 5n), { ...finding([event], 5n), amountPicoUsd: 0n }];
    const leftOut = async (evidence: Evidence[]) =>
      (await trueUp(rowLedger([event]), reconciled(evidence, { places: 9 }))).leftOut;
    expect(await leftOut([real])).toBe(8);
    expect(await leftOut([real, nothing])).toBe(0);
  });

  it('stays when prices change, and moves with whom it is charged to', async () => {
    const event = guess();
    const ledger = rowLedger([event]);
    await trueUp(ledger, reconciled([finding([event], 7_000_000n)]));
    const range = {
      fromMs: AT_MS,
      toMs: AT_MS + 1,
      apply: { actor: 'ann', reason: null },
      onProgress: () => undefined,
    };
    const history = { ...ledger.history, knownEvents: async () => [] };
    const book = { book: bookTimes(3), snapshot: emptyConfiguration('acme') };
    const rerated = await rerateUsage({ ...range, ...book, history, sink: ledger.sink });
    expect([rerated.total.correctedLines, rerated.leftAlone.trued_up]).toEqual([0, 1]);
    const toTeam = { organization: 'acme', toTeam: 'legal', configVersion: 1, isMeant: () => true };
    expect(await reassignUsage({ ...range, ...toTeam, ...ledger })).toMatchObject({ amountNanoUsd: 7_000n });
  });
});
