import { type BillingCase, FABLE, iteration, OPUS, SONNET } from './billing-case.ts';

export const iterations: BillingCase[] = [
  {
    rule: 'an advisor is charged at its own model, beside the turns of the executor',
    answer: {
      model: SONNET,
      usage: {
        input_tokens: 2_390,
        output_tokens: 121,
        iterations: [
          iteration('message', SONNET, 1_000, 21),
          iteration('advisor_message', OPUS, 2_518, 22),
          iteration('message', SONNET, 1_390, 100),
        ],
      },
    },
    lines: [
      // 0.00478 + 0.00121.
      { type: 'message', model: SONNET, usd: '0.00599' },
      // 0.010072 + 0.00044.
      { type: 'advisor_message', model: OPUS, usd: '0.010512' },
    ],
    totalUsd: '0.016502',
  },
  {
    rule: 'an advisor of a fast answer is charged at standard speed: it is a call of its own',
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 1_000,
        output_tokens: 100,
        speed: 'fast',
        iterations: [iteration('message', OPUS, 1_000, 100), iteration('advisor_message', FABLE, 500, 50)],
      },
    },
    lines: [
      // 1,000 × 8 + 100 × 40.
      { type: 'message', model: OPUS, usd: '0.012' },
      // 500 × 8 + 50 × 40.
      { type: 'advisor_message', model: FABLE, usd: '0.006' },
    ],
    totalUsd: '0.018',
  },
  {
    rule: 'a compaction, which the totals leave out, is charged at the requested model',
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 612,
        output_tokens: 2_819,
        iterations: [iteration('compaction', null, 60_385, 522), iteration('message', OPUS, 612, 2_819)],
      },
    },
    lines: [
      // 0.24154 + 0.01044.
      { type: 'compaction', model: OPUS, usd: '0.25198', flags: ['model_assumed:compaction'] },
      // 0.002448 + 0.05638.
      { type: 'message', model: OPUS, usd: '0.058828' },
    ],
    totalUsd: '0.310808',
  },
  {
    rule: 'the lifetimes of cache writes are those of each iteration',
    answer: {
      model: OPUS,
      usage: {
        input_tokens: 0,
        cache_creation_input_tokens: 3_000,
        cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 0 },
        output_tokens: 0,
        iterations: [
          {
            ...iteration('message', OPUS, 0, 0),
            cache_creation_input_tokens: 1_000,
            cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 0 },
          },
          {
            ...iteration('message', OPUS, 0, 0),
            cache_creation_input_tokens: 2_000,
            cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2_000 },
          },
        ],
      },
    },
    // 1,000 × 5 + 2,000 × 8, although the first event of a stream knew but the first of them.
    lines: [{ type: 'message', model: OPUS, usd: '0.021' }],
    totalUsd: '0.021',
  },
  {
    rule: 'programmatic tool calls are turns of the model: their tokens are charged, their container is in no usage',
    answer: {
      model: OPUS,
      container: { id: 'container_1', expires_at: '2026-11-20T12:05:00Z' },
      content: [
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution', input: { code: 'look()' } },
        {
          type: 'tool_use',
          id: 'toolu_1',
          name: 'look',
          input: {},
          caller: { type: 'code_execution_20260120', tool_id: 'srvtoolu_1' },
        },
      ],
      stop_reason: 'tool_use',
      usage: {
        input_tokens: 2_200,
        output_tokens: 150,
        server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
        iterations: [iteration('message', OPUS, 1_000, 100), iteration('message', OPUS, 1_200, 50)],
      },
    },
    // 2,200 × 4 + 150 × 20.
    lines: [{ type: 'message', model: OPUS, usd: '0.0118' }],
    totalUsd: '0.0118',
  },
];
