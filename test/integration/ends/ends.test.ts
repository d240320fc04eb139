import type Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { type Door, endsRig, PARAMS, type Policy, sendRest } from './ends-rig.ts';
import { ERROR_PIECE, EXACT_COST_NANO_USD, OUTPUT_TOKENS, PIECES, WHOLE_MESSAGE } from './told-message.ts';

const DOORS: Door[] = ['wrapped', 'fetch'];
const POLICIES: Policy[] = ['cut', 'drain'];
const CASES = DOORS.flatMap((door) => POLICIES.map((policy) => [door, policy] as const));

const streamed = (claude: Anthropic, signal?: AbortSignal) =>
  claude.messages.create({ ...PARAMS, stream: true }, { signal });

async function readAll(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

describe.each(CASES)('through %s, under %s', (door, policy) => {
  it('a stream that is read to its end is exact', async () => {
    const rig = await endsRig(door, policy);
    const asking = streamed(rig.claude);
    const exchange = await rig.provider.arrived();
    exchange.begin();
    const [events] = await Promise.all([asking, sendRest(exchange, PIECES)]);
    await readAll(events);
    expect(await rig.row()).toMatchObject({ status: 'ok', basis: 'reported', requestId: 'req_driven' });
    await rig.meter.close();
    const spent = { spent: EXACT_COST_NANO_USD, held: 0n };
    expect(await rig.gate.balances()).toMatchObject([spent]);
  });

  it('an abort before the headers closes the connection: it may have been billed, so it is unknown', async () => {
    const rig = await endsRig(door, policy);
    const caller = new AbortController();
    const asking = streamed(rig.claude, caller.signal);
    const exchange = await rig.provider.arrived();
    caller.abort();
    await expect(asking).rejects.toThrow('Request was aborted.');
    expect(await exchange.closed).toBe('cut');
    expect(await rig.row()).toMatchObject({ status: 'unknown', basis: 'estimated', httpStatus: null });
  });

  it('a timeout of the client before the headers closes the connection, and is unknown too', async () => {
    const rig = await endsRig(door, policy, { client: { timeout: 200 } });
    const asking = streamed(rig.claude);
    const exchange = await rig.provider.arrived();
    await expect(asking).rejects.toThrow('Request timed out.');
    expect(await exchange.closed).toBe('cut');
    expect(await rig.row()).toMatchObject({ status: 'unknown', basis: 'estimated' });
  });

  it('a call that is aborted already sends nothing more than it would without us', async () => {
    const rig = await endsRig(door, policy);
    await expect(streamed(rig.claude, AbortSignal.abort())).rejects.toThrow('Request was aborted.');
    expect(rig.events).toEqual([]);
  });

  it('a connection that the provider cuts is an estimate, and its error is the caller’s', async () => {
    const rig = await endsRig(door, policy);
    const asking = streamed(rig.claude);
    const exchange = await rig.provider.arrived();
    exchange.begin();
    for (const piece of PIECES.slice(0, 5)) await exchange.send(piece);
    const reading = readAll(await asking);
    exchange.destroy();
    await expect(reading).rejects.toThrow('terminated');
    const lines = [{ usage: { uncachedInputTokens: 1000 } }];
    expect(await rig.row()).toMatchObject({ status: 'aborted', basis: 'estimated', lines });
  });

  it('an error event is an estimate of what was seen before it, by its name', async () => {
    const rig = await endsRig(door, policy);
    const asking = streamed(rig.claude);
    const exchange = await rig.provider.arrived();
    exchange.begin();
    const sending = sendRest(exchange, [...PIECES.slice(0, 5), ERROR_PIECE]);
    await expect(readAll(await asking)).rejects.toThrow('Overloaded');
    await sending;
    const error = { status: 'aborted', basis: 'estimated', errorCode: 'overloaded_error' };
    expect(await rig.row()).toMatchObject(error);
  });

  it('a stream that nobody reads is unknown when the meter closes', async () => {
    const rig = await endsRig(door, policy);
    const asking = streamed(rig.claude);
    const exchange = await rig.provider.arrived();
    exchange.begin();
    await exchange.send(PIECES[0] ?? '');
    const events = await asking;
    await rig.meter.close();
    expect(rig.events).toMatchObject([{ status: 'unknown', basis: 'estimated', httpStatus: 200 }]);
    await Promise.all([sendRest(exchange, PIECES.slice(1)), readAll(events)]);
    expect(rig.events).toHaveLength(1);
  });
});

/** What has headers but no event yet has been accepted, and will be billed. */
describe.each(DOORS)('an abort between headers and first event, through %s', (door) => {
  async function aborted(policy: Policy) {
    const rig = await endsRig(door, policy);
    const caller = new AbortController();
    const asking = streamed(rig.claude, caller.signal);
    const exchange = await rig.provider.arrived();
    exchange.begin();
    const reading = readAll(await asking);
    caller.abort();
    await reading;
    return { rig, exchange };
  }

  it('is unknown under cut', async () => {
    const { rig, exchange } = await aborted('cut');
    expect(await exchange.closed).toBe('cut');
    expect(await sendRest(exchange, PIECES)).toBe(0);
    expect(await rig.row()).toMatchObject({ status: 'unknown', basis: 'estimated', httpStatus: 200 });
  });

  it('is exact under drain', async () => {
    const { rig, exchange } = await aborted('drain');
    expect(await sendRest(exchange, PIECES)).toBe(PIECES.length);
    const lines = [{ usage: { uncachedInputTokens: 1000, outputTokens: OUTPUT_TOKENS } }];
    expect(await rig.row()).toMatchObject({ status: 'ok', basis: 'reported', lines });
  });
});

describe.each(DOORS)('a whole message whose caller leaves in its midst, through %s', (door) => {
  async function left(policy: Policy) {
    const rig = await endsRig(door, policy);
    const caller = new AbortController();
    const asking = rig.claude.messages.create(PARAMS, { signal: caller.signal }).asResponse();
    const exchange = await rig.provider.arrived();
    exchange.begin('application/json');
    await exchange.send(WHOLE_MESSAGE.slice(0, 100));
    const reading = (await asking).text();
    caller.abort();
    await expect(reading).rejects.toThrow('aborted');
    return { rig, exchange };
  }

  it('is unknown under cut', async () => {
    const { rig, exchange } = await left('cut');
    expect(await exchange.closed).toBe('cut');
    expect(await rig.row()).toMatchObject({ status: 'unknown', basis: 'estimated' });
  });

  it('is exact under drain', async () => {
    const { rig, exchange } = await left('drain');
    await sendRest(exchange, [WHOLE_MESSAGE.slice(100)]);
    const lines = [{ usage: { outputTokens: OUTPUT_TOKENS } }];
    expect(await rig.row()).toMatchObject({ status: 'ok', basis: 'reported', lines });
  });
});
