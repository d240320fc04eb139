import type { APIRequest } from '@anthropic-ai/sdk';
import type { Backend } from '@tallygate/usage';

/** What the response's headers say about who was served and billed. */
export interface ProviderIdentity {
  requestId: string | null;
  providerOrganizationId: string | null;
  workspaceId: string | null;
}

export const UNKNOWN_IDENTITY: ProviderIdentity = {
  requestId: null,
  providerOrganizationId: null,
  workspaceId: null,
};

export function providerIdentity(headers: Headers): ProviderIdentity {
  return {
    requestId: headers.get('request-id'),
    providerOrganizationId: headers.get('anthropic-organization-id'),
    workspaceId: headers.get('anthropic-workspace-id'),
  };
}

/** Below this length a hint would give away too large a part of the key. */
const HINTED_KEY_LENGTH_MIN = 40;

/** The provider's own hint form of the key ("sk-ant-api03-R2D...igAA"), resolved to its id at reconciliation. Never more of it. */
export function apiKeyHint(request: APIRequest): string | null {
  const key = request.headers.get('x-api-key') ?? bearerKey(request.headers);
  if (key === null || key.length < HINTED_KEY_LENGTH_MIN) return null;
  return `${key.slice(0, 16)}...${key.slice(-4)}`;
}

/** Newer SDKs send the key as a bearer token; other bearer tokens are sessions, of which nothing is kept. */
function bearerKey(headers: Headers): string | null {
  return /^Bearer (sk-ant-\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

const PARTNER_HOSTS: [pattern: RegExp, backend: Backend][] = [
  [/(^|\.)bedrock(-[a-z]+)*\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws)$/, 'bedrock'],
  [/(^|[.-])aiplatform\.(googleapis\.com|[a-z0-9-]+\.rep\.googleapis\.com)$/, 'vertex'],
  [/\.(services\.ai|cognitiveservices|openai)\.azure\.com$/, 'foundry'],
];

/** An application asks the same few addresses all its life. */
let known: { url: string; backend: Backend } = { url: '', backend: 'anthropic' };

/** Told by the host, since middleware sees the same canonical request on every backend. */
export function backendOf({ url }: Pick<APIRequest, 'url'>): Backend {
  if (url !== known.url) known = { url, backend: backendAt(url) };
  return known.backend;
}

function backendAt(url: string): Backend {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return PARTNER_HOSTS.find(([pattern]) => pattern.test(host))?.[1] ?? 'anthropic';
}
