import type Anthropic from '@anthropic-ai/sdk';
import { nanoFromUsd, type UsageEvent } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingCase } from './billing-case.ts';
import { type Provider, startApplication, startProvider } from './billing-rig.ts';
import { dimensions } from './dimensions.ts';
import { fallbacks } from './fallbacks.ts';
import { iterations } from './iterations.ts';
import { refusals } from './refusals.ts';

type Send = (claude: Anthropic, params: Anthropic.MessageCreateParamsNonStreaming) => Promise<unknown>;

async function readAll(events: PromiseLike<AsyncIterable<unknown>>): Promise<void> {
  for await (const _event of await events);
}

/** The same answer must cost the same, however it is asked for. */
const WAYS: [string, Send][] = [
  ['whole', (claude, params) => claude.messages.create(params)],
  ['streamed', (claude, params) => readAll(claude.messages.create({ ...params, stream: true }))],
  ['whole, beta', (claude, params) => claude.beta.messages.create(params)],
  ['streamed, beta', (claude, params) => readAll(claude.beta.messages.create({ ...params, stream: true }))],
];

const NOON = '2026-11-20T12:00:00.000Z';
const TABLES: [string, BillingCase[]][] = [
  ['refusals', refusals],
  ['fallbacks', fallbacks],
  ['iterations', iterations],
  ['speed, place and tier', dimensions.SPEED_AND_PLACE],
  ['caches', dimensions.CACHES],
  ['prompt bands', dimensions.BANDS],
  ['fees', dimensions.FEES],
  ['who pays', dimensions.WHO_PAYS],
];

let provider: Provider;

beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

async function billed({ at = NOON, request = {}, answer }: BillingCase, send: Send) {
  provider.answers = [answer];
  const application = startApplication(provider.url, Date.parse(at));
  const params = { model: answer.startModel ?? answer.model, max_tokens: 1_000, ...request };
  await send(application.claude, { ...params, messages: [{ role: 'user', content: 'Look into it.' }] });
  const balance = await application.close();
  return { events: application.events, balance };
}

function linesOf(event: UsageEvent | undefined) {
  return event?.lines.map((line) => ({
    type: line.lineType,
    model: line.responseModel,
    listCostNanoUsd: line.listCostNanoUsd,
    billed: line.billed,
    flags: line.flags,
  }));
}

describe.each(TABLES)('billing of %s', (_table, cases) => {
  describe.each(WAYS)('%s', (_way, send) => {
    it.each(cases.map((found) => [found.rule, found] as const))('%s', async (_rule, found) => {
      const { events, balance } = await billed(found, send);
      expect(events).toMatchObject([{ status: found.status ?? 'ok', basis: 'reported', unknownUsage: null }]);
      const expected = found.lines.map(({ usd, billed = true, flags = [], ...line }) => {
        return { ...line, listCostNanoUsd: nanoFromUsd(usd), billed, flags };
      });
      expect(linesOf(events[0])).toEqual(expected);
      expect(balance).toMatchObject({ spent: nanoFromUsd(found.totalUsd), held: 0n });
    });
  });
});
