import { emptyConfiguration } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { carriedMonths, readFrozen } from '../../closing/index.ts';
import { type MemoryCli, memoryCli } from '../memory-context.ts';
import { usageAnswer, usageGroup } from '../usage-fixtures.ts';

const OCTOBER = ['--month', '2026-10'];

/** A ledger whose months hold what `usd` says of each, all of team support. */
async function cliWith(usd: Record<string, number>): Promise<MemoryCli> {
  const cli = memoryCli();
  const rowsOf = ({ fromMs, groupBy }: { fromMs: number; groupBy: readonly string[] }) => {
    const spent = usd[new Date(fromMs).toISOString().slice(0, 7)] ?? 0;
    const group = Object.fromEntries(groupBy.map((dimension) => [dimension, VALUES[dimension] ?? '']));
    const contractedCostNanoUsd = BigInt(spent * 1_000_000_000);
    const row = usageGroup(group, { contractedCostNanoUsd, listCostNanoUsd: contractedCostNanoUsd });
    return spent === 0 ? [] : [row];
  };
  cli.history.spend = async (query) => rowsOf(query);
  cli.history.usage = async (question) => ({ ...usageAnswer([]), groups: rowsOf(question) });
  const team = { id: 'support', name: 'Customer support', aliases: [], owners: [], costCentre: '4711' };
  await cli.gate.publish({ ...emptyConfiguration('default'), version: 1, teams: [team] });
  return cli;
}

const VALUES: Record<string, string> = {
  ...{ team: 'support', feature: 'chat', backend: 'anthropic', priceId: 'opus@2026-01-01' },
};
const json = async (cli: MemoryCli, ...argv: string[]) => {
  const { code, stdout } = await cli.run(...argv, '--json');
  return { code, document: JSON.parse(stdout) };
};
const statementOf = async (cli: MemoryCli, month: string) =>
  (await json(cli, 'statement', '--month', month, '--team', 'support')).document;

describe('tallygate close', () => {
  it('freezes what a team is told, with versions and hashes, and refuses to do it twice', async () => {
    const usd = { '2026-10': 30 };
    const cli = await cliWith(usd);
    expect(await statementOf(cli, '2026-10')).toMatchObject({
      state: 'provisional',
      totalUsd: '30.000000000',
    });
    const { code, document } = await json(cli, 'close', ...OCTOBER);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      ...{ month: '2026-10', number: 1, state: 'closed', actor: 'ann' },
      manifest: {
        ...{ provisional: true, basis: 'charges', tiedToInvoice: null },
        totals: { chargedUsd: '30.000000000', allocatedUsd: '30.000000000', reportedUsd: null },
        versions: { configuration: 1, reconciliationId: null, priceIds: ['opus@2026-01-01'] },
      },
    });
    expect(document.manifest.files.map(({ name }: { name: string }) => name)).toEqual([
      ...['allocation.csv', 'journal.csv', 'statements/support.json', 'statements/support.csv'],
      ...['statements/support.html', 'statements/support.txt'],
    ]);
    const again = await json(cli, 'close', ...OCTOBER);
    expect([again.code, again.document.error.code]).toEqual([1, 'TALLYGATE_PERIOD_CLOSED']);
    expect(again.document.error.message).toContain('2026-10 was closed by ann at 2026-11-21');
    usd['2026-10'] = 99;
    expect(await statementOf(cli, '2026-10')).toMatchObject({ state: 'closed', totalUsd: '30.000000000' });
  });

  it('carries what comes later into the next open month, once, and closes it there', async () => {
    const usd: Record<string, number> = { '2026-08': 10, '2026-09': 20, '2026-10': 30 };
    const cli = await cliWith(usd);
    await cli.run('close', '--month', '2026-08');
    usd['2026-08'] = 14;
    const september = await statementOf(cli, '2026-09');
    expect(september.steps).toContainEqual({
      ...{ label: 'correction of 2026-08', kind: 'step', amountUsd: '4.000000000' },
    });
    expect(september.totalUsd).toBe('24.000000000');
    expect((await statementOf(cli, '2026-10')).totalUsd).toBe('30.000000000');
    const closed = await json(cli, 'close', '--month', '2026-09');
    expect(closed.document.manifest.totals.correctionsUsd).toBe('4.000000000');
    expect((await statementOf(cli, '2026-10')).totalUsd).toBe('30.000000000');
    usd['2026-08'] = 13;
    usd['2026-09'] = 25;
    const october = await statementOf(cli, '2026-10');
    expect(october.steps.slice(2, 4).map(({ amountUsd }: { amountUsd: string }) => amountUsd)).toEqual([
      '-1.000000000',
      '5.000000000',
    ]);
  });

  it('posts what it carries of closed months in its journal, balanced, and a closed month as it was posted', async () => {
    const usd: Record<string, number> = { '2026-08': 10, '2026-09': 20 };
    const cli = await cliWith(usd);
    await cli.run('close', '--month', '2026-08');
    usd['2026-08'] = 14;
    const journalOf = async (month: string) => {
      const { document } = await json(cli, 'allocate', '--month', month, '--journal', 'generic');
      const cents = (text: string) => Number(text.replace('.', ''));
      const lines = document.journal as { memo: string; debit: string; credit: string }[];
      expect(lines.reduce((sum, { debit, credit }) => sum + cents(debit) - cents(credit), 0)).toBe(0);
      return lines.map(({ memo, debit, credit }) => `${memo}: ${debit || `-${credit}`}`);
    };
    const posted = ['Claude 2026-09: 20.00', 'Claude 2026-08, correction: 4.00', 'Claude 2026-09: -24.00'];
    expect(await journalOf('2026-09')).toEqual(posted);
    expect(await journalOf('2026-08')).toEqual(['Claude 2026-08: 10.00', 'Claude 2026-08: -10.00']);
    await cli.run('close', '--month', '2026-09');
    usd['2026-09'] = 99;
    expect(await journalOf('2026-09')).toEqual(posted);
    const printed = await cli.run('allocate', '--month', '2026-09', '--journal', 'generic');
    expect(printed.stderr).toContain(
      'Corrections of 2026-08, which is closed, stand in the journal beside it: 1, together $4.00.',
    );
    const { files } = await readFrozen(cli.history, 'default', { month: '2026-09', number: 1 });
    expect(printed.stdout).toBe(files['journal.csv']);
    const other = await cli.run('allocate', '--month', '2026-09', '--journal', 'netsuite');
    expect(other.stdout).toContain(',4.00,');
  });

  it('opens a month again only with a reason, on record, and closes it under the next number', async () => {
    const usd = { '2026-10': 30 };
    const cli = await cliWith(usd);
    await cli.run('close', ...OCTOBER);
    expect(await cli.run('close', ...OCTOBER, '--reopen')).toMatchObject({ code: 2 });
    const reopened = await json(cli, 'close', ...OCTOBER, '--reopen', '--reason', 'credit note');
    expect(reopened.document).toMatchObject({
      number: 2,
      state: 'open',
      reason: 'credit note',
      manifest: null,
    });
    expect((await json(cli, 'close', ...OCTOBER, '--reopen', '--reason', 'x')).code).toBe(2);
    usd['2026-10'] = 31;
    expect((await json(cli, 'close', ...OCTOBER)).document).toMatchObject({ number: 3, state: 'closed' });
    expect(await statementOf(cli, '2026-10')).toMatchObject({ state: 'closed', totalUsd: '31.000000000' });
  });

  it('says whether the month ties to its invoice, and does not close one that is not over', async () => {
    const cli = await cliWith({ '2026-10': 30 });
    expect((await cli.run('close', ...OCTOBER)).stdout).toContain(
      'Not tied: there is neither report nor invoice.',
    );
    const early = await cli.run('close', '--month', '2026-11');
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('2026-11 is not over.')]);
  });

  it('lets of two who decide at the same moment only one', async () => {
    const cli = await cliWith({ '2026-10': 30 });
    const other = { ...cli.context, stdout: { write: () => undefined }, actor: 'bob' };
    const { runCli } = await import('../program.ts');
    const codes = await Promise.all([cli.run('close', ...OCTOBER), runCli(['close', ...OCTOBER], other)]);
    const [mine, theirs] = codes as [{ code: number }, number];
    expect([mine.code, theirs].sort()).toEqual([0, 1]);
  });
});

describe('what is recorded about a closed month', () => {
  it('is carried into the first month after it that is not closed; reassign says so', async () => {
    const cli = await cliWith({ '2026-08': 1, '2026-09': 1, '2026-10': 1 });
    const range = { fromMs: Date.UTC(2026, 7, 31), toMs: Date.UTC(2026, 9, 1) };
    const carried = () => carriedMonths(cli.history, 'default', range);
    expect(await carried()).toEqual([]);
    await cli.run('close', '--month', '2026-09');
    expect(await carried()).toEqual([{ month: '2026-09', into: '2026-10' }]);
    await cli.run('close', '--month', '2026-08');
    expect(await carried()).toEqual([
      { month: '2026-08', into: '2026-10' },
      { month: '2026-09', into: '2026-10' },
    ]);
    const where = ['--where', 'team=support', '--to', 'unassigned', '--reason', 'INC-9'];
    const moved = await json(cli, 'reassign', ...where, '--month', '2026-08');
    expect(moved.document).toMatchObject({ carried: [{ month: '2026-08', into: '2026-10' }] });
    await cli.run('close', '--month', '2026-08', '--reopen', '--reason', 'why');
    expect(await carried()).toEqual([{ month: '2026-09', into: '2026-10' }]);
  });
});

describe('tallygate statement', () => {
  it('names the nearest team where there is none, and is a page or CSV where asked', async () => {
    const cli = await cliWith({ '2026-10': 30 });
    const wrong = await cli.run('statement', ...OCTOBER, '--team', 'suport');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean support?')]);
    expect((await cli.run('statement', ...OCTOBER, '--team', 'support', '--html')).stdout).toMatch(
      /^<!doctype html>/,
    );
    expect((await cli.run('statement', ...OCTOBER, '--team', 'support', '--csv')).stdout).toContain(
      '2026-10,support,4711,chat,',
    );
    expect((await cli.run('statement', ...OCTOBER, '--team', 'support', '--csv', '--json')).code).toBe(2);
  });

  it('in evidence is that of the team alone, also where the name of another goes on after a point', async () => {
    const cli = await cliWith({ '2026-10': 30 });
    const team = (id: string) => ({ id, name: id, aliases: [], owners: [], costCentre: null });
    const teams = [team('support'), team('support.eu')];
    await cli.gate.publish({ ...emptyConfiguration('default'), version: 2, teams });
    await cli.run('close', ...OCTOBER);
    const { document } = await json(cli, 'evidence', '2026-10/support');
    const names = document.files.map(({ name }: { name: string }) => name);
    expect(names.filter((name: string) => name.startsWith('statements/'))).toEqual(
      ['csv', 'html', 'json', 'txt'].map((form) => `statements/support.${form}`),
    );
  });
});
