import { describe, expect, it } from 'vitest';
import { settingsFromEnvironment } from './env.ts';

describe('the settings', () => {
  it('need nothing', () => {
    expect(settingsFromEnvironment({})).toEqual({ intervalMs: 3_600_000, port: 8788 });
  });

  it('can all be set', () => {
    const environment = { RECONCILER_INTERVAL_MINUTES: '5', RECONCILER_PORT: '0' };
    expect(settingsFromEnvironment(environment)).toEqual({ intervalMs: 300_000, port: 0 });
  });

  it.each([
    { RECONCILER_INTERVAL_MINUTES: '0' },
    { RECONCILER_INTERVAL_MINUTES: '1.5' },
    { RECONCILER_INTERVAL_MINUTES: '1441' },
    { RECONCILER_PORT: '70000' },
    { RECONCILER_PORT: '-1' },
  ])('are refused when they cannot be meant: %j', (environment) => {
    expect(() => settingsFromEnvironment(environment)).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
    );
  });
});
