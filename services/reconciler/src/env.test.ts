import { describe, expect, it } from 'vitest';
import { settingsFromEnvironment } from './env.ts';

const adminKey = 'sk-ant-admin01-x';

describe('the settings', () => {
  it('need only the admin key, under either of its names', () => {
    const standard = { adminKey, providerUrl: null, pseudonymKey: null, intervalMs: 3_600_000, port: 8788 };
    expect(settingsFromEnvironment({ ANTHROPIC_ADMIN_KEY: adminKey })).toEqual(standard);
    expect(settingsFromEnvironment({ ANTHROPIC_ADMIN_API_KEY: adminKey, ANTHROPIC_ADMIN_KEY: '' })).toEqual(
      standard,
    );
  });

  it('can all be set', () => {
    expect(
      settingsFromEnvironment({
        ANTHROPIC_ADMIN_KEY: adminKey,
        TALLYGATE_PROVIDER_URL: 'http://127.0.0.1:9',
        TALLYGATE_PSEUDONYM_KEY: 'pepper',
        RECONCILER_INTERVAL_MINUTES: '5',
        RECONCILER_PORT: '0',
      }),
    ).toEqual({
      adminKey,
      providerUrl: 'http://127.0.0.1:9',
      pseudonymKey: 'pepper',
      intervalMs: 300_000,
      port: 0,
    });
  });

  it.each([
    {},
    { ANTHROPIC_ADMIN_KEY: '' },
    { ANTHROPIC_ADMIN_KEY: adminKey, RECONCILER_INTERVAL_MINUTES: '0' },
    { ANTHROPIC_ADMIN_KEY: adminKey, RECONCILER_INTERVAL_MINUTES: '1.5' },
    { ANTHROPIC_ADMIN_KEY: adminKey, RECONCILER_INTERVAL_MINUTES: '1441' },
    { ANTHROPIC_ADMIN_KEY: adminKey, RECONCILER_PORT: '70000' },
    { ANTHROPIC_ADMIN_KEY: adminKey, RECONCILER_PORT: '-1' },
  ])('are refused when they cannot be meant: %j', (environment) => {
    expect(() => settingsFromEnvironment(environment)).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
    );
  });
});
