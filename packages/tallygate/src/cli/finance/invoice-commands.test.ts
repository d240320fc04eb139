import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryCli } from '../memory-context.ts';

const ADD = ['invoice', 'add', '--month', '2026-10', '--issued', '2026-11-01'];

const reconciled = (billedPicoUsd: bigint) => ({
  variance: { internalPicoUsd: billedPicoUsd, billedPicoUsd, causes: [] },
  withinTolerance: true,
  remarks: [],
  nextActions: [],
  document: {},
});

describe('tallygate reconcile --month', () => {
  const environment = { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-x' };
  const ask = ['reconcile', '--month', '2026-10'];

  it('goes on to the invoice once there is one, and exits 3 where something is left', async () => {
    const cli = memoryCli({ environment, reconcileDays: async () => reconciled(99_996_000_000_000n) });
    expect((await cli.run(...ask)).stdout).not.toContain('Invoice');
    await cli.run(...ADD, '--number', 'INV-1', '--amount', '118.99', '--tax', '19');
    const tied = await cli.run(...ask);
    expect(tied.code).toBe(3);
    expect(tied.stdout.split('\n').slice(7)).toEqual([
      'From the bill to the invoice            USD  Of the bill  Evidence',
      '─'.repeat(97),
      "Provider's bill                99.996000000        84.0%",
      'tax                           +19.000000000        16.0%  INV-1',
      'cents                          +0.004000000         0.0%  what rounding to the cent adds or takes',
      'Residual                       -0.010000000         0.0%  not explained',
      '─'.repeat(97),
      'Invoice                       118.990000000       100.0%',
      '',
      'Next',
      '  tax: Compare the rate on INV-1 with the one of your tax registration.',
      '  cents: None needed: invoices are in whole cents.',
      '  residual of the invoice: Look for credits, tax or commitments that were not added with INV-1; what is left is for the provider to explain.',
      '',
    ]);
    await cli.run(...ADD, '--number', 'INV-1', '--amount', '119', '--tax', '19', '--reason', 'misread');
    const { code, stdout } = await cli.run(...ask, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).invoice).toMatchObject({
      tied: true,
      residualUsd: '0.000000000',
      invoicedUsd: '119.000000000',
    });
  });

  it('compares an organization of the provider with its own invoices, the first with those that name none', async () => {
    const keys = { MAIN_KEY: 'a', LAB_KEY: 'b' };
    const cli = memoryCli({ environment: keys, reconcileDays: async () => reconciled(10_000_000_000_000n) });
    await cli.run(...ADD, '--number', 'OLD', '--amount', '1', '--credits', '1');
    const listed = '  - { id: main, adminKeys: [MAIN_KEY] }\n  - { id: lab, adminKeys: [LAB_KEY] }\n';
    writeFileSync(join(cli.directory, 'tallygate.yaml'), `version: 1\nproviderOrganizations:\n${listed}`);
    const unnamed = await cli.run(...ADD, '--number', 'I-1', '--amount', '10');
    expect([unnamed.code, unnamed.stderr]).toEqual([
      2,
      expect.stringContaining('--provider-organization main or lab'),
    ]);
    const of = (id: string) => ['--provider-organization', id];
    await cli.run(...ADD, '--number', 'I-1', '--amount', '8', ...of('main'));
    await cli.run(...ADD, '--number', 'I-2', '--amount', '10', ...of('lab'));
    const numbers = async (id: string) => {
      const { code, stdout } = await cli.run(...ask, ...of(id), '--json');
      const { invoices } = JSON.parse(stdout).invoice as { invoices: { number: string }[] };
      return [code, ...invoices.map(({ number }) => number)];
    };
    expect([await numbers('main'), await numbers('lab')]).toEqual([
      [0, 'I-1', 'OLD'],
      [0, 'I-2'],
    ]);
    expect((await cli.run('invoice', 'list')).stdout).toContain('I-2     2026-10  2026-11-01  lab ');
  });

  it('compares no part of a month, nor another month, with an invoice', async () => {
    const cli = memoryCli({ environment, reconcileDays: async () => reconciled(1n) });
    await cli.run(...ADD, '--number', 'INV-1', '--amount', '5');
    for (const range of [
      ['--month', '2026-09'],
      ['--day', '2026-10-01'],
      ['--from', '2026-10-01', '--to', '2026-10-31'],
    ])
      expect((await cli.run('reconcile', ...range)).code).toBe(0);
  });
});

describe('tallygate invoice', () => {
  it('keeps an invoice to the cent, with the hash of its file and not the file', async () => {
    const cli = memoryCli();
    writeFileSync(join(cli.directory, 'invoice.pdf'), 'paper');
    const added = await cli.run(
      ...ADD,
      '--number',
      'INV-7',
      '--amount',
      '1234.5',
      '--file',
      'invoice.pdf',
      '--json',
    );
    expect(added.code).toBe(0);
    expect(JSON.parse(added.stdout).invoice).toMatchObject({
      number: 'INV-7',
      revision: 1,
      kind: 'usage',
      amountUsd: '1234.50',
      taxUsd: '0.00',
      actor: 'ann',
      file: {
        name: 'invoice.pdf',
        sha256: '382635c9325bf3273d195ff1b8a44e5b11afd7d97addeb8863ea35feb98c1a07',
        sizeBytes: 5,
      },
    });
    expect((await cli.run('invoice', 'list')).stdout).toBe(
      [
        'Number  Month    Issued      For    Version  Amount (USD)',
        '─────────────────────────────────────────────────────────',
        'INV-7   2026-10  2026-11-01  usage        1       1234.50',
        '',
      ].join('\n'),
    );
  });

  it('corrects one only with a reason, keeps what it said before, and lists the newest', async () => {
    const cli = memoryCli();
    const add = (...more: string[]) => cli.run(...ADD, '--number', 'INV-7', ...more, '--json');
    expect((await add('--amount', '10')).code).toBe(0);
    const again = await add('--amount', '11');
    expect([again.code, JSON.parse(again.stdout).error.message]).toEqual([
      2,
      'Invoice INV-7 is recorded already.',
    ]);
    expect((await add('--amount', '11', '--reason', 'read wrongly')).code).toBe(0);
    const { invoices } = JSON.parse((await cli.run('invoice', 'list', '--json')).stdout);
    expect(invoices).toMatchObject([
      { number: 'INV-7', revision: 2, amountUsd: '11.00', reason: 'read wrongly' },
    ]);
    const { versions } = JSON.parse((await cli.run('invoice', 'show', 'INV-7', '--json')).stdout);
    expect(versions).toMatchObject([{ amountUsd: '10.00' }, { amountUsd: '11.00' }]);
    const nothing = await cli.run(...ADD, '--number', 'INV-8', '--amount', '1', '--reason', 'why');
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('no invoice INV-8')]);
  });

  it.each([
    [['--amount', '1.234'], 'is not an amount'],
    [['--amount', '1e3'], 'is not an amount'],
    [['--amount', '1', '--tax', '-1'], 'is not an amount'],
    [['--amount', '1', '--currency', 'EUR'], '"EUR" is not understood'],
    [['--amount', '1', '--month', '2026-13'], 'is not a month'],
    [['--amount', '1', '--issued', '2026-02-30'], 'is not a date'],
    [['--amount', '1', '--file', 'nothing.pdf'], 'cannot be read (ENOENT)'],
    [['--amount', '1', '--number', ' '], 'no number of an invoice'],
  ])('refuses %j, and records nothing', async (options, problem) => {
    const cli = memoryCli();
    const { code, stderr } = await cli.run(...ADD, '--number', 'INV-1', ...options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
    expect(JSON.parse((await cli.run('invoice', 'list', '--json')).stdout).invoices).toEqual([]);
  });
});
