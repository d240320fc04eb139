import { type BillingCase, OPUS, OPUS_4_8 } from './billing-case.ts';

/** A refusal of 1,000 tokens read and 5 written, which the provider counts whether it bills them or not. */
const refusal = (category: string | null, model = OPUS) => ({
  model,
  content: [],
  stop_reason: 'refusal',
  stop_details: category === null ? null : { type: 'refusal', category },
  usage: { input_tokens: 1_000, output_tokens: 5, service_tier: 'standard' },
});

const free = { usd: '0', billed: false };

/** 0.004 + 0.0001 on Opus 5.5. */
function beforeOutput(category: string | null, isBilled: boolean): BillingCase {
  return {
    rule: `a refusal of category ${category} before any output is ${isBilled ? 'charged' : 'free'}`,
    answer: refusal(category),
    status: 'refused',
    lines: [{ type: 'message', model: OPUS, ...(isBilled ? { usd: '0.0041' } : free) }],
    totalUsd: isBilled ? '0.0041' : '0',
  };
}

function onDay(at: string, category: string, model: string, usd: string | null): BillingCase {
  return {
    rule: `before output, ${category} at ${at} is ${usd === null ? 'free' : 'charged'}`,
    at,
    answer: refusal(category, model),
    status: 'refused',
    lines: [{ type: 'message', model, ...(usd === null ? free : { usd }) }],
    totalUsd: usd ?? '0',
  };
}

export const refusals: BillingCase[] = [
  beforeOutput('bio', true),
  beforeOutput('frontier_llm', true),
  beforeOutput('reasoning_extraction', true),
  beforeOutput('a_category_of_next_year', true),
  beforeOutput('cyber', false),
  beforeOutput('general_harms', false),
  beforeOutput(null, false),
  onDay('2026-09-24T00:00:00.000Z', 'bio', OPUS, '0.0041'),
  onDay('2026-09-23T23:59:59.999Z', 'bio', OPUS, null),
  onDay('2026-06-02T00:00:00.000Z', 'bio', OPUS_4_8, null),
  // 0.005 + 0.000125.
  onDay('2026-06-01T23:59:59.999Z', 'cyber', OPUS_4_8, '0.005125'),
  {
    rule: 'a refusal after output began charges what was read and written, in a category that is else free',
    answer: {
      ...refusal('cyber'),
      content: [{ type: 'text', text: 'First,' }],
      usage: { input_tokens: 1_000, output_tokens: 60 },
    },
    status: 'refused',
    // 0.004 + 0.0012.
    lines: [{ type: 'message', model: OPUS, usd: '0.0052' }],
    totalUsd: '0.0052',
  },
];
