import { type BillingCase, FABLE, iteration, OPUS, SONNET } from './billing-case.ts';

const hop = (from: string, to: string, category: string | null) => ({
  type: 'fallback',
  from: { model: from },
  to: { model: to },
  trigger: { type: 'refusal', category },
});
const text = { type: 'text', text: 'Four pages.' };

/** Fable 5.2 declines, Opus 5.5 answers: 412 read, 264 written are 0.001648 + 0.00528 = 0.006928. */
function declined(category: string | null, output: number) {
  return {
    model: OPUS,
    startModel: FABLE,
    content: [hop(FABLE, OPUS, category), text],
    usage: {
      input_tokens: 412,
      output_tokens: 264,
      iterations: [iteration('message', FABLE, 408, output), iteration('fallback_message', OPUS, 412, 264)],
    },
  };
}
const answered = { type: 'fallback_message', model: OPUS, usd: '0.006928' };

export const fallbacks: BillingCase[] = [
  {
    rule: 'a decline of a free category costs nothing, the fallback its own model’s price',
    answer: declined('cyber', 0),
    lines: [{ type: 'message', model: FABLE, usd: '0', billed: false }, answered],
    totalUsd: '0.006928',
  },
  {
    rule: 'a decline of a billed category is charged at the price of the model that declined',
    answer: declined('bio', 0),
    // 408 × 8.
    lines: [{ type: 'message', model: FABLE, usd: '0.003264' }, answered],
    totalUsd: '0.010192',
  },
  {
    rule: 'a decline in the middle of its output is charged in any category',
    answer: declined('cyber', 30),
    // 0.003264 + 30 × 40.
    lines: [{ type: 'message', model: FABLE, usd: '0.004464' }, answered],
    totalUsd: '0.011392',
  },
  {
    rule: 'each of two declines is judged by its own category',
    answer: {
      model: SONNET,
      startModel: FABLE,
      content: [hop(FABLE, OPUS, 'bio'), hop(OPUS, SONNET, 'cyber'), text],
      usage: {
        input_tokens: 412,
        output_tokens: 264,
        iterations: [
          iteration('message', FABLE, 408, 0),
          iteration('fallback_message', OPUS, 412, 0),
          iteration('fallback_message', SONNET, 412, 264),
        ],
      },
    },
    lines: [
      { type: 'message', model: FABLE, usd: '0.003264' },
      { type: 'fallback_message', model: OPUS, usd: '0', billed: false },
      // 412 × 2 + 264 × 10.
      { type: 'fallback_message', model: SONNET, usd: '0.003464' },
    ],
    totalUsd: '0.006728',
  },
  {
    rule: 'a decline after turns with server tools is one attempt, charged because output began',
    answer: {
      model: OPUS,
      startModel: FABLE,
      content: [text, hop(FABLE, OPUS, 'cyber'), text],
      usage: {
        input_tokens: 1_500,
        output_tokens: 150,
        iterations: [
          iteration('message', FABLE, 500, 40),
          iteration('message', FABLE, 600, 0),
          iteration('fallback_message', OPUS, 700, 100),
          iteration('fallback_message', OPUS, 800, 50),
        ],
      },
    },
    lines: [
      // 1,100 × 8 + 40 × 40.
      { type: 'message', model: FABLE, usd: '0.0104' },
      // 1,500 × 4 + 150 × 20.
      { type: 'fallback_message', model: OPUS, usd: '0.009' },
    ],
    totalUsd: '0.0194',
  },
  {
    rule: 'every model declining before output costs nothing in free categories',
    answer: {
      model: OPUS,
      startModel: FABLE,
      content: [hop(FABLE, OPUS, 'cyber')],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: 'cyber' },
      usage: {
        input_tokens: 412,
        output_tokens: 0,
        iterations: [iteration('message', FABLE, 408, 0), iteration('fallback_message', OPUS, 412, 0)],
      },
    },
    status: 'refused',
    lines: [
      { type: 'message', model: FABLE, usd: '0', billed: false },
      { type: 'fallback_message', model: OPUS, usd: '0', billed: false },
    ],
    totalUsd: '0',
  },
  {
    rule: 'a redeemed fallback credit is in the counts already: nothing is subtracted again',
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 5_000,
        cache_creation_input_tokens: 0,
        output_tokens: 100,
        fallback_credit: { type: 'redeemed' },
      },
    },
    // 0.00004 + 0.001 + 0.002.
    lines: [{ type: 'message', model: OPUS, usd: '0.00304' }],
    totalUsd: '0.00304',
  },
  {
    rule: 'a fallback credit that was not applied leaves the cache write at its price',
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 5_000,
        cache_creation: { ephemeral_5m_input_tokens: 5_000, ephemeral_1h_input_tokens: 0 },
        output_tokens: 100,
        fallback_credit: { type: 'not_applied', reason: 'expired' },
      },
    },
    // 0.00004 + 0.025 + 0.002.
    lines: [{ type: 'message', model: OPUS, usd: '0.02704' }],
    totalUsd: '0.02704',
  },
];
