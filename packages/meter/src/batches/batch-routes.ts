import type { APIRequest } from '@anthropic-ai/sdk';

/** What a request does to message batches, as far as metering cares. Listing changes nothing and passes by. */
export type BatchRoute =
  | { kind: 'create' }
  /** retrieve and cancel: both answer with the batch as it stands. */
  | { kind: 'state'; batchId: string }
  | { kind: 'results'; batchId: string }
  | { kind: 'delete'; batchId: string };

const BATCHES_PATH = /\/v1\/messages\/batches(?:\/(?<id>[^/]+)(?:\/(?<action>results|cancel))?)?$/;

export function batchRoute(request: Pick<APIRequest, 'method' | 'url'>): BatchRoute | null {
  const path = BATCHES_PATH.exec(request.url.split(/[?#]/, 1)[0] ?? '');
  if (path === null) return null;
  const { id, action = '' } = path.groups ?? {};
  const method = request.method?.toUpperCase() ?? 'GET';
  if (id === undefined) return method === 'POST' ? { kind: 'create' } : null;
  const batchId = decoded(id);
  switch (`${method} ${action}`) {
    case 'GET ':
    case 'POST cancel':
      return { kind: 'state', batchId };
    case 'GET results':
      return { kind: 'results', batchId };
    case 'DELETE ':
      return { kind: 'delete', batchId };
    default:
      return null;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
