import { type BillingCase, EVERY_CLASS, HAIKU, HAIKU_4_5, iteration, OPUS } from './billing-case.ts';

/** One answer of Opus 5.5 that used every class. */
function everyClass(
  rule: string,
  usage: Record<string, unknown>,
  usd: string,
  more: { request?: Record<string, unknown>; flags?: string[] } = {},
): BillingCase {
  const { flags = [], ...rest } = more;
  const answer = { model: OPUS, usage: { ...EVERY_CLASS, ...usage } };
  return { rule, ...rest, answer, lines: [{ type: 'message', model: OPUS, usd, flags }], totalUsd: usd };
}

/** 60,000 read anew, 30,000 from the cache, 10,000 into it: a prompt of exactly 100,000 tokens. */
const AT_THRESHOLD = {
  input_tokens: 60_000,
  cache_read_input_tokens: 30_000,
  cache_creation_input_tokens: 10_000,
  cache_creation: { ephemeral_5m_input_tokens: 10_000, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1_000,
};

function haiku(rule: string, usage: Record<string, unknown>, usd: string): BillingCase {
  return {
    rule,
    answer: { model: HAIKU, usage },
    lines: [{ type: 'message', model: HAIKU, usd }],
    totalUsd: usd,
  };
}

const SPEED_AND_PLACE: BillingCase[] = [
  everyClass('the five token classes, each at its rate', {}, '0.0191'),
  everyClass('fast mode is charged where the answer says so', { speed: 'fast' }, '0.0382', {
    request: { speed: 'fast' },
  }),
  everyClass(
    'fast mode that was asked for and not served costs the standard price',
    { speed: 'standard' },
    '0.0191',
    {
      request: { speed: 'fast' },
    },
  ),
  everyClass(
    'the US surcharge is charged where the answer says so, whoever set it',
    { inference_geo: 'us' },
    '0.02101',
  ),
  everyClass(
    'a US pin that the answer does not confirm costs nothing more',
    { inference_geo: 'global' },
    '0.0191',
    {
      request: { inference_geo: 'us' },
    },
  ),
  everyClass(
    'a geography that is not available costs nothing more',
    { inference_geo: 'not_available' },
    '0.0191',
  ),
  everyClass('fast mode and the US surcharge multiply', { speed: 'fast', inference_geo: 'us' }, '0.04202'),
  everyClass('priority capacity is shown at list and flagged', { service_tier: 'priority' }, '0.0191', {
    flags: ['priority_tier'],
  }),
  everyClass('the tier counts that served, not the one asked for', { service_tier: 'standard' }, '0.0191', {
    request: { service_tier: 'auto' },
  }),
  {
    rule: 'a model without a US price has no surcharge',
    answer: { model: HAIKU_4_5, usage: { input_tokens: 1_000, output_tokens: 100, inference_geo: 'us' } },
    lines: [{ type: 'message', model: HAIKU_4_5, usd: '0.0015' }],
    totalUsd: '0.0015',
  },
];

const CACHES: BillingCase[] = [
  // 300 more tokens than the split covers: × 5.
  everyClass(
    'a remainder of cache writes without a lifetime costs the five-minute rate',
    { cache_creation_input_tokens: 1_000 },
    '0.0206',
    {
      flags: ['assumed_ttl'],
    },
  ),
  // The same 300 × 8.
  everyClass(
    'the same remainder costs the one-hour rate where the request asked for an hour',
    { cache_creation_input_tokens: 1_000 },
    '0.0215',
    {
      request: {
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      },
      flags: ['assumed_ttl'],
    },
  ),
  // 0.004 + 0.0004 + 700 × 5 + 0.01.
  everyClass('writes without any split cost the five-minute rate', { cache_creation: null }, '0.0179', {
    flags: ['assumed_ttl'],
  }),
  {
    rule: 'counts of zero are counts: nothing is charged and nothing is estimated',
    answer: { model: OPUS, usage: { input_tokens: 0, output_tokens: 0 } },
    lines: [{ type: 'message', model: OPUS, usd: '0' }],
    totalUsd: '0',
  },
];

const BANDS: BillingCase[] = [
  // 0.006 + 0.0003 + 0.00125 + 0.0005.
  haiku('a prompt of exactly 100,000 tokens is in the low band', AT_THRESHOLD, '0.00805'),
  // 60,001 × 0.5 + 30,000 × 0.05 + 10,000 × 0.625 + 1,000 × 2.5.
  haiku(
    'one token more makes every token of the request five times as dear',
    { ...AT_THRESHOLD, input_tokens: 60_001 },
    '0.0402505',
  ),
  // 100,000 × 0.10 + 128,000 × 0.50.
  haiku('output does not count towards the band', { input_tokens: 100_000, output_tokens: 128_000 }, '0.074'),
  {
    rule: 'passes that only together exceed the threshold are priced as one long prompt, and say so',
    answer: {
      model: HAIKU,
      usage: {
        input_tokens: 120_000,
        output_tokens: 1_000,
        iterations: [iteration('message', HAIKU, 60_000, 400), iteration('message', HAIKU, 60_000, 600)],
      },
    },
    // 120,000 × 0.5 + 1,000 × 2.5.
    lines: [{ type: 'message', model: HAIKU, usd: '0.0625', flags: ['assumed_prompt_band'] }],
    totalUsd: '0.0625',
  },
  {
    rule: 'so are the counts of a search loop that lists no passes',
    answer: {
      model: HAIKU,
      usage: {
        input_tokens: 120_000,
        output_tokens: 1_000,
        server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
      },
    },
    lines: [{ type: 'message', model: HAIKU, usd: '0.0725', flags: ['assumed_prompt_band'] }],
    totalUsd: '0.0725',
  },
];

const FEES: BillingCase[] = [
  everyClass(
    'web searches cost a cent each',
    { server_tool_use: { web_search_requests: 3, web_fetch_requests: 0 } },
    '0.0491',
  ),
  everyClass(
    'web fetches are free',
    { server_tool_use: { web_search_requests: 0, web_fetch_requests: 4 } },
    '0.0191',
  ),
  // 0.0382 × 1.1 + 0.01.
  everyClass(
    'fees are multiplied by neither speed nor place',
    {
      server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
      speed: 'fast',
      inference_geo: 'us',
    },
    '0.05202',
  ),
  {
    ...everyClass(
      'searches are counted by the counter, not by the blocks that show them',
      { server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } },
      '0.0291',
    ),
    answer: {
      model: OPUS,
      content: [1, 2].map((id) => ({
        type: 'server_tool_use',
        id: `srvtoolu_${id}`,
        name: 'web_search',
        input: {},
      })),
      usage: { ...EVERY_CLASS, server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } },
    },
  },
];

const WHO_PAYS: BillingCase[] = [
  everyClass('a call billed to oneself by name is charged', {}, '0.0191', {
    request: { billing_policy: { type: 'billing_policy', bill_to: 'self' } },
  }),
  {
    rule: 'a call billed to the customer behind a user profile costs the team nothing, and says so',
    request: { billing_policy: { type: 'billing_policy', bill_to: 'user_profile' } },
    answer: { model: OPUS, usage: EVERY_CLASS },
    lines: [{ type: 'message', model: OPUS, usd: '0', billed: false, flags: ['billed_to_user_profile'] }],
    totalUsd: '0',
  },
];

export const dimensions = { SPEED_AND_PLACE, CACHES, BANDS, FEES, WHO_PAYS };
