import { describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { type Delivery, wholeDelivery } from './byte-source.ts';
import { firstDifference } from './first-difference.ts';
import { attempt, type ReadBody } from './look.ts';
import { MADE_UP } from './made-up.ts';
import { observe } from './observe.ts';
import { byFetch } from './readings.ts';
import { recordedTokens, seenTokens } from './tokens.ts';

/** What did not hold once, and does since it was found. */
type Known = readonly [name: string, exchange: string, read: ReadBody, delivery?: Partial<Delivery>];

const toItsEnd: ReadBody = async (response, note) => note('text', await response.text());

const byAnyReader: ReadBody = async (response, note) => {
  const reader = response.body?.getReader();
  for (let result = await reader?.read(); result?.done === false; result = await reader?.read())
    note('chunk', result.value);
};

async function run([name, id, read, delivery]: Known) {
  const exchange = MADE_UP.find((each) => each.id === id) ?? expect.unreachable(id);
  const { meter, events } = meterRig();
  const given = { ...wholeDelivery(exchange.bytes), ...delivery };
  const bare = await observe(byFetch(name, read), exchange, given, ['bare', meter]);
  const metered = await observe(byFetch(name, read), exchange, given, ['fetch', meter]);
  await meter.close();
  return { bare, metered, seen: seenTokens(metered), recorded: recordedTokens(events) };
}

const SEEN: readonly Known[] = [
  [
    'blob() has the type that the platform parsed, not the header as it came',
    'a stream',
    async (response, note) => note('type', (await response.blob()).type),
  ],
  [
    'a body counts as used as soon as it is piped',
    'a stream',
    async (response, note) => {
      const text = response.body?.pipeThrough(new TextDecoderStream());
      note('used', response.bodyUsed);
      await text?.cancel();
    },
  ],
  [
    'a body whose piping failed is not locked any more',
    'a stream',
    async (response, note) => {
      await attempt(note, 'piped', () => response.body?.pipeTo(new WritableStream()));
      note('locked', response.body?.locked);
    },
    { ending: { kind: 'fail', error: new TypeError('terminated') } },
  ],
  [
    'an empty chunk is piped on, too',
    'a stream of nothing',
    async (response, note) => {
      const write = (chunk: Uint8Array) => note('written', chunk);
      await response.body?.pipeTo(new WritableStream({ write }));
    },
    { chunks: [new Uint8Array()], stream: 'plain' },
  ],
];

const RECORDED: readonly Known[] = [
  [
    'a chunk that had arrived when the caller cancelled',
    'a stream',
    async (response, note) => {
      const reader = response.body?.getReader();
      const arrived = reader?.read();
      await reader?.cancel();
      note('chunk', (await arrived)?.value);
    },
  ],
  [
    'a message that had arrived whole when the connection broke',
    'a message',
    byAnyReader,
    { ending: { kind: 'fail', error: new TypeError('terminated') } },
  ],
  [
    'what a reader reads after text() was refused because of its lock',
    'a stream',
    async (response, note) => {
      const reader = response.body?.getReader();
      await response.text().catch(() => undefined);
      note('chunk', (await reader?.read())?.value);
      await reader?.cancel();
    },
  ],
  [
    'what is read of a response whose clone was left before',
    'a stream',
    async (response, note) => {
      const left = response.clone().body?.cancel();
      await toItsEnd(response, note);
      await left;
    },
  ],
  ['a stream whose lines end in CR alone, which the SDK reads', 'a stream with CR', toItsEnd],
  ['a stream that names no content type, which the SDK reads', 'a stream without a type', toItsEnd],
];

const named = (known: readonly Known[]) => known.map((each) => [each[0], each] as const);

describe('mended differences', () => {
  it.each(named(SEEN))('seen alike: %s', async (_name, known) => {
    const { bare, metered } = await run(known);
    expect(firstDifference(bare, metered)).toBeNull();
  });

  it.each(named(RECORDED))('recorded as seen: %s', async (_name, known) => {
    const { seen, recorded } = await run(known);
    expect(recorded.input).toBeGreaterThanOrEqual(seen.input);
  });
});
