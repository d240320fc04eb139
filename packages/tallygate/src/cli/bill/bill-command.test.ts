import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import type {
  AdminApi,
  CostBucket,
  CostRow,
  ReportedUsage,
  UsageBucket,
  UsageRow,
} from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS, writeFile } from '../memory-context.ts';

const DAY_MS = 86_400_000;
const TODAY_MS = Date.UTC(2026, 10, 21);
const REFRESHED_MS = NOW_MS - 55 * 60_000;
const CENT_PICO_USD = 10_000_000_000n;

interface Used {
  startMs: number;
  key: string;
  workspace: string;
  model: string;
  tokens: number;
  cents: bigint;
}

const used = (startMs: number, key: string, workspace: string, model: string, cents: bigint): Used => ({
  ...{ startMs, key, workspace, model, cents },
  tokens: Number(cents) * 100,
});
const USED = [
  used(TODAY_MS - DAY_MS, 'apikey_1', 'wrkspc_1', 'claude-opus-5', 70n),
  used(TODAY_MS, 'apikey_1', 'wrkspc_1', 'claude-haiku-5', 20n),
  used(TODAY_MS, 'apikey_2', 'wrkspc_2', 'claude-opus-5', 10n),
];

/** A provider that groups what was used as it is asked to; `changes` make it lie or refuse. */
function provider(changes: Partial<AdminApi> = {}): AdminApi {
  const groupOf = (groupBy: readonly string[], { key, workspace, model }: Used) => {
    const values: Record<string, string> = { api_key_id: key, workspace_id: workspace, model };
    return Object.fromEntries(groupBy.map((name) => [name, values[name] ?? null]));
  };
  const bucketsOf = <Row>(
    { groupBy, filters = {} }: { groupBy: readonly string[]; filters?: { models?: string[] } },
    rowOf: (rows: Used[], group: Record<string, string | null>) => Row,
  ) =>
    [TODAY_MS - DAY_MS, TODAY_MS].map((startMs) => {
      const inside = USED.filter((item) => item.startMs === startMs && isAsked(filters.models, item));
      const groups = new Map<string, Used[]>();
      for (const item of inside) {
        const name = JSON.stringify(groupOf(groupBy, item));
        groups.set(name, [...(groups.get(name) ?? []), item]);
      }
      const rows = [...groups].map(([name, members]) => rowOf(members, JSON.parse(name)));
      return { startMs, endMs: startMs + DAY_MS, rows };
    });
  return {
    analyticsUsage: async (question) => ({
      buckets: bucketsOf(question, usageRow) as UsageBucket[],
      refreshedAtMs: REFRESHED_MS,
    }),
    analyticsCost: async (question) => ({
      buckets: bucketsOf(question, (rows, group) => costRow(rows, group, true)) as CostBucket[],
      refreshedAtMs: REFRESHED_MS,
    }),
    messagesUsage: async (question) =>
      bucketsOf(question, (rows, group) => ({ ...usageRow(rows, group), requests: null })),
    costs: async ({ groupBy }) =>
      bucketsOf({ groupBy: groupBy.length === 0 ? [] : ['model', 'workspace_id'] }, (rows, group) =>
        costRow(rows, group, false),
      ),
    claudeCode: async () => [],
    apiKeys: async () => ['apikey_1', 'apikey_2'].map((id) => ({ ...NO_KEY, id, name: `name of ${id}` })),
    readableReports: async () => new Set(['analytics' as const]),
    workspaces: async () => [{ id: 'wrkspc_1', name: 'Default', isArchived: false }],
    ...changes,
  };
}

const NO_KEY = { hint: null, status: 'active', workspaceId: null };
const isAsked = (models: string[] = [], { model }: Used) => models.length === 0 || models.includes(model);
const sum = (rows: Used[], of: (item: Used) => number) => rows.reduce((total, item) => total + of(item), 0);

function usageRow(rows: Used[], group: UsageRow['group']): UsageRow {
  const tokens = sum(rows, (item) => item.tokens);
  const usage: ReportedUsage = {
    uncachedInputTokens: tokens,
    cacheReadInputTokens: tokens * 3,
    cacheWrite5mInputTokens: 0,
    cacheWrite1hInputTokens: 0,
    outputTokens: tokens / 10,
    webSearchRequests: 0,
  };
  return { group, usage, requests: rows.length, unknownCounts: {} };
}

function costRow(rows: Used[], group: CostRow['group'], isDiscounted: boolean): CostRow {
  const listPicoUsd = rows.reduce((total, { cents }) => total + cents * CENT_PICO_USD, 0n);
  return {
    group,
    amountPicoUsd: isDiscounted ? (listPicoUsd * 9n) / 10n : listPicoUsd,
    listAmountPicoUsd: isDiscounted ? listPicoUsd : null,
    requests: null,
  };
}

const cliOf = (adminApi: AdminApi) =>
  memoryCli({ openAdminApi: () => adminApi, environment: { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-x' } });
const refused = (status: number) => async () => {
  const cause = Anthropic.APIError.generate(status, undefined, 'refused', new Headers());
  throw new TallygateError('TALLYGATE_KEY_REJECTED', { message: 'Refused.', cause });
};

describe('tallygate bill', () => {
  it('says what was used and billed by model, with only an admin key: no ledger is opened', async () => {
    const cli = cliOf(provider());
    const { code, stdout, stderr } = await cli.run('bill', '--days', '2');
    expect(code).toBe(0);
    expect(cli.opened).toEqual([]);
    expect(stdout).toBe(
      [
        'Model           Requests   Input  Cached  Output  Searches   List   Cost   Share',
        '────────────────────────────────────────────────────────────────────────────────',
        'claude-opus-5          2  32,000   75.0%     800         0  $0.80  $0.72   80.0%',
        'claude-haiku-5         1   8,000   75.0%     200         0  $0.20  $0.18   20.0%',
        '────────────────────────────────────────────────────────────────────────────────',
        'Total                  3  40,000   75.0%   1,000         0  $1.00  $0.90  100.0%',
        '',
      ].join('\n'),
    );
    expect(stderr).toContain('Complete to 2026-11-21 11:05 UTC, 55 min old.');
  });

  it('names keys and workspaces that no team has yet, the dearest first', async () => {
    const cli = cliOf(provider());
    const all = await cli.run('bill', '--days', '2');
    expect(all.stderr).toContain(
      'No team has key name of apikey_1 (apikey_1) ($0.81), key name of apikey_2 (apikey_2) ($0.09)',
    );
    writeFile(cli, 'version: 1\nteams:\n  - { id: support, workspaces: [wrkspc_1] }\n');
    const rest = await cli.run('bill', '--days', '2', '--json');
    expect(JSON.parse(rest.stdout).withoutTeam).toMatchObject([{ kind: 'key', id: 'apikey_2' }]);
    writeFile(
      cli,
      'version: 1\nteams:\n  - { id: a, workspaces: [wrkspc_1] }\n  - { id: b, apiKeys: [apikey_2] }\n',
    );
    expect(JSON.parse((await cli.run('bill', '--days', '2', '--json')).stdout).withoutTeam).toEqual([]);
  });

  it('groups by team: the key before the workspace', async () => {
    const cli = cliOf(provider());
    writeFile(
      cli,
      'version: 1\nteams:\n  - { id: a, workspaces: [wrkspc_1, wrkspc_2] }\n  - { id: b, apiKeys: [apikey_2] }\n',
    );
    const { stdout } = await cli.run('bill', '--days', '2', '--group-by', 'team', '--json');
    const { lines, total } = JSON.parse(stdout);
    expect(lines.map(({ group, costUsd }: Record<string, unknown>) => [group, costUsd])).toEqual([
      [{ team: 'a' }, '0.810000000'],
      [{ team: 'b' }, '0.090000000'],
    ]);
    expect(total).toMatchObject({ costUsd: '0.900000000', listCostUsd: '1.000000000', requests: 3 });
  });

  it('goes by buckets and single models where asked, as CSV with exact figures', async () => {
    const { stdout } = await cliOf(provider()).run(
      ...['bill', '--days', '2', '--bucket', '1d', '--model', 'claude-opus-5', '--csv'],
    );
    expect(stdout.split('\r\n')).toEqual([
      'from_utc,model,requests,uncached_input_tokens,cache_read_input_tokens,cache_write_5m_input_tokens,cache_write_1h_input_tokens,output_tokens,web_search_requests,cost_usd,list_cost_usd',
      '2026-11-20T00:00:00.000Z,claude-opus-5,1,7000,21000,0,0,700,0,0.630000000,0.700000000',
      '2026-11-21T00:00:00.000Z,claude-opus-5,1,1000,3000,0,0,100,0,0.090000000,0.100000000',
      '',
    ]);
  });

  it.each([403, 404])(
    'reads the older reports where the newer answer %i; what they do not say is no zero',
    async (status) => {
      const cli = cliOf(provider({ analyticsUsage: refused(status), analyticsCost: refused(status) }));
      const byModel = JSON.parse((await cli.run('bill', '--days', '2', '--json')).stdout);
      expect(byModel).toMatchObject({ source: 'legacy', completeTo: null, ageMinutes: null, caveats: [] });
      expect(byModel.lines[0]).toMatchObject({ costUsd: '0.800000000', listCostUsd: null, requests: null });
      const byKey = JSON.parse((await cli.run('bill', '--days', '2', '--group-by', 'key', '--json')).stdout);
      expect(byKey.lines[0]).toMatchObject({ group: { api_key_id: 'apikey_1' }, costUsd: null });
      expect(byKey.total.costUsd).toBe('1.000000000');
      expect(byKey.caveats).toEqual([expect.stringContaining('lines have no cost')]);
    },
  );

  it('says which time the provider says nothing of yet, and which counts are in no figure', async () => {
    const honest = provider({ analyticsUsage: refused(403) });
    const adminApi: AdminApi = {
      ...honest,
      async messagesUsage(question) {
        const [first, today] = await honest.messagesUsage(question);
        const rows = (first?.rows ?? []).map((row) => ({ ...row, unknownCounts: { audio_tokens: 7 } }));
        return [
          { ...(first as UsageBucket), rows },
          { ...(today as UsageBucket), rows: [], isPending: true },
        ];
      },
    };
    const { stdout } = await cliOf(adminApi).run('bill', '--days', '2', '--json');
    expect(JSON.parse(stdout).caveats).toEqual([
      expect.stringContaining('nothing yet of the time from 2026-11-21 00:00 UTC on'),
      expect.stringContaining('7 of "audio_tokens"'),
    ]);
  });

  it('refuses groups that hide a part of the total, unless the bucket is still filling', async () => {
    const hiding = (startMs: number) => {
      const honest = provider();
      return provider({
        analyticsUsage: async (question) => {
          const report = await honest.analyticsUsage(question);
          if (question.groupBy.length === 0) return report;
          const buckets = report.buckets.map((bucket) =>
            bucket.startMs === startMs ? { ...bucket, rows: [] } : bucket,
          );
          return { ...report, buckets };
        },
      });
    };
    const past = await cliOf(hiding(TODAY_MS - DAY_MS)).run('bill', '--days', '2', '--json');
    expect([past.code, JSON.parse(past.stdout).error.code]).toEqual([4, 'TALLYGATE_REPORT_MALFORMED']);
    const today = await cliOf(hiding(TODAY_MS)).run('bill', '--days', '2', '--json');
    expect(JSON.parse(today.stdout).caveats).toEqual([expect.stringContaining('add up to')]);
  });

  it('says that there is no data yet, never zero', async () => {
    const none = (refreshedAtMs: number | null) => async () => ({ buckets: [], refreshedAtMs });
    const legacy = { messagesUsage: refused(403), costs: refused(403) };
    for (const refreshedAtMs of [null, TODAY_MS - 2 * DAY_MS]) {
      const analytics = { analyticsUsage: none(refreshedAtMs), analyticsCost: none(refreshedAtMs) };
      const { code, stdout } = await cliOf(provider({ ...analytics, ...legacy })).run(
        'bill',
        '--days',
        '2',
        '--json',
      );
      expect([code, JSON.parse(stdout).error.code]).toEqual([4, 'TALLYGATE_PROVIDER_UNAVAILABLE']);
      const fresher = await cliOf(provider(analytics)).run('bill', '--days', '2', '--json');
      expect(JSON.parse(fresher.stdout)).toMatchObject({
        source: 'legacy',
        total: { costUsd: '1.000000000' },
      });
    }
  });

  it('answers by more dimensions than the provider does at once, with the same total', async () => {
    const six = ['bill', '--days', '2', '--group-by', 'model,tier,band,speed,geography,key', '--json'];
    const document = JSON.parse((await cliOf(provider()).run(...six)).stdout);
    expect(document).toMatchObject({ source: 'analytics', caveats: [], total: { costUsd: '0.900000000' } });
    expect(document.lines).toMatchObject([
      { group: { model: 'claude-opus-5', api_key_id: 'apikey_1', speed: null }, costUsd: '0.630000000' },
      { group: { model: 'claude-haiku-5' } },
      { group: { api_key_id: 'apikey_2' }, requests: 1 },
    ]);
  });

  it('is read from the older reports where the newer ones do not reach', async () => {
    const analyticsUsage = () => Promise.reject(new TypeError('Asked for what would be answered with 400.'));
    const { stdout } = await cliOf(provider({ analyticsUsage })).run('bill', '--month', '2025-11', '--json');
    expect(JSON.parse(stdout).source).toBe('legacy');
  });

  it('carries how fresh its figures are', async () => {
    const { stdout } = await cliOf(provider()).run('bill', '--days', '2', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      readAt: '2026-11-21T12:00:00.000Z',
      completeTo: '2026-11-21T11:05:00.000Z',
      ageMinutes: 55,
    });
  });

  it.each([
    [['--group-by', 'modle'], 'Did you mean model?'],
    [['--bucket', '1w'], 'Use one of 1m, 1h, 1d.'],
    [['--csv', '--json'], 'Use one.'],
  ])('%j is refused with the cure', async (flags, cure) => {
    const { code, stdout } = await cliOf(provider()).run('bill', ...flags, '--json');
    expect([code, JSON.parse(stdout).error.cure]).toEqual([2, cure]);
  });

  it('stores what it read where there is a ledger; one that fails is said and changes no figure', async () => {
    const read = { organizationId: 'theirs', report: 'cost_report', question: '', fromMs: 0, toMs: 1 };
    const cli = memoryCli({
      environment: { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-x' },
      openAdminApi(_access, hooks) {
        const honest = provider();
        const asked = async () => void (await hooks?.onReport({ ...read, body: { data: ['a@b.example'] } }));
        return { ...honest, apiKeys: () => asked().then(honest.apiKeys) };
      },
    });
    mkdirSync(join(cli.directory, '.tallygate', 'ledger'), { recursive: true });
    const bill = await cli.run('bill', '--days', '2', '--json');
    expect(cli.opened).toMatchObject([{ closed: true }]);
    expect(cli.history.reportVersions.kept).toMatchObject([
      { providerOrganizationId: 'theirs', report: 'cost_report', body: { data: ['withheld 1'] } },
    ]);
    cli.history.reportVersions.append = () => Promise.reject(new TypeError('disk full'));
    const again = await cli.run('bill', '--days', '2', '--json');
    expect(again.stdout).toBe(bill.stdout);
    expect(again.stderr).toContain('Not stored in the ledger');
  });

  it('is of one organization of the provider, which is named where there are several', async () => {
    const opened: unknown[] = [];
    const environment = {
      MAIN_KEY: 'sk-ant-admin01-m',
      EXTRA_KEY: 'sk-ant-admin01-e',
      LAB_KEY: 'sk-ant-admin01-l',
    };
    const cli = memoryCli({
      environment,
      openAdminApi(access) {
        opened.push(access);
        return provider();
      },
    });
    writeFile(
      cli,
      'version: 1\nproviderOrganizations:\n  - { id: main-uuid, adminKeys: [MAIN_KEY, EXTRA_KEY] }\n  - { id: lab-uuid, adminKeys: [LAB_KEY] }\n',
    );
    const unnamed = await cli.run('bill', '--json');
    expect([unnamed.code, JSON.parse(unnamed.stdout).error.cure]).toEqual([
      2,
      'Name one: --provider-organization main-uuid or lab-uuid.',
    ]);
    const main = await cli.run('bill', '--days', '2', '--provider-organization', 'main-uuid', '--json');
    expect([main.code, JSON.parse(main.stdout).providerOrganizationId]).toEqual([0, 'main-uuid']);
    expect(opened).toEqual([
      {
        organizationId: 'main-uuid',
        keys: [
          { variable: 'MAIN_KEY', apiKey: 'sk-ant-admin01-m' },
          { variable: 'EXTRA_KEY', apiKey: 'sk-ant-admin01-e' },
        ],
        providerUrl: null,
      },
    ]);
  });

  it('needs an admin key, and says how to set it', async () => {
    const { code, stderr } = await memoryCli().run('bill');
    expect(code).toBe(2);
    expect(stderr).toContain('ANTHROPIC_ADMIN_KEY');
  });
});
