import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import { wrapClient } from '@tallygate/meter';
import { DRAIN_DEFAULTS, type Feature, type UsageEvent } from '@tallygate/usage';
import { type MeterRig, MODEL, meterRig } from '../../contract/metered-fixtures.ts';
import { type DrivenProvider, type Exchange, startDrivenProvider } from './driven-provider.ts';

export type Policy = Feature['onLeave'];
/** How calls reach the provider: without the meter, or by one of its doors. */
export type Door = 'bare' | 'wrapped' | 'fetch';

export const PARAMS = {
  model: MODEL,
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'hi' }],
};

export interface EndsRig extends MeterRig {
  claude: Anthropic;
  /** What the client sends by: metered behind the door "fetch". */
  send: typeof fetch;
  provider: DrivenProvider;
  row(): Promise<UsageEvent>;
}

export async function endsRig(
  door: Door,
  policy: Policy,
  { bounds = {}, client = {} }: { bounds?: Partial<Feature>; client?: ClientOptions } = {},
): Promise<EndsRig> {
  const provider = await startDrivenProvider();
  const rig = meterRig({ features: [{ id: 'chat', onLeave: policy, ...DRAIN_DEFAULTS, ...bounds }] });
  const send = door === 'fetch' ? rig.meter.fetch() : fetch;
  const bare = new Anthropic({
    apiKey: 'test',
    baseURL: provider.url,
    maxRetries: 0,
    logLevel: 'off',
    fetch: send,
    ...client,
  });
  const claude = door === 'wrapped' ? wrapClient(bare, rig.meter.middleware) : bare;
  return { ...rig, claude, send, provider, row: () => rig.firstRow };
}

/** Sends what is left of the pieces for as long as somebody takes them. Returns how many went out. */
export async function sendRest(exchange: Exchange, pieces: readonly string[]): Promise<number> {
  const before = exchange.sent;
  for (const piece of pieces) if (!(await exchange.send(piece))) break;
  exchange.end();
  return exchange.sent - before;
}
