import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readReplayCases } from '@tallygate/demo';

/** One exchange with the provider: what is asked, and what comes back. */
export interface Exchange {
  id: string;
  api: 'ga' | 'beta';
  endpoint: 'messages' | 'count_tokens';
  isStreamed: boolean;
  params: Record<string, unknown>;
  status: number;
  headers: Record<string, string>;
  bytes: Uint8Array;
}

const FOLDER = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));

/** What a caller asks for where a recording does not tell. */
const PARAMS = { model: 'claude-haiku-5-5', max_tokens: 16, messages: [{ role: 'user', content: 'x' }] };

/** Every recorded exchange; none where the recordings are absent. */
export function recordedExchanges(): Exchange[] {
  if (!existsSync(FOLDER)) return [];
  return readReplayCases(FOLDER).map(
    ({ recording: { id, path, beta, request, status, headers, ...rest } }) => ({
      id,
      api: beta !== null || path.includes('beta=true') ? 'beta' : 'ga',
      endpoint: path.includes('count_tokens') ? 'count_tokens' : 'messages',
      isStreamed: rest.bodyKind === 'sse' || (status >= 400 && request?.['stream'] === true),
      params: { ...PARAMS, ...request },
      status,
      headers: { 'content-type': contentTypeOf(rest.bodyKind), ...headers },
      bytes: new TextEncoder().encode(rest.body),
    }),
  );
}

export function contentTypeOf(kind: 'json' | 'sse'): string {
  return kind === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/json';
}
