import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openTallygate } from 'tallygate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../application/application-process.ts';
import { type Exchange, startDrivenProvider } from './driven-provider.ts';
import { sendRest } from './ends-rig.ts';
import { EXACT_COST_NANO_USD, OUTPUT_TOKENS, PIECES } from './told-message.ts';

const PROGRAM = fileURLToPath(new URL('./ending-main.ts', import.meta.url));
const BEFORE = 5;

interface Ending {
  exchange: Exchange;
  ended: Promise<unknown>;
  dataDirectory: string;
}

/** An application in a process of its own that has read, or left, the beginning of a stream. */
async function ending(policy: 'reading' | 'cut' | 'drain', how: string): Promise<Ending> {
  const provider = await startDrivenProvider();
  const dataDirectory = temporaryDirectory();
  const loaded = ['--conditions=@tallygate/source', '--import', import.meta.resolve('tsx'), PROGRAM];
  const child: ChildProcess = spawn(process.execPath, [...loaded, policy, how], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], PROVIDER_URL: provider.url, TALLYGATE_DATA: dataDirectory },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const exchange = await provider.arrived();
  exchange.begin();
  for (const piece of PIECES.slice(0, BEFORE)) await exchange.send(piece);
  return { exchange, ended, dataDirectory };
}

/** What the next process on that directory finds of it. */
async function foundAfter({ dataDirectory }: Ending) {
  const runtime = await openTallygate({ dataDirectory, organization: 'acme' });
  try {
    await runtime.sink.adopt();
    await runtime.sink.flush();
    const range = { organization: 'acme', fromMs: 0, toMs: 4_000_000_000_000 };
    const rows = await runtime.history?.spend({ ...range, by: 'ended', groupBy: ['status'] });
    const counts = await runtime.history?.counts(range);
    return { rows, counts };
  } finally {
    await runtime.close();
  }
}

const ONCE = { events: 1, duplicates: 0, settlements: 1 };
/** Input as reported, output as seen: no more than the placeholder and a few deltas. */
const ESTIMATED = {
  rows: [{ group: { status: 'aborted' }, usage: { uncachedInputTokens: 1000 } }],
  counts: ONCE,
};
const EXACT = {
  rows: [
    {
      group: { status: 'ok' },
      usage: { uncachedInputTokens: 1000, outputTokens: OUTPUT_TOKENS },
      contractedCostNanoUsd: EXACT_COST_NANO_USD,
    },
  ],
  counts: ONCE,
};

describe('a process that ends', () => {
  it.each([
    ['reading', 'process.exit', 3],
    ['reading', 'an error that nobody catches', 1],
    ['drain', 'process.exit', 3],
    ['drain', 'SIGTERM', 'SIGTERM'],
    ['drain', 'close()', 4],
  ] as const)(
    'while the stream is at "%s", by %s, leaves an estimate of what it saw',
    async (policy, how, code) => {
      const process = await ending(policy, how);
      expect(await process.ended).toBe(code);
      expect(await process.exchange.closed).toBe('cut');
      expect(await foundAfter(process)).toMatchObject(ESTIMATED);
    },
  );

  it('because nothing is left to do does so at once under cut', async () => {
    const process = await ending('cut', 'nothing left to do');
    expect(await process.ended).toBe(0);
    expect(await foundAfter(process)).toMatchObject(ESTIMATED);
  });

  it('because nothing is left to do waits for its drain, and its row is exact', async () => {
    const process = await ending('drain', 'nothing left to do');
    expect(await sendRest(process.exchange, PIECES.slice(BEFORE))).toBe(PIECES.length - BEFORE);
    expect(await process.ended).toBe(0);
    expect(await foundAfter(process)).toMatchObject(EXACT);
  });
});
