import { describe, expect, it } from 'vitest';
import { optionsFromEnvironment } from './env.ts';

describe('settings from the environment', () => {
  it('are the options of the same name, and nothing where nothing is set', () => {
    expect(optionsFromEnvironment({ PATH: '/bin' })).toEqual({});
    expect(
      optionsFromEnvironment({
        SIMULATOR_PORT: '8080',
        SIMULATOR_SEED: '7',
        SIMULATOR_EVENT_DELAY_MS: '0',
        SIMULATOR_ADMIN_KEY: 'admin',
        SIMULATOR_EXTRA_BILLED_USD: '0.01',
        SIMULATOR_API_KEYS: '[{"key":"k","id":"apikey_1"}]',
      }),
    ).toEqual({
      port: 8080,
      seed: 7,
      eventDelayMs: 0,
      adminKey: 'admin',
      extraBilledUsd: '0.01',
      apiKeys: [{ key: 'k', id: 'apikey_1', workspaceId: null }],
    });
  });

  it('refuse a name that is misspelt and a number that is none', () => {
    expect(() => optionsFromEnvironment({ SIMULATOR_SEDE: '7' })).toThrow('SIMULATOR_SEDE is not a setting');
    expect(() => optionsFromEnvironment({ SIMULATOR_PORT: '80a' })).toThrow('SIMULATOR_PORT is "80a"');
  });

  it.each([
    '',
    'a-secret',
    '{"key":"a-secret"}',
    '[{"key":"a-secret"}]',
    '[{"key":"a-secret","id":"i","workspaceId":1}]',
  ])('refuse the key list %j without quoting it', (text) => {
    const read = () => optionsFromEnvironment({ SIMULATOR_API_KEYS: text });
    expect(read).toThrow('must be a JSON list');
    expect(read).not.toThrow('a-secret');
  });
});
