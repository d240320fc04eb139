import { ProviderError } from './provider-error.ts';

/** A key of the organization. Reports name its `id`; `workspaceId` null is the default workspace. */
export interface ApiKey {
  key: string;
  id: string;
  workspaceId: string | null;
  /** Claude Code runs on it: its use has a report of its own besides the others. */
  isClaudeCode?: boolean;
}

/** Not secrets: they open nothing but this stand-in. */
export const DEFAULT_API_KEY = 'sk-ant-api03-simulator-opens-nothing-else-0001';
export const DEFAULT_ADMIN_KEY = 'sk-ant-admin01-simulator-opens-nothing-else-0002';

export const DEFAULT_API_KEYS: readonly ApiKey[] = [
  { key: DEFAULT_API_KEY, id: 'apikey_01SimulatorDefault', workspaceId: null },
];

export interface Keyring {
  /** @throws ProviderError 401 unless the key is one of the organization's own. An admin key is not. */
  requireApiKey(headers: Headers): ApiKey;
  /** @throws ProviderError 401 unless it is the admin key. A workspace key is not. */
  requireAdminKey(headers: Headers): void;
}

export function createKeyring(apiKeys: readonly ApiKey[], adminKey: string): Keyring {
  const bySecret = new Map(apiKeys.map((apiKey) => [apiKey.key, apiKey]));
  if (bySecret.size !== apiKeys.length) throw new RangeError('Two API keys have the same secret.');
  if (bySecret.has(adminKey)) throw new RangeError('The admin key must differ from every API key.');
  return {
    requireApiKey(headers) {
      const apiKey = bySecret.get(presentedKey(headers));
      if (apiKey === undefined) throw new ProviderError('authentication_error', 'invalid x-api-key');
      return apiKey;
    },
    requireAdminKey(headers) {
      if (presentedKey(headers) !== adminKey) {
        throw new ProviderError('authentication_error', 'invalid x-api-key');
      }
    },
  };
}

/** SDK 1.x sends keys as bearer tokens, older ones and most scripts as `x-api-key`; the provider takes both. */
function presentedKey(headers: Headers): string {
  const bearer = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  const key = headers.get('x-api-key') ?? bearer;
  if (key === undefined) throw new ProviderError('authentication_error', 'x-api-key header is required');
  return key;
}
