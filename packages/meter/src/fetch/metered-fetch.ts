import type { Middleware, MiddlewareContext } from '@anthropic-ai/sdk';
import { type CallAttribution, type Logger, TallygateError } from '@tallygate/usage';
import { type CallContext, createsMessage } from '../attempt.ts';
import { batchRoute } from '../batches/batch-routes.ts';
import { ATTRIBUTION_HEADER, parseAttributionHeader } from './attribution-header.ts';
import { followSends, isCovered } from './covered-sends.ts';
import { refusalResponse, takesErrorsForOutages } from './refusal-response.ts';
import {
  type FetchInit,
  type FetchInput,
  readBodyText,
  type SightedRequest,
  sightRequest,
} from './sight-request.ts';

export interface MeteredFetchOptions {
  mode: 'off' | 'observe' | 'enforce';
  logger: Logger;
  /** Meters one attempt; of its context it uses what a `CallContext` has. */
  middleware: Middleware;
}

/**
 * The meter in the shape of `fetch`, for what has no middleware: older SDKs, other libraries, `fetch` itself.
 *
 * Each call is one attempt. It takes every form that `fetch` takes and hands exactly that on; only `POST …/v1/messages` and
 * message batches are metered. The header `x-tallygate-attribution` is taken off, whatever the request. Below a wrapped client it
 * only passes on.
 *
 * It throws what `inner` throws, and the errors of `createMeter`. To the provider's SDKs these are answered instead: they would
 * take them for a lost connection.
 */
export function createMeteredFetch(options: MeteredFetchOptions, inner?: typeof fetch): typeof fetch {
  followSends();
  const warnOfPartnerWire = partnerWireWarning(options.logger);
  return async function tallygateFetch(input: FetchInput, init?: FetchInit): Promise<Response> {
    const sighted = sightRequest(input, init);
    const note = sighted.headers.get(ATTRIBUTION_HEADER);
    sighted.headers.delete(ATTRIBUTION_HEADER);
    const sent = note === null ? init : { ...init, headers: sighted.headers };
    const send = (asked: SendRequest = sighted, body?: string) => {
      const isRedirected = asked.signal !== sighted.signal;
      const signalled = isRedirected ? { ...sent, signal: asked.signal ?? null } : sent;
      const isChanged = typeof asked.body === 'string' && asked.body !== body;
      return (inner ?? globalThis.fetch)(
        input,
        isChanged ? withBody(asked.body, signalled, sighted) : signalled,
      );
    };
    if (options.mode === 'off' || isCovered()) return send();
    if (!isMetered(sighted)) {
      warnOfPartnerWire(sighted.url);
      return send();
    }
    try {
      const context = contextOf(sighted.headers, attributionOf(note, options));
      const body = await bodyToMeter(input, init, sighted, options);
      return await options.middleware(
        { ...sighted, body },
        (asked) => send(asked, body),
        context as MiddlewareContext,
      );
    } catch (error) {
      if (TallygateError.isInstance(error) && takesErrorsForOutages(sighted.headers))
        return refusalResponse(error);
      throw error;
    }
  };
}

/** Of what the meter wants sent, only who may abort it and what a ladder changed can differ from what was asked for. */
type SendRequest = Pick<RequestInit, 'signal' | 'body'>;

/** The length that the caller may have stated is that of another body. */
function withBody(body: SendRequest['body'], init: FetchInit, { headers }: SightedRequest): RequestInit {
  headers.delete('content-length');
  return { ...init, headers, body: body ?? null };
}

function isMetered(sighted: SightedRequest): boolean {
  return createsMessage(sighted) || batchRoute(sighted) !== null;
}

/** How Bedrock and Google Cloud are asked for a message on the wire, behind their clients. */
const PARTNER_WIRE =
  /\/model\/[^/]+\/invoke(-with-response-stream)?$|(?<!count-tokens):(rawPredict|streamRawPredict)$/;

/** Says once that such a call goes on unmetered: here it has lost its common form, which `wrap` still sees. */
function partnerWireWarning(logger: Logger): (url: string) => void {
  let isSaid = false;
  return (url) => {
    if (isSaid || !PARTNER_WIRE.test(url.split(/[?#]/, 1)[0] ?? '')) return;
    isSaid = true;
    logger.warn('a partner’s own wire is not metered by tally.fetch: wrap the client instead');
  };
}

/** Stands for a body that cannot be read: the model and the tokens are learned from the answer alone. */
const NOTHING_KNOWN = '{}';

/** Observing meters such a call by its answer. Enforcing cannot: a call whose cost nobody can bound would pass every budget. */
async function bodyToMeter(
  input: FetchInput,
  init: FetchInit,
  sighted: SightedRequest,
  options: MeteredFetchOptions,
): Promise<string> {
  const text = await readBodyText(input, init, sighted.headers);
  if (text === null && options.mode === 'enforce') {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'The body of the message request is a stream or compressed, so its cost cannot be bounded.',
      cure: 'Pass the body to tally.fetch as a string or as bytes.',
    });
  }
  return text ?? NOTHING_KNOWN;
}

function attributionOf(
  note: string | null,
  { mode, logger }: MeteredFetchOptions,
): CallAttribution | undefined {
  if (note === null) return undefined;
  try {
    return parseAttributionHeader(note);
  } catch (error) {
    if (mode === 'enforce') throw error;
    logger.warn('attribution of a call not understood, its defaults are charged', { error: String(error) });
    return undefined;
  }
}

/** Tries of one call cannot be told from calls of their own here; only the SDKs' retry header numbers them. */
function contextOf(headers: Headers, attribution: CallAttribution | undefined): CallContext {
  const timeoutSeconds = countIn(headers, 'x-stainless-timeout');
  const timeout = timeoutSeconds === null ? undefined : timeoutSeconds * 1_000;
  return {
    options: { attribution, timeout },
    earlierTries: countIn(headers, 'x-stainless-retry-count') ?? 0,
  };
}

function countIn(headers: Headers, name: string): number | null {
  const text = headers.get(name) ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}
