import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXCHANGES } from './exchanges.ts';
import { type Verdict, verdictOf } from './judge.ts';
import type { Load, OpenPeer, SdkModule } from './peer.ts';
import { PEERS } from './peers.ts';
import { fetchOf, perform } from './stage.ts';
import { type StreamCpu, streamCpuOf } from './stream-cpu.ts';

/** What the process of a peer tells the bench. */
export interface PeerReport extends StreamCpu {
  verdicts: Verdict[];
}

/** Long enough for the callbacks of a stream that the application left. */
const SETTLING_MS = 50;

/** One peer in a process of its own, so that no instrumentation touches another: `peer-main <name> <folder>`. */
const [name = '', folder = ''] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
// Whoever reaches for the network shall fail and not count as fast.
globalThis.fetch = () => Promise.reject(new Error('The bench has no network.'));

const bareSdk = load('@anthropic-ai/sdk') as SdkModule;
forgetSdk();
const peer = await openPeer(load);
const report: PeerReport = {
  verdicts: await judged(peer),
  ...(await streamCpuOf(peer, (options) => new bareSdk.Anthropic(options))),
};
process.send?.(report, () => process.exit(0));

/** The peer gets a copy of the SDK to itself: some rewrite its prototypes, and the bare one must stay bare. */
function forgetSdk(): void {
  for (const path of Object.keys(load.cache)) {
    if (path.includes('/@anthropic-ai/sdk/')) delete load.cache[path];
  }
}

async function openPeer(from: Load): Promise<OpenPeer> {
  const found = PEERS.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`No peer is named "${name}".`);
  return found.open(from);
}

async function judged(open: OpenPeer): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const exchange of EXCHANGES) {
    const fetch = fetchOf(exchange);
    await perform(open.client({ apiKey: 'bench', logLevel: 'off', fetch }), exchange);
    await wait(SETTLING_MS);
    const records = await open.take();
    verdicts.push(verdictOf(exchange, records.map(open.figuresOf), records));
  }
  return verdicts;
}
