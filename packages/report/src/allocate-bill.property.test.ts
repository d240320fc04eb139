import { UNASSIGNED } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBill, type BillToAllocate, sumOf } from './allocate-bill.ts';
import { balancedJournal } from './journal.ts';
import { journalCsv } from './journal-csv.ts';
import { apportion } from './largest-remainder.ts';

const SEED = 20_261_121;
const runs = { seed: SEED, numRuns: 300 };
const nano = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const team = fc.constantFrom('a', 'b', 'c', '=d', UNASSIGNED);
const rule = fc.oneof(
  fc.constantFrom('proportional' as const, 'even' as const, 'unallocated' as const),
  fc.record({ team }),
);
const bills: fc.Arbitrary<BillToAllocate> = fc.record({
  meteredNanoUsd: nano,
  unmetered: fc.array(fc.record({ team: fc.option(team), amountNanoUsd: nano }), { maxLength: 4 }),
  sharedNanoUsd: nano,
  charges: fc.array(fc.record({ team, feature: fc.constantFrom('', 'x', 'y'), chargedNanoUsd: nano }), {
    maxLength: 8,
  }),
  teams: fc.subarray(['a', 'b', 'c', 'idle']),
  rules: fc.record({ shared: rule, unattributed: rule }),
});
const total = ({ meteredNanoUsd, unmetered, sharedNanoUsd }: BillToAllocate) =>
  unmetered.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, meteredNanoUsd + sharedNanoUsd);

describe('the allocation of a bill', () => {
  it('adds up to the bill to the last nano-USD, whatever the rules and signs', () => {
    fc.assert(
      fc.property(bills, (bill) => {
        expect(sumOf(allocateBill(bill))).toBe(total(bill));
      }),
      runs,
    );
  });

  it('does not depend on the order of anything it is given', () => {
    fc.assert(
      fc.property(bills, (bill) => {
        const turned = {
          ...bill,
          charges: bill.charges.toReversed(),
          unmetered: bill.unmetered.toReversed(),
          teams: bill.teams.toReversed(),
        };
        expect(allocateBill(turned)).toEqual(allocateBill(bill));
      }),
      runs,
    );
  });

  it('leaves no usage with nobody’s name: it is unallocated, or where a rule puts it', () => {
    fc.assert(
      fc.property(bills, (bill) => {
        const lines = allocateBill({
          ...bill,
          rules: { shared: 'unallocated', unattributed: 'unallocated' },
        });
        expect(lines.filter(({ team: named }) => named === UNASSIGNED)).toEqual([]);
        expect(lines.filter(({ part, team: named }) => part === 'shared' && named !== null)).toEqual([]);
      }),
      runs,
    );
  });

  it('spreads by spend, evenly over all listed teams, or to one team, as the rule says', () => {
    const bill: BillToAllocate = {
      meteredNanoUsd: 400n,
      unmetered: [
        { team: 'b', amountNanoUsd: 20n },
        { team: null, amountNanoUsd: 3n },
      ],
      sharedNanoUsd: -41n,
      charges: [
        { team: 'a', feature: 'x', chargedNanoUsd: 3_000n },
        { team: 'b', feature: '', chargedNanoUsd: 1_000n },
      ],
      teams: ['a', 'b', 'idle'],
      rules: { shared: 'proportional', unattributed: 'even' },
    };
    const lines = allocateBill(bill);
    const told = lines.map(({ team: named, feature, part, amountNanoUsd }) => [
      named,
      part,
      feature,
      amountNanoUsd,
    ]);
    expect(told).toEqual([
      ['a', 'usage', 'x', 300n],
      ['a', 'shared', '', -29n],
      ['a', 'unattributed', '', 1n],
      ['b', 'usage', '', 100n],
      ['b', 'shared', '', -12n],
      ['b', 'unattributed', '', 1n],
      ['b', 'unmetered', '', 20n],
      ['idle', 'unattributed', '', 1n],
    ]);
    expect(lines.find(({ team: named, part }) => named === 'a' && part === 'shared')?.roundingPicoUsd).toBe(
      285n,
    );
    const toOne = allocateBill({ ...bill, rules: { shared: { team: 'idle' }, unattributed: 'unallocated' } });
    expect(toOne.filter(({ part }) => part === 'shared')).toMatchObject([
      { team: 'idle', amountNanoUsd: -41n },
    ]);
    expect(toOne.filter(({ part }) => part === 'unattributed')).toMatchObject([
      { team: null, amountNanoUsd: 3n },
    ]);
  });
});

describe('the largest remainder', () => {
  it('gives what is left to the largest fractions, of equal ones to the smaller key, and mirrors a negative total', () => {
    const even = ['c', 'a', 'b'].map((key) => ({ key, weight: 1n }));
    const amounts = (sum: bigint) =>
      Object.fromEntries(apportion(sum, even).map(({ key, amount }) => [key, amount]));
    expect(amounts(4n)).toEqual({ a: 2n, b: 1n, c: 1n });
    expect(amounts(-4n)).toEqual({ a: -2n, b: -1n, c: -1n });
  });

  it('refuses to share out by weights that say nothing', () => {
    expect(() => apportion(1n, [])).toThrow('share nothing out');
    expect(apportion(0n, [{ key: 'a', weight: 0n }])).toMatchObject([{ amount: 0n }]);
  });
});

const HEAD = {
  batchId: 'TG-acme-2026-10',
  period: '2026-10',
  postingDate: '2026-10-31',
  entity: 'ACME, Inc.',
  expenseAccount: '6450',
  clearingAccount: '2190',
  clearingCostCentre: '4000',
  sourceHash: 'a'.repeat(64),
};

describe('the journal', () => {
  const cents = (text: string) => BigInt(text.replace('.', '') || '0');

  it('balances, and is the bill to the cent, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(nano, { maxLength: 12 }), (amounts) => {
        const items = amounts.map((amountNanoUsd, index) => ({
          ...{ costCentre: `${index % 3}`, project: 'p', memo: 'm', amountNanoUsd },
        }));
        const lines = balancedJournal(HEAD, items);
        const debit = lines.reduce((sum, line) => sum + cents(line.debit), 0n);
        const credit = lines.reduce((sum, line) => sum + cents(line.credit), 0n);
        expect(debit).toBe(credit);
        const posted = lines
          .filter(({ account }) => account === '6450')
          .reduce((sum, line) => sum + cents(line.debit) - cents(line.credit), 0n);
        const exact = amounts.reduce((sum, amount) => sum + amount, 0n);
        const error = posted * 20_000_000n - exact * 2n;
        expect(error <= 10_000_000n && error >= -10_000_000n).toBe(true);
      }),
      runs,
    );
  });

  it('is a file in the layout of the system that posts it; a name that would run as a formula does not', () => {
    const items = [
      { costCentre: '=cmd()', project: 'support', memo: 'Claude 2026-10', amountNanoUsd: 10_005_000_000n },
      { costCentre: '4712', project: 'search', memo: 'credit', amountNanoUsd: -1_000_000_000n },
    ];
    const lines = balancedJournal(HEAD, items);
    expect(journalCsv(lines, 'quickbooks').split('\r\n')).toEqual([
      'JournalNo,JournalDate,AccountName,Debits,Credits,Description,Class,Location',
      'TG-acme-2026-10,10/31/2026,6450,10.00,,Claude 2026-10,\'=cmd(),"ACME, Inc."',
      'TG-acme-2026-10,10/31/2026,6450,,1.00,credit,4712,"ACME, Inc."',
      'TG-acme-2026-10,10/31/2026,2190,,9.00,Claude 2026-10,4000,"ACME, Inc."',
      '',
    ]);
    const [header = ''] = journalCsv(lines, 'generic').split('\r\n');
    expect(header).toBe(
      'batch_id,period,posting_date,entity,gl_account,cost_centre,project,debit,credit,currency,memo,line_reference,source_hash',
    );
  });
});
