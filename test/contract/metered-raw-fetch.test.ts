import { type Call, describeMeteredClient } from './metered-client.contract.ts';
import { MODEL } from './metered-fixtures.ts';
import { attributionHeaders, messageParams } from './metered-sdk.ts';

/** A caller that knows nothing but `fetch`. */
function connect(tallyFetch: typeof fetch) {
  const post = async (extra: object, { attribution, signal }: Call) => {
    const response = await tallyFetch('https://api.anthropic.com/v1/messages', {
      method: 'POST',
      headers: {
        'x-api-key': 'test',
        'content-type': 'application/json',
        ...attributionHeaders(attribution),
      },
      body: JSON.stringify({ ...messageParams(MODEL), ...extra }),
      ...(signal && { signal }),
    });
    if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
    return response;
  };
  return {
    async create(call: Call = {}) {
      const { content } = (await (await post({}, call)).json()) as { content: { text: string }[] };
      return content.map(({ text }) => text).join('');
    },
    async *stream(call: Call = {}) {
      const { body } = await post({ stream: true }, call);
      for await (const chunk of body ?? []) {
        const text = /"text_delta","text":"(?<text>[^"]+)"/.exec(new TextDecoder().decode(chunk));
        if (text?.groups?.['text'] !== undefined) yield text.groups['text'];
      }
    },
  };
}

describeMeteredClient({
  name: 'raw fetch through tally.fetch',
  connect: (meter, send) => connect(meter.fetch(send)),
  tiesTries: false,
  retries: false,
  wireUrl: /^https:\/\/api\.anthropic\.com\/v1\/messages$/,
  statusOf: (error) => (error as { status?: unknown }).status,
  denial: { name: 'BudgetExceededError', code: 'TALLYGATE_BUDGET_EXCEEDED' },
});
