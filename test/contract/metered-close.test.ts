import { expect, it } from 'vitest';
import { message, meterRig, scriptedProvider } from './metered-fixtures.ts';
import { messageParams } from './metered-sdk.ts';

it('a response that is read after the meter closed has one row and one settlement, not two', async () => {
  const { meter, events, settlements } = meterRig();
  const tallyFetch = meter.fetch(scriptedProvider([message]).fetch);
  const response = await tallyFetch('https://api.anthropic.com/v1/messages', {
    method: 'POST',
    body: JSON.stringify(messageParams('claude-haiku-5-5')),
  });
  await meter.close();
  await response.json();
  await meter.settled();
  expect(events).toMatchObject([{ status: 'unknown' }]);
  expect(settlements).toHaveLength(1);
});
