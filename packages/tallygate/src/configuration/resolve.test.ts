import { TallygateError } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigOptions } from './options.ts';
import { resolveConfig } from './resolve.ts';
import { SETTING_NAMES, SETTINGS } from './settings.ts';

const workingDirectory = '/srv/app';
const resolveWith = (environment: Record<string, string | undefined>, options: ConfigOptions = {}) =>
  resolveConfig({ environment, options, workingDirectory });

function refusal(run: () => unknown): TallygateError {
  try {
    run();
  } catch (error) {
    if (TallygateError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('resolveConfig', () => {
  it('needs nothing: the defaults observe, in a directory of the project', () => {
    expect(resolveWith({})).toEqual({
      organization: 'default',
      mode: 'observe',
      dataDirectory: '/srv/app/.tallygate',
      url: null,
      token: null,
      redisUrl: null,
      leaseTtlMs: null,
      redisAttested: 'no',
      ledgerMemoryMb: null,
      clickhouseUrl: null,
      clickhouseInserts: 'direct',
      retention: null,
      pseudonymKey: null,
      apiKeyId: null,
      backend: null,
      telemetry: 'on',
      durability: 'os',
      spoolMaxBytes: null,
      spoolFull: 'deny-calls',
      drainMs: 5000,
      production: false,
      defaults: { team: null, feature: null, environment: null },
      configFile: null,
      providerUrl: null,
      adminKey: null,
      alertWebhookUrl: null,
      consolePort: null,
    });
  });

  it('prefers option over flag over environment over file over default', () => {
    const file = { path: '/srv/app/tallygate.yaml', organization: 'by-file' };
    const environment = { TALLYGATE_ORGANIZATION: 'by-variable' };
    const flags = { organization: 'by-flag' };
    const options = { organization: 'by-option' };
    const sources = { workingDirectory, environment: {} };
    const organization = (given: object) => resolveConfig({ ...sources, ...given }).organization;
    expect(organization({})).toBe('default');
    expect(organization({ file })).toBe('by-file');
    expect(organization({ file, environment })).toBe('by-variable');
    expect(organization({ file, environment, flags })).toBe('by-flag');
    expect(organization({ file, environment, flags, options })).toBe('by-option');
  });

  it('reads every setting from its environment variable', () => {
    const config = resolveWith({
      NODE_ENV: 'production',
      TALLYGATE_ORGANIZATION: 'acme',
      TALLYGATE_MODE: 'enforce',
      TALLYGATE_DATA: '/var/lib/tallygate',
      TALLYGATE_URL: 'https://tally.example.com',
      TALLYGATE_TOKEN: 't0ken',
      TALLYGATE_REDIS_URL: 'redis://localhost:6379',
      TALLYGATE_LEDGER_MEMORY_MB: '1024',
      TALLYGATE_CLICKHOUSE_URL: 'http://localhost:8123',
      TALLYGATE_CLICKHOUSE_INSERTS: 'gathered',
      TALLYGATE_RAW_RETENTION_DAYS: '730',
      TALLYGATE_PROVIDER_ID_RETENTION_DAYS: '90',
      TALLYGATE_PSEUDONYM_KEY: 'a long random text',
      TALLYGATE_API_KEY_ID: 'apikey_01abc',
      TALLYGATE_TEAM: 'support',
      TALLYGATE_FEATURE: 'summary',
      TALLYGATE_ENVIRONMENT: 'staging',
      TALLYGATE_BACKEND: 'bedrock',
      TALLYGATE_TELEMETRY: 'off',
      TALLYGATE_DURABILITY: 'fsync',
      TALLYGATE_SPOOL_MAX_BYTES: '1000000',
      TALLYGATE_SPOOL_FULL: 'aggregate',
      TALLYGATE_DRAIN_MS: '250',
      TALLYGATE_LEASE_TTL_MS: '1000',
      TALLYGATE_REDIS_ATTESTED: 'yes',
      TALLYGATE_CONFIG: 'ops/tallygate.yaml',
      TALLYGATE_PROVIDER_URL: 'http://127.0.0.1:9000',
      TALLYGATE_ALERT_WEBHOOK_URL: 'https://hooks.example.com/1',
      TALLYGATE_CONSOLE_PORT: '8787',
      ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-x',
    });
    expect(config).toEqual({
      organization: 'acme',
      mode: 'enforce',
      dataDirectory: '/var/lib/tallygate',
      url: 'https://tally.example.com',
      token: 't0ken',
      redisUrl: 'redis://localhost:6379',
      ledgerMemoryMb: 1024,
      clickhouseUrl: 'http://localhost:8123',
      clickhouseInserts: 'gathered',
      retention: { rawDays: 730, providerIdDays: 90 },
      pseudonymKey: 'a long random text',
      apiKeyId: 'apikey_01abc',
      backend: 'bedrock',
      telemetry: 'off',
      durability: 'fsync',
      spoolMaxBytes: 1_000_000,
      spoolFull: 'aggregate',
      drainMs: 250,
      leaseTtlMs: 1000,
      redisAttested: 'yes',
      production: true,
      defaults: { team: 'support', feature: 'summary', environment: 'staging' },
      configFile: '/srv/app/ops/tallygate.yaml',
      providerUrl: 'http://127.0.0.1:9000',
      adminKey: 'sk-ant-admin01-x',
      alertWebhookUrl: 'https://hooks.example.com/1',
      consolePort: 8787,
    });
  });

  it('takes either name of the admin key and treats an empty variable as unset', () => {
    expect(resolveWith({ ANTHROPIC_ADMIN_KEY: '', ANTHROPIC_ADMIN_API_KEY: 'k2' }).adminKey).toBe('k2');
    expect(resolveWith({ TALLYGATE_URL: ' ', TALLYGATE_MODE: '' })).toMatchObject({
      url: null,
      mode: 'observe',
    });
  });

  it('lets null end the search, so that an option can remove what the environment sets', () => {
    const environment = { TALLYGATE_REDIS_URL: 'redis://localhost' };
    expect(resolveWith(environment, { redisUrl: null }).redisUrl).toBeNull();
    expect(resolveWith(environment, { redisUrl: undefined }).redisUrl).toBe('redis://localhost');
  });

  it('keeps the provider ids no longer than the rows, and what is not named as by default', () => {
    const retention = (rawRetentionDays: number | null, providerIdRetentionDays: number | null) =>
      resolveWith({}, { rawRetentionDays, providerIdRetentionDays }).retention;
    expect(retention(30, null)).toEqual({ rawDays: 30, providerIdDays: 30 });
    expect(retention(null, 7)).toEqual({ rawDays: 400, providerIdDays: 7 });
    expect(retention(90, 90)).toEqual({ rawDays: 90, providerIdDays: 90 });
    expect(() => retention(90, 91)).toThrow('Option "providerIdRetentionDays" (91) is longer');
  });

  it.each([
    ['TALLYGATE_REDIS', 'TALLYGATE_REDIS_URL'],
    ['TALLYGATE_ORGANISATION', 'TALLYGATE_ORGANIZATION'],
    ['TALLYGATE_MODUS', 'TALLYGATE_MODE'],
    ['TALLYGATE_API_KEY', 'TALLYGATE_API_KEY_ID'],
  ])('refuses the unknown variable %s and suggests %s', (unknown, near) => {
    const error = refusal(() => resolveWith({ [unknown]: 'sekret' }));
    expect(error.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
    expect(error.message).toBe(`Environment variable ${unknown} is not known. Did you mean ${near}?`);
  });

  it('refuses an unknown variable that resembles none', () => {
    expect(refusal(() => resolveWith({ TALLYGATE_WHATEVER_THIS_IS: '1' })).cure).toBe('Unset it.');
  });

  it('refuses an unknown option with the nearest one', () => {
    const options = { redisURL: 'redis://x' } as ConfigOptions;
    expect(refusal(() => resolveWith({}, options)).message).toBe(
      'Option "redisURL" is not known. Did you mean redisUrl?',
    );
  });

  it.each([
    [{ TALLYGATE_MODE: 'enfroce' }, 'TALLYGATE_MODE ("enfroce") is not a mode.'],
    [{ TALLYGATE_BACKEND: 'aws' }, 'TALLYGATE_BACKEND ("aws") is not a backend.'],
    [
      { TALLYGATE_LEDGER_MEMORY_MB: '64' },
      'TALLYGATE_LEDGER_MEMORY_MB ("64") is not a whole number of MiB from 256 to 1048576. Set it to MiB, such as 512.',
    ],
    [
      { TALLYGATE_CLICKHOUSE_INSERTS: 'async' },
      'TALLYGATE_CLICKHOUSE_INSERTS ("async") is not a way to insert. Set it to direct or gathered.',
    ],
    [
      { TALLYGATE_RAW_RETENTION_DAYS: '1' },
      'TALLYGATE_RAW_RETENTION_DAYS ("1") is not a whole number of days from 2 to 10000.',
    ],
    [
      { TALLYGATE_PROVIDER_ID_RETENTION_DAYS: '401' },
      'TALLYGATE_PROVIDER_ID_RETENTION_DAYS ("401") is longer than rows are kept, which is 400 days.',
    ],
    [{ TALLYGATE_TELEMETRY: 'yes' }, 'TALLYGATE_TELEMETRY ("yes") is neither on nor off.'],
    [
      { TALLYGATE_DRAIN_MS: '-5' },
      'TALLYGATE_DRAIN_MS ("-5") is not a whole number of milliseconds from 0 to 600000.',
    ],
    [
      { TALLYGATE_LEASE_TTL_MS: '0' },
      'TALLYGATE_LEASE_TTL_MS ("0") is not a whole number of milliseconds from 100 to 60000.',
    ],
    [
      { TALLYGATE_DRAIN_MS: '5s' },
      'TALLYGATE_DRAIN_MS ("5s") is not a whole number of milliseconds from 0 to 600000.',
    ],
    [{ TALLYGATE_DRAIN_MS: '1e3' }, 'TALLYGATE_DRAIN_MS ("1e3") is not a whole number'],
    [
      { TALLYGATE_URL: 'tally.example.com' },
      'TALLYGATE_URL is not a URL that starts with http:// or https://.',
    ],
    [{ TALLYGATE_URL: 'ftp://tally' }, 'TALLYGATE_URL is not a URL that starts with http:// or https://.'],
    [
      { TALLYGATE_REDIS_URL: 'localhost:6379' },
      'TALLYGATE_REDIS_URL is not a URL that starts with redis:// or rediss://.',
    ],
    [
      { TALLYGATE_CLICKHOUSE_URL: 'clickhouse://h' },
      'TALLYGATE_CLICKHOUSE_URL is not a URL that starts with',
    ],
    [
      { TALLYGATE_ORGANIZATION: 'a{b}' },
      'TALLYGATE_ORGANIZATION ("a{b}") is not a name that keys can carry.',
    ],
    [{ TALLYGATE_CONSOLE_PORT: '70000' }, 'TALLYGATE_CONSOLE_PORT ("70000") is not a port from 0 to 65535.'],
    [{ TALLYGATE_API_KEY_ID: 'sk-ant-api03-x' }, 'TALLYGATE_API_KEY_ID holds a key, not the id of one.'],
    [{ TALLYGATE_TEAM: 'a\u0007b' }, 'TALLYGATE_TEAM ("a\\u0007b") holds control characters.'],
  ])('refuses %j in one sentence with a cure', (environment, sentence) => {
    const error = refusal(() => resolveWith(environment));
    expect(error.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
    expect(error.exitCode).toBe(2);
    expect(error.message.startsWith(sentence)).toBe(true);
    expect(error.cure).not.toBe('');
    expect(error.message).not.toContain('\n');
  });

  it('names the flag or option that a bad value came from', () => {
    const bad = 'no such mode' as 'off';
    expect(refusal(() => resolveWith({}, { mode: bad })).message).toMatch(/^Option "mode"/);
    const flags = { organization: '{}' };
    expect(refusal(() => resolveConfig({ flags, environment: {}, workingDirectory })).message).toMatch(
      /^--organization/,
    );
    const numeric = { dataDirectory: 5 as unknown as string };
    expect(refusal(() => resolveWith({}, numeric)).message).toMatch(
      /^Option "dataDirectory" \(5\) is not text/,
    );
  });

  it('never echoes the value of a setting that can hold a secret, whatever the value is', () => {
    const names = SETTING_NAMES.filter((name) => SETTINGS[name].secret);
    expect(names.length).toBeGreaterThan(6);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.stringMatching(/^[a-z]{9,14}$/), (name, marker) => {
        const [variable = ''] = SETTINGS[name].variables;
        for (const value of [`${marker} ${marker}`, `sk-${marker}\n`, `foo://user:${marker}@host`, marker])
          try {
            resolveWith({ [variable]: value });
          } catch (error) {
            expect(JSON.stringify([String(error), (error as TallygateError).cure])).not.toContain(marker);
          }
      }),
      { seed: 20261121 },
    );
  });
});
