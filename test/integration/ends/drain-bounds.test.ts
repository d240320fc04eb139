import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Feature } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { endsRig, PARAMS, type Policy, sendRest } from './ends-rig.ts';
import { OUTPUT_TOKENS, PIECES } from './told-message.ts';

const BEFORE = 5;
const SEEN = { uncachedInputTokens: 1000 };

/** A stream that was left by `break` after a few pieces. */
async function leftStream(bounds: Partial<Feature> = {}, policy: Policy = 'drain') {
  const rig = await endsRig('wrapped', policy, { bounds });
  const asking = rig.claude.messages.create({ ...PARAMS, stream: true });
  const exchange = await rig.provider.arrived();
  exchange.begin();
  for (const piece of PIECES.slice(0, BEFORE)) await exchange.send(piece);
  for await (const event of await asking) if (event.type === 'content_block_start') break;
  return { rig, exchange };
}

it('a drain ends as a cut when its time is over: the connection closes, and the row is an estimate', async () => {
  const { rig, exchange } = await leftStream({ drainSeconds: 1 });
  expect(await exchange.closed).toBe('cut');
  const lines = [{ usage: SEEN, flags: ['output_estimated'] }];
  expect(await rig.row()).toMatchObject({ status: 'aborted', basis: 'estimated', lines });
});

it('a drain ends as a cut when it has read its bytes', async () => {
  const { rig, exchange } = await leftStream({ drainMegabytes: 1 });
  const ping = `event: ping\ndata: {"type":"ping","filler":"${'x'.repeat(50_000)}"}\n\n`;
  const sent = await sendRest(exchange, Array(2_000).fill(ping));
  expect(sent).toBeGreaterThan(20);
  expect(sent).toBeLessThan(2_000);
  expect(await exchange.closed).toBe('cut');
  expect(await rig.row()).toMatchObject({ status: 'aborted', basis: 'estimated', lines: [{ usage: SEEN }] });
});

it('a drain whose connection breaks is an estimate by the name of the error, and disturbs nobody', async () => {
  const { rig, exchange } = await leftStream();
  exchange.destroy();
  const broken = { status: 'aborted', basis: 'estimated', errorCode: 'UND_ERR_SOCKET' };
  expect(await rig.row()).toMatchObject({ ...broken, lines: [{ usage: SEEN }] });
});

it('close() waits for no drain: it ends as a cut, settled by what was seen', async () => {
  const { rig, exchange } = await leftStream();
  expect(rig.events).toEqual([]);
  await rig.meter.close();
  expect(rig.events).toMatchObject([{ status: 'aborted', basis: 'estimated', lines: [{ usage: SEEN }] }]);
  expect(await exchange.closed).toBe('cut');
  expect(await rig.gate.balances()).toMatchObject([{ held: 0n }]);
});

it('who leaves after close() is cut: nothing is read behind a meter that is closed', async () => {
  const rig = await endsRig('wrapped', 'drain');
  const asking = rig.claude.messages.create({ ...PARAMS, stream: true });
  const exchange = await rig.provider.arrived();
  exchange.begin();
  for (const piece of PIECES.slice(0, BEFORE)) await exchange.send(piece);
  for await (const event of await asking) {
    if (event.type === 'content_block_start') await rig.meter.close();
    if (event.type === 'content_block_delta') break;
  }
  expect(await exchange.closed).toBe('cut');
  expect(rig.events).toMatchObject([{ status: 'aborted' }]);
});

it('leaving after the last event keeps the row exact', async () => {
  const rig = await endsRig('wrapped', 'drain');
  const asking = rig.claude.messages.create({ ...PARAMS, stream: true });
  const exchange = await rig.provider.arrived();
  exchange.begin();
  for (const piece of PIECES) await exchange.send(piece);
  for await (const event of await asking) if (event.type === 'message_stop') break;
  expect(await rig.row()).toMatchObject({ status: 'ok', basis: 'reported' });
  exchange.end();
  expect(await exchange.closed).toBe('whole');
  await rig.meter.close();
  expect(rig.events).toHaveLength(1);
});

it('a policy that is published is in force with the next call', async () => {
  const { rig, exchange } = await leftStream({}, 'cut');
  expect(await exchange.closed).toBe('cut');
  const live = await rig.gate.configuration();
  const features = live.features?.map((feature) => ({ ...feature, onLeave: 'drain' as const }));
  await rig.gate.publish({ ...live, version: live.version + 1, features });
  const asking = rig.claude.messages.create({ ...PARAMS, stream: true });
  const next = await rig.provider.arrived();
  next.begin();
  await next.send(PIECES[0] ?? '');
  for await (const _event of await asking) break;
  expect(await sendRest(next, PIECES.slice(1))).toBe(PIECES.length - 1);
  await expect.poll(() => rig.events.length).toBe(2);
  expect(rig.events[1]).toMatchObject({ status: 'ok', lines: [{ usage: { outputTokens: OUTPUT_TOKENS } }] });
});

it.each<[Policy, string, string]>([
  ['cut', 'unknown', 'estimated'],
  ['drain', 'ok', 'reported'],
])(
  'under %s a stream that is lost unread is %s and %s once it is collected',
  async (policy, status, basis) => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const rig = await endsRig('fetch', policy);
    const ask = async () => {
      const body = JSON.stringify({ ...PARAMS, stream: true });
      const asking = rig.send(`${rig.provider.url}/v1/messages`, { method: 'POST', body });
      const exchange = await rig.provider.arrived();
      exchange.begin();
      await exchange.send(PIECES[0] ?? '');
      await asking;
      return exchange;
    };
    const exchange = await ask();
    const sending = policy === 'drain' ? sendRest(exchange, PIECES.slice(1)) : null;
    while (rig.events.length === 0) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sending;
    expect(rig.events).toMatchObject([{ status, basis }]);
    await rig.meter.close();
  },
);

it('who leaves after close() is cut, also where the answer arrived only then', async () => {
  const rig = await endsRig('wrapped', 'drain');
  const asking = rig.claude.messages.create({ ...PARAMS, stream: true });
  const exchange = await rig.provider.arrived();
  await rig.meter.close();
  exchange.begin();
  for (const piece of PIECES.slice(0, BEFORE)) await exchange.send(piece);
  for await (const event of await asking) if (event.type === 'content_block_start') break;
  expect(await exchange.closed).toBe('cut');
  expect(rig.events).toMatchObject([{ status: 'unknown' }]);
});
