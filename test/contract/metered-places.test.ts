import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { wrapClient } from '@tallygate/meter';
import { describe, expect, it } from 'vitest';
import { MESSAGE_COST_NANO_USD, MODEL, message, meterRig, scriptedProvider } from './metered-fixtures.ts';

/** What a partner charges beyond the list for a place of one's own choice. */
const REGIONAL_PERCENT = 110n;

async function lineOnBedrock(model: string) {
  const rig = meterRig();
  const client = new AnthropicBedrock({
    apiKey: 'bedrock-key',
    awsRegion: 'eu-west-1',
    fetch: scriptedProvider([message]).fetch,
  });
  const claude = wrapClient(client, rig.meter.middleware);
  await claude.messages.create({ model, max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] });
  await rig.meter.close();
  return rig.events[0]?.lines[0];
}

describe('a call on Bedrock, whose answer names the plain model', () => {
  it('is charged the list price when its profile is global', async () => {
    expect(await lineOnBedrock(`global.anthropic.${MODEL}`)).toMatchObject({
      responseModel: MODEL,
      inferenceGeo: 'global',
      listCostNanoUsd: MESSAGE_COST_NANO_USD,
      flags: [],
    });
  });

  it('is charged the regional surcharge when its profile is regional, without guessing', async () => {
    expect(await lineOnBedrock(`eu.anthropic.${MODEL}`)).toMatchObject({
      inferenceGeo: 'eu',
      listCostNanoUsd: (MESSAGE_COST_NANO_USD * REGIONAL_PERCENT) / 100n,
      flags: [],
    });
  });

  it('is charged the dearer reading, and says so, when nothing tells the place', async () => {
    expect(await lineOnBedrock(`anthropic.${MODEL}`)).toMatchObject({
      inferenceGeo: null,
      listCostNanoUsd: (MESSAGE_COST_NANO_USD * REGIONAL_PERCENT) / 100n,
      flags: ['assumed_regional'],
    });
  });
});
