import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText, streamText } from 'ai';
import { type Call, describeMeteredClient } from './metered-client.contract.ts';
import { MODEL } from './metered-fixtures.ts';
import { attributionHeaders } from './metered-sdk.ts';

describeMeteredClient({
  name: 'Vercel AI SDK 6 through tally.fetch',
  connect(meter, send) {
    const model = createAnthropic({ apiKey: 'test', fetch: meter.fetch(send) })(MODEL);
    const settings = ({ attribution, signal }: Call) => ({
      model,
      prompt: 'What is in the report?',
      maxOutputTokens: 50,
      maxRetries: 2,
      headers: attributionHeaders(attribution),
      ...(signal && { abortSignal: signal }),
    });
    return {
      create: async (call = {}) => (await generateText(settings(call))).text,
      stream: (call = {}) => streamText({ ...settings(call), onError: () => undefined }).textStream,
    };
  },
  tiesTries: false,
  retries: true,
  wireUrl: /^https:\/\/api\.anthropic\.com\/v1\/messages$/,
  statusOf: (error) => (error as { statusCode?: unknown }).statusCode,
  denial: { name: 'BudgetExceededError', code: 'TALLYGATE_BUDGET_EXCEEDED' },
});
