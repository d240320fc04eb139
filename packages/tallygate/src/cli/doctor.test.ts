import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminApi, REPORTS, type ReportName } from '@tallygate/admin-api';
import { createMemoryGate, type FoundGate, type RedisKeeping } from '@tallygate/gate';
import { builtinPriceBookDocument } from '@tallygate/pricing';
import { type ConfigurationSnapshot, emptyConfiguration, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import type { Check } from './check.ts';
import { checkDataDirectory } from './check-data-directory.ts';
import { type MemoryCli, memoryCli, NOW_MS, sinkThat, writeFile } from './memory-context.ts';

async function examine(cli: MemoryCli): Promise<{ code: number; checks: Record<string, Check> }> {
  const { code, stdout } = await cli.run('doctor', '--json');
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code, checks: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

/** The provider lets its admin key read these. */
function cliThatReads(reports: readonly ReportName[]): MemoryCli {
  return cliWhoseKey(async () => new Set(reports));
}

function cliWhoseKey(readableReports: AdminApi['readableReports']): MemoryCli {
  return memoryCli({
    environment: { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-secret' },
    openAdminApi: () => ({ readableReports }) as Partial<AdminApi> as AdminApi,
  });
}

describe('tallygate doctor', () => {
  it('looks at everything a process needs and is silent about cures where all is well', async () => {
    const cli = cliThatReads(REPORTS);
    writeFile(cli, 'version: 1\n');
    const { code, stdout } = await cli.run('doctor');
    expect(code).toBe(0);
    expect(stdout.replaceAll(cli.directory, '<here>')).toBe(
      [
        'ok    node            v20.20.2',
        'ok    settings        organization default, mode observe',
        'ok    file            <here>/tallygate.yaml: 0 teams, 0 budgets',
        'ok    data directory  <here>/.tallygate (made at the first use)',
        'ok    durability      os: a kill loses nothing, a power loss the last 5 to 30 seconds',
        'ok    spool files     0 of 1073741824 bytes, nothing refused',
        'ok    engine          embedded (chdb 3.4.0)',
        'ok    admin key       reads analytics, usage, cost, Claude Code, API keys, workspaces',
        'ok    gate            embedded, owned by this command while it runs; configuration version 0',
        'ok    in force        what the file asks for',
        'ok    prices          built-in, 42 prices of 28 models, read up to 2026-11-20',
        'ok    clock           no budget to compare with',
        'ok    alerts          0 in the last 31 days, none waits',
        'ok    spool           empty',
        'ok    ledger          7 attempts, 6 settlements, no row twice',
        'ok    unknown usage   none in the last 30 days',
        'ok    estimates       no call of the last 7 days above its worst case, 0 compared',
        '',
      ].join('\n'),
    );
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });

  it.each<[ReportName[], Partial<Check>]>([
    [
      ['analytics', 'API keys'],
      { status: 'ok', found: 'reads analytics, API keys; not usage, cost, Claude Code, workspaces' },
    ],
    [
      ['usage', 'cost'],
      { status: 'ok', found: 'reads usage, cost; not analytics, Claude Code, API keys, workspaces' },
    ],
    [
      ['usage', 'workspaces'],
      { status: 'warn', found: 'reads usage, workspaces, which is not enough to reconcile' },
    ],
  ])('says what the admin key may read: %j', async (reports, expected) => {
    const { checks } = await examine(cliThatReads(reports));
    expect(checks['admin key']).toMatchObject(expected);
  });

  it.each([
    ['TALLYGATE_KEY_REJECTED', 'fail', 3],
    ['TALLYGATE_PROVIDER_UNAVAILABLE', 'warn', 0],
  ] as const)(
    'takes %s from the provider for a %s: an outage is not a wrong key',
    async (error, status, exitCode) => {
      const cli = cliWhoseKey(() => Promise.reject(new TallygateError(error, { message: 'So it is.' })));
      const { code, checks } = await examine(cli);
      expect([checks['admin key']?.status, code]).toEqual([status, exitCode]);
    },
  );

  it('warns, with a cure for each, about what works but is not as it should be', async () => {
    const cli = memoryCli({
      versions: { tallygate: '1.2.3', node: 'v22.1.0', chdb: null },
      runtime: { history: null, sink: sinkThat(4) },
    });
    const { code, checks } = await examine(cli);
    expect(code).toBe(0);
    const warned = Object.values(checks).filter(({ status }) => status === 'warn');
    expect(warned.map(({ name }) => name)).toEqual(['file', 'engine', 'admin key', 'spool', 'ledger']);
    expect(warned.every(({ cure }) => cure !== null && cure.length > 8)).toBe(true);
  });

  it.each<[string, Record<string, string>, RedisKeeping, Partial<Check>]>([
    [
      'keeps what it is told',
      { TALLYGATE_MODE: 'enforce' },
      { policy: 'noeviction', survives: 'replica' },
      { status: 'ok', found: 'never evicts; after a crash there is a replica' },
    ],
    [
      'keeps nothing, and nobody is denied by it',
      {},
      { policy: 'noeviction', survives: 'nothing' },
      { status: 'warn' },
    ],
    [
      'keeps nothing, and budgets are enforced',
      { TALLYGATE_MODE: 'enforce' },
      { policy: 'noeviction', survives: 'nothing' },
      { status: 'fail', cure: expect.stringContaining('TALLYGATE_REDIS_ATTESTED=yes') },
    ],
    [
      'does not show what it does, and the operator answers for it',
      { TALLYGATE_MODE: 'enforce', TALLYGATE_REDIS_ATTESTED: 'yes' },
      { policy: null, survives: null },
      { status: 'ok', found: 'does not show whether it evicts keys; attested by TALLYGATE_REDIS_ATTESTED' },
    ],
  ])('says so when Redis %s', async (_what, settings, keeping, expected) => {
    const environment = { TALLYGATE_REDIS_URL: 'redis://localhost:6379', ...settings };
    const { checks } = await examine(
      memoryCli({ environment, inspectRedis: async () => ({ keeping: [keeping], gates: null }) }),
    );
    expect(checks['redis']).toMatchObject(expected);
  });

  it.each<[string, Partial<FoundGate>[], Partial<Check>]>([
    ['only these', [{}], { status: 'ok', found: 'one set of counters for "acme"' }],
    [
      'those of another organization',
      [{}, { organization: 'emca' }],
      { status: 'ok', found: 'one set of counters for "acme"; beside it "emca"' },
    ],
    [
      'those of processes that were told no organization',
      [{}, { organization: 'default' }],
      { status: 'warn', cure: expect.stringContaining('TALLYGATE_ORGANIZATION') },
    ],
    ['those of a name that is written otherwise', [{ organization: 'Acme' }], { status: 'warn' }],
    [
      'those of an older version, in use',
      [{}, { layout: 'tg3', isOurLayout: false, idleMs: 60_000 }],
      { status: 'fail', found: expect.stringContaining('counted twice') },
    ],
    [
      'those of an older version, left behind',
      [{}, { layout: 'tg3', isOurLayout: false, idleMs: 7_200_000 }],
      { status: 'ok' },
    ],
  ])('says whose counters are in Redis: %s', async (_what, gates, expected) => {
    const ours = { organization: 'acme', layout: 'tg4', isOurLayout: true, idleMs: 0 };
    const inspection = { keeping: [], gates: gates.map((gate) => ({ ...ours, ...gate })) };
    const environment = {
      ...{ TALLYGATE_REDIS_URL: 'redis://localhost:6379', TALLYGATE_ORGANIZATION: 'acme' },
      TALLYGATE_MODE: 'enforce',
    };
    const { checks } = await examine(memoryCli({ environment, inspectRedis: async () => inspection }));
    expect(checks['gates']).toMatchObject(expected);
    expect(checks['gate']?.found).toMatch(/^shared, in Redis; /);
  });

  it.each<[string, Partial<ConfigurationSnapshot>, Partial<Check>]>([
    [
      'cannot be read',
      { priceBook: 'broken' },
      { status: 'fail', found: expect.stringContaining('The price book is not valid') },
    ],
    [
      'are older than what this release knows',
      { priceBook: { ...builtinPriceBookDocument, asOf: '2026-10-01' } },
      {
        status: 'warn',
        found: 'published, read up to 2026-10-01; this release knows prices up to 2026-11-20',
      },
    ],
    [
      'were agreed for a model that nobody knows',
      { contractPrices: [{ id: 'a', model: 'claude-opus-55', discountPercent: '5', source: 'order form' }] },
      {
        status: 'warn',
        found: 'contract price "a" is for "claude-opus-55", which the price book does not name',
      },
    ],
    [
      'were agreed',
      { contractPrices: [{ id: 'a', discountPercent: '5', source: 'order form' }] },
      { status: 'ok', found: expect.stringMatching(/; contract prices: 1$/) },
    ],
  ])('looks at the prices in force: those that %s', async (_what, changes, check) => {
    const cli = memoryCli();
    await cli.gate.publish({ ...(await cli.gate.configuration()), version: 1, ...changes });
    expect((await examine(cli)).checks['prices']).toMatchObject(check);
  });

  it('lists what the provider reported and this version does not read, the most frequent first', async () => {
    const cli = memoryCli();
    const seen = { value: '', attempts: 1, firstSeenMs: NOW_MS, lastSeenMs: NOW_MS };
    cli.history.unknown = [
      { ...seen, field: 'a\u001b[2J' },
      { ...seen, field: 'cache_creation.ephemeral_1d_input_tokens', attempts: 40 },
      { ...seen, field: 'service_tier', value: 'flex', attempts: 7 },
      ...['d', 'e', 'f', 'g'].map((field) => ({ ...seen, field })),
    ];
    const { code, checks } = await examine(cli);
    expect(code).toBe(0);
    expect(checks['unknown usage']).toEqual({
      name: 'unknown usage',
      status: 'warn',
      found:
        'unknown usage fields seen in the last 30 days: cache_creation.ephemeral_1d_input_tokens (40 attempts), ' +
        'service_tier "flex" (7 attempts), a\uFFFD[2J (1 attempt), d (1 attempt), e (1 attempt) and 2 more',
      cure: 'Upgrade tallygate from 1.2.3: a newer version may price them.',
    });
  });

  it('fails with exit code 3 where a part does not answer, and still looks at the others', async () => {
    const cli = memoryCli();
    cli.history.counts = () =>
      Promise.reject(
        new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'ClickHouse did not answer.' }),
      );
    const { code, checks } = await examine(cli);
    expect(code).toBe(3);
    expect(checks['ledger']).toEqual({
      name: 'ledger',
      status: 'fail',
      found: 'ClickHouse did not answer.',
      cure: 'Check the ClickHouse URL and that the server answers; recorded usage waits in the spool.',
    });
    expect(checks['gate']?.status).toBe('ok');
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });

  it('fails where the data directory is owned elsewhere', async () => {
    const owned = new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: 'Owned by process 7 on host-b.',
    });
    const { code, checks } = await examine(memoryCli({ openRuntime: () => Promise.reject(owned) }));
    expect(code).toBe(3);
    expect(checks['runtime']).toMatchObject({
      status: 'fail',
      found: 'Owned by process 7 on host-b.',
      cure: owned.cure,
    });
  });

  it('judges nothing by settings that are not the intended ones', async () => {
    const cli = memoryCli({ environment: { TALLYGATE_MOD: 'enforce' } });
    const { code, checks } = await examine(cli);
    expect(code).toBe(3);
    expect(Object.keys(checks)).toEqual(['node', 'settings']);
    expect(checks['settings']).toMatchObject({ status: 'fail', cure: 'Did you mean TALLYGATE_MODE?' });
    expect(cli.opened).toEqual([]);
  });

  it.each([
    ['v20.18.3', 'fail'],
    ['v18.20.0', 'fail'],
    ['v20.19.0', 'ok'],
    ['v24.0.0', 'ok'],
  ])('judges Node.js %s as %s', async (node, status) => {
    const cli = memoryCli({ versions: { tallygate: '1.2.3', node, chdb: '3.4.0' } });
    expect((await examine(cli)).checks['node']?.status).toBe(status);
  });

  it('tells that the file is not what is in force', async () => {
    const cli = memoryCli();
    writeFile(cli, 'version: 1\nteams: [{ id: support }]\n');
    expect((await examine(cli)).checks['in force']).toMatchObject({
      status: 'warn',
      found: '1 changes of the file are not in force',
    });
  });

  it("tells that this clock is outside the gate's periods", async () => {
    const configuration = {
      ...emptyConfiguration('default'),
      version: 1,
      budgets: [
        {
          id: 'daily',
          scope: {},
          period: 'day' as const,
          timeZone: 'UTC',
          limit: 1n,
          onOutage: 'block' as const,
        },
      ],
    };
    const clock = { nowMs: () => NOW_MS - 86_400_000, monotonicMs: () => 0 };
    const behind = createMemoryGate({ organization: 'default', clock, configuration });
    const { checks } = await examine(memoryCli({ runtime: { gate: behind } }));
    expect(checks['clock']).toMatchObject({
      status: 'warn',
      found: "outside the gate's current period of budget daily",
    });
  });

  it('tells that rows stand twice', async () => {
    const cli = memoryCli();
    cli.history.rowCounts = { ...cli.history.rowCounts, duplicates: 2 };
    expect((await examine(cli)).checks['ledger']).toMatchObject({
      status: 'warn',
      found: '2 rows stand twice',
    });
  });

  it('tests each admin key of each organization of the provider', async () => {
    const cli = memoryCli({
      environment: { MAIN_KEY: 'sk-1', EXTRA_KEY: 'sk-2', LAB_KEY: 'sk-3' },
      openAdminApi: ({ keys }) => {
        const readable = new Set<ReportName>(keys[0]?.apiKey === 'sk-3' ? ['usage'] : REPORTS);
        return { readableReports: async () => readable } as Partial<AdminApi> as AdminApi;
      },
    });
    writeFile(
      cli,
      'version: 1\nproviderOrganizations:\n  - { id: main, adminKeys: [MAIN_KEY, EXTRA_KEY] }\n  - { id: lab, adminKeys: [LAB_KEY] }\n',
    );
    const { checks } = JSON.parse((await cli.run('doctor', '--json')).stdout);
    const keys = checks.filter(({ name }: { name: string }) => name === 'admin key');
    expect(
      keys.map(({ status, found }: Record<string, string>) => [status, found?.split(' reads')[0]]),
    ).toEqual([
      ['ok', 'MAIN_KEY of main:'],
      ['ok', 'EXTRA_KEY of main:'],
      ['warn', 'LAB_KEY of lab:'],
    ]);
  });

  it('never prints a secret', async () => {
    const environment = {
      ANTHROPIC_ADMIN_KEY: 'hunter2',
      TALLYGATE_CLICKHOUSE_URL: 'http://user:hunter2@host',
      TALLYGATE_PSEUDONYM_KEY: 'hunter2',
      TALLYGATE_TOKEN: 'hunter2',
    };
    const { openAdminApi } = cliThatReads(REPORTS).context;
    const cli = memoryCli({ environment, openAdminApi });
    expect(JSON.stringify([await cli.run('doctor'), await cli.run('doctor', '--json')])).not.toContain(
      'hunter2',
    );
  });
});

describe('the data directory', () => {
  const here = () => memoryCli().directory;

  it('may be missing, and must otherwise be a directory that only this user reads', () => {
    const directory = here();
    const userId = process.getuid?.() ?? null;
    expect(checkDataDirectory(join(directory, 'none'), userId).status).toBe('ok');
    expect(checkDataDirectory(directory, userId)).toMatchObject({ status: 'ok' });
    chmodSync(directory, 0o755);
    expect(checkDataDirectory(directory, userId)).toMatchObject({
      status: 'warn',
      found: `${directory} is open to others (mode 755)`,
      cure: `Close it with "chmod 700 ${directory}".`,
    });
  });

  it('is refused where a file stands in its place, unless memory will do', () => {
    const path = join(here(), 'file');
    writeFileSync(path, '');
    expect(checkDataDirectory(path, null)).toMatchObject({
      status: 'fail',
      found: `${path} is not a directory`,
    });
    expect(checkDataDirectory(path, null, false)).toMatchObject({
      status: 'warn',
      found: `${path} cannot be written: usage is kept in memory`,
    });
  });

  it('is suspicious when it belongs to another user', () => {
    const path = join(here(), 'theirs');
    mkdirSync(path, { mode: 0o700 });
    const found = checkDataDirectory(path, (process.getuid?.() ?? 0) + 1);
    expect(found.status).toBe('warn');
    expect(found.found).toMatch(/belongs to user \d+, this is user \d+$/);
  });
});
