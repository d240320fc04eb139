/** The parameters of `fetch`, in every form that it accepts. */
export type FetchInput = Parameters<typeof fetch>[0];
export type FetchInit = Parameters<typeof fetch>[1];

/** What a call of `fetch` asks for, whatever form it was given in. Headers are a copy: taking one off changes nothing. */
export interface SightedRequest {
  url: string;
  method: string;
  headers: Headers;
  signal: AbortSignal | null;
}

/** `init` outranks a `Request`, as in `fetch` itself. Reads no body. */
export function sightRequest(input: FetchInput, init: FetchInit): SightedRequest {
  const request = requestOf(input);
  return {
    url: request?.url ?? String(input),
    method: init?.method ?? request?.method ?? 'GET',
    headers: new Headers(init?.headers ?? request?.headers),
    signal: (init?.signal === undefined ? request?.signal : init.signal) ?? null,
  };
}

/**
 * The body as text, leaving it to be sent as it is; empty when there is none. Null for what cannot be read without using it up
 * (a stream, an iterable), or is no plain text (a form, a compressed body).
 *
 * Of a `Request` a clone is read: the platform keeps the bytes for the one that is sent.
 */
export async function readBodyText(
  input: FetchInput,
  init: FetchInit,
  headers: Headers,
): Promise<string | null> {
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return null;
  const body: unknown = init?.body ?? null;
  if (body === null) return textOfRequest(requestOf(input));
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof Blob) return body.text();
  const bytes = bytesOf(body);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

/** A request that cannot be cloned or breaks while it is read fails in `fetch` with the platform's own error, so none is thrown here. */
async function textOfRequest(request: Request | null): Promise<string> {
  if (request === null || request.body === null || request.bodyUsed) return '';
  try {
    return await request.clone().text();
  } catch {
    return '';
  }
}

/** Structural: several implementations of `Request` may be about. */
function requestOf(input: FetchInput): Request | null {
  return typeof input === 'object' && 'url' in input ? input : null;
}

function bytesOf(body: unknown): Uint8Array | null {
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (!ArrayBuffer.isView(body)) return null;
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
