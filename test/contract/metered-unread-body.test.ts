import { expect, it } from 'vitest';
import { MESSAGE_COST_NANO_USD, MODEL, message, meterRig, scriptedProvider } from './metered-fixtures.ts';
import { messageParams } from './metered-sdk.ts';

const streamedRequest = (): RequestInit => ({
  method: 'POST',
  body: new Blob([JSON.stringify(messageParams(MODEL))]).stream(),
  duplex: 'half',
});

it('a streamed body is charged exactly by its answer when observing, though nothing of it was known before', async () => {
  const { meter, events, gate } = meterRig({ mode: 'observe' });
  const provider = scriptedProvider([message]);
  const tallyFetch = meter.fetch(provider.fetch);
  await (await tallyFetch('https://api.anthropic.com/v1/messages', streamedRequest())).json();
  await meter.close();
  expect(JSON.parse(provider.received[0]?.body ?? '')).toEqual(messageParams(MODEL));
  expect(events).toMatchObject([
    {
      status: 'ok',
      requestModel: '',
      lines: [{ responseModel: MODEL, listCostNanoUsd: MESSAGE_COST_NANO_USD }],
    },
  ]);
  expect(await gate.balances()).toMatchObject([{ spent: MESSAGE_COST_NANO_USD, held: 0n }]);
});

it('a streamed body is refused unsent when enforcing, and holds nothing', async () => {
  const { meter, gate } = meterRig();
  const provider = scriptedProvider([message]);
  const call = meter.fetch(provider.fetch)('https://api.anthropic.com/v1/messages', streamedRequest());
  await expect(call).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
  await meter.close();
  expect(provider.received).toEqual([]);
  expect(await gate.balances()).toMatchObject([{ spent: 0n, held: 0n }]);
});
