import { type Book, createBook } from './billing/book.ts';
import { utcDay } from './billing/charge.ts';
import { type ApiKey, createKeyring, type Keyring } from './keys.ts';
import { createPromptCache, type PromptCache } from './messages/prompt-cache.ts';
import type { ResolvedOptions } from './options.ts';
import { identifier, uuidFrom } from './random.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { createReportFaults, type ReportFaults } from './reports/report-faults.ts';
import { createTally, type Tally } from './tally.ts';

/** The state behind the routes: one organization of the provider, in memory. */
export interface Provider {
  options: ResolvedOptions;
  organizationId: string;
  /** The id that responses name for keys of the default workspace; reports say null instead. */
  defaultWorkspaceId: string;
  keyring: Keyring;
  promptCache: PromptCache;
  book: Book;
  tally: Tally;
  rateLimits: RateLimits;
  reportFaults: ReportFaults;
  /** A new id: "msg_01…". The nth id of a seed is always the same. */
  newId(prefix: string): string;
  workspaceIdOf(apiKey: ApiKey): string;
}

export function createProvider(options: ResolvedOptions): Provider {
  const { seed, nowMs, extraPicoUsd, discountPercent, discountUntil, priceChanges } = options;
  const defaultWorkspaceId = identifier('wrkspc', `default:${seed}`);
  let issuedIds = 0;
  return {
    options,
    organizationId: uuidFrom(`organization:${seed}`),
    defaultWorkspaceId,
    keyring: createKeyring(options.apiKeys, options.adminKey),
    promptCache: createPromptCache(),
    book: createBook({
      ...{ extraPicoUsd, extraFromDay: utcDay(nowMs()) },
      ...{ discountPercent, discountUntil, priceChanges },
    }),
    tally: createTally(),
    rateLimits: createRateLimits(),
    reportFaults: createReportFaults(),
    newId(prefix) {
      issuedIds += 1;
      return identifier(prefix, `${seed}:${issuedIds}`);
    },
    workspaceIdOf: (apiKey) => apiKey.workspaceId ?? defaultWorkspaceId,
  };
}
