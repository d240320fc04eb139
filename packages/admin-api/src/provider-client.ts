import Anthropic from '@anthropic-ai/sdk';
import { type Clock, type Logger, TallygateError } from '@tallygate/usage';
import type { ReadReport, ReportAsked } from './read-report.ts';
import { reportMalformed } from './report-malformed.ts';

/**
 * HTTP to the provider's organization endpoints, through the SDK's generic `get`: its retries (429 with `retry-after`, 5xx,
 * lost connections) and nothing else of it.
 *
 * Promise: one request at a time, because the limit of these endpoints is low, unpublished and shared by the whole
 * organization; the key is in no message, no log line and no error; every failure is a `TallygateError`.
 */
export interface ProviderClientOptions {
  /** The only organization whose answers are taken. */
  organizationId?: string;
  /** A report that is known already: the body that `onReport` was given once, or null to ask the provider. */
  recall?: (asked: ReportAsked) => Promise<Record<string, unknown> | null>;
  /** Each report that was read to its end. What it rejects with, the reading of the report rejects with. */
  onReport?: (report: ReadReport) => Promise<void>;
  /** An admin key (`sk-ant-admin01-…`). */
  apiKey: string;
  baseUrl: string;
  clock: Clock;
  logger: Logger;
  fetch?: typeof globalThis.fetch;
}

export interface ProviderClient {
  /** `path` is relative to `/v1/organizations/`. Resolves to the parsed JSON body. */
  get(path: string, query: Record<string, unknown>, contract?: Contract): Promise<unknown>;
  recall(asked: ReportAsked): Promise<Record<string, unknown> | null>;
  keep(report: ReadReport): Promise<void>;
  /** As the provider's last answer named it. */
  organizationId(): string | null;
  /** When it is asked; what was asked once stays as it was answered then. */
  nowMs(): number;
}

/** Under which version of the documentation an answer is asked for. */
export interface Contract {
  betas?: readonly string[];
  version?: string;
}

/** The version that documents families A, B and C. What a newer one does to them is written nowhere. */
const API_VERSION = '2023-06-01';
/** The provider asks integrators to name themselves. */
const USER_AGENT = 'Tallygate/0.1.0 (admin-api)';
const MAX_RETRIES = 5;
const TIMEOUT_MS = 120_000;

export function createProviderClient(options: ProviderClientOptions): ProviderClient {
  const client = new Anthropic({
    apiKey: requireHeaderSafe(options.apiKey),
    baseURL: options.baseUrl,
    maxRetries: MAX_RETRIES,
    timeout: TIMEOUT_MS,
    logLevel: 'off',
    // fetch keeps custom headers across origins: followed, a redirect would hand the key to another host.
    fetchOptions: { redirect: 'error' },
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const identity = {
    'User-Agent': USER_AGENT,
    // Documented for admin keys. The SDK would send a bearer token, which these endpoints describe for OAuth only.
    'x-api-key': options.apiKey,
    Authorization: null,
  };
  const oneAtATime = createQueue();
  let organizationId: string | null = options.organizationId ?? null;
  return {
    recall: async (asked) => (await options.recall?.(asked)) ?? null,
    keep: async (report) => options.onReport?.(report),
    organizationId: () => organizationId,
    nowMs: options.clock.nowMs,
    get: (path, query, contract = {}) =>
      oneAtATime(async () => {
        options.logger.debug('asking the provider', { path, query });
        const headers = { ...identity, ...contractHeaders(contract) };
        try {
          const asked = client.get<unknown>(`/v1/organizations/${path}`, { query, headers });
          const { data, response } = await asked.withResponse();
          const named = response.headers.get('anthropic-organization-id');
          if (named !== null) requireOrganization(named, options.organizationId ?? named);
          organizationId = named ?? organizationId;
          return data;
        } catch (error) {
          throw asTallygateError(path, error, contract);
        }
      }),
  };
}

/** The provider's HTTP status behind an error of ours, or null when there was no answer. */
export function providerStatus(error: unknown): number | null {
  const cause = TallygateError.isInstance(error) ? error.cause : undefined;
  return cause instanceof Anthropic.APIError ? (cause.status ?? null) : null;
}

/**
 * True where this key may not read a report, or the organization is not offered it (403, 404; 400 where its beta is not open to it);
 * another may do.
 */
export function isNotOffered(error: unknown): boolean {
  const status = providerStatus(error);
  return status === 403 || status === 404 || (status === 400 && !isOurFault(error));
}

function isOurFault(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.code === 'TALLYGATE_REQUEST_INVALID';
}

function requireOrganization(named: string, meant: string): void {
  if (named === meant) return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The admin key is of the provider organization ${named}, not of ${meant}.`,
    cure: 'Exchange the keys, or write the id of the organization beside its own.',
  });
}

function contractHeaders({ betas = [], version = API_VERSION }: Contract): Record<string, string> {
  const beta = betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') };
  return { 'anthropic-version': version, ...beta };
}

/** A control character would make `fetch` throw an error that quotes the key. */
function requireHeaderSafe(apiKey: string): string {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: 'The admin key is empty or holds a character that no key has (space, line break, non-ASCII).',
    cure: 'Set the admin key (sk-ant-admin01-…) again, without quotes or line breaks.',
  });
}

function createQueue(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => undefined);
    return result;
  };
}

function asTallygateError(path: string, error: unknown, { betas = [] }: Contract): TallygateError {
  if (TallygateError.isInstance(error)) return error;
  if (error instanceof SyntaxError) return reportMalformed(path, 'is not complete JSON', error);
  if (!(error instanceof Anthropic.APIError) || error.status === undefined) {
    const message = `The provider did not answer for ${path}.`;
    return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message, cause: error });
  }
  const answer = `${error.status}${error.type === null ? '' : ` ${error.type}`}`;
  if (error.status === 401 || error.status === 403) {
    const message = `The provider refused the admin key for ${path} (${answer}).`;
    return new TallygateError('TALLYGATE_KEY_REJECTED', { message, cause: error });
  }
  if (error.status === 404 || (error.status === 400 && betas.length > 0)) {
    const message = `The provider does not offer ${path} to this key (${answer})${wordsOf(error)}`;
    return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message, cure: NOT_OFFERED, cause: error });
  }
  if (error.status === 400) {
    const message = `The provider refused the question to ${path} (${answer})${wordsOf(error)}`;
    return new TallygateError('TALLYGATE_REQUEST_INVALID', { message, cause: error });
  }
  const message = `The provider answered ${answer} for ${path}.`;
  return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message, cause: error });
}

const NOT_OFFERED =
  'Reports need an organization and an admin key of it (sk-ant-admin01-…); an account of one person has none. Check TALLYGATE_PROVIDER_URL where it is set.';
const MOST_WORDS = 200;

/** What the provider says of it, for a person to read: which field it means stands nowhere else. */
function wordsOf({ error: body }: InstanceType<typeof Anthropic.APIError>): string {
  const { message } = (body as { error?: { message?: unknown } } | undefined)?.error ?? {};
  if (typeof message !== 'string' || message.includes('sk-')) return '.';
  return `: ${message.slice(0, MOST_WORDS)}`;
}
