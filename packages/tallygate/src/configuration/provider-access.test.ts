import { describe, expect, it } from 'vitest';
import { parseConfigurationYaml } from './file.ts';
import type { LoadedConfig } from './load.ts';
import { planChanges } from './plan.ts';
import { providerAccesses } from './provider-access.ts';
import { resolveConfig } from './resolve.ts';

const YAML = `version: 1
providerOrganizations:
  - id: 5a78faa3-f26f-4a94-8149-c6111f048aa5
    adminKeys: [MAIN_ADMIN_KEY, MAIN_ANALYTICS_KEY]
  - { id: lab, adminKeys: [LAB_ADMIN_KEY] }
`;
const KEYS = { MAIN_ADMIN_KEY: 'sk-1', MAIN_ANALYTICS_KEY: 'sk-2', LAB_ADMIN_KEY: 'sk-3' };

function loaded(yaml: string | null, environment: Record<string, string> = {}): LoadedConfig {
  const config = resolveConfig({ environment, workingDirectory: '/tmp' });
  return { config, desired: yaml === null ? null : parseConfigurationYaml(yaml, 'tallygate.yaml') };
}

describe('the organizations of the provider', () => {
  it('are those that tallygate.yaml lists, with the keys that lie in the variables it names', () => {
    expect(providerAccesses(loaded(YAML), KEYS)).toEqual([
      {
        organizationId: '5a78faa3-f26f-4a94-8149-c6111f048aa5',
        keys: [
          { variable: 'MAIN_ADMIN_KEY', apiKey: 'sk-1' },
          { variable: 'MAIN_ANALYTICS_KEY', apiKey: 'sk-2' },
        ],
        providerUrl: null,
      },
      { organizationId: 'lab', keys: [{ variable: 'LAB_ADMIN_KEY', apiKey: 'sk-3' }], providerUrl: null },
    ]);
  });

  it('are the one of ANTHROPIC_ADMIN_KEY where the file lists none, and none without it', () => {
    const environment = { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-x' };
    expect(providerAccesses(loaded('version: 1\n', environment), environment)).toMatchObject([
      { organizationId: null, keys: [{ apiKey: 'sk-ant-admin01-x' }] },
    ]);
    expect(providerAccesses(loaded(null), {})).toEqual([]);
  });

  it('are refused without a key, by the name of the variable', () => {
    expect(() => providerAccesses(loaded(YAML), { ...KEYS, LAB_ADMIN_KEY: '' })).toThrow(
      expect.objectContaining({
        code: 'TALLYGATE_CONFIGURATION_INVALID',
        message: expect.stringContaining('LAB_ADMIN_KEY'),
      }),
    );
  });

  it.each([
    ['a key in the file, which no error repeats', 'adminKeys: [sk-ant-admin01-secret]'],
    ['no key', 'adminKeys: []'],
    ['an organization twice', 'adminKeys: [A]\n  - { id: main, adminKeys: [B] }'],
    ['a misspelt field', 'adminkeys: [A]'],
  ])('refuses %s', (_case, fields) => {
    const yaml = `version: 1\nproviderOrganizations:\n  - id: main\n    ${fields}\n`;
    const parse = () => parseConfigurationYaml(yaml, 'tallygate.yaml');
    expect(parse).toThrow(expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }));
    expect(parse).not.toThrow('secret');
  });

  it('are not published: another process has other keys', () => {
    const desired = parseConfigurationYaml(YAML, 'tallygate.yaml');
    const live = {
      ...parseConfigurationYaml('version: 1\n', 'x'),
      version: 1,
      organization: 'default',
      priceBook: null,
    };
    expect(planChanges(live, desired).changes).toEqual([]);
    const team = parseConfigurationYaml(`${YAML}teams: [{ id: support }]\n`, 'tallygate.yaml');
    expect(planChanges(live, team).after).not.toHaveProperty('providerOrganizations');
  });
});
