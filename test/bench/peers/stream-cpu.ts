import type Anthropic from '@anthropic-ai/sdk';
import type { ClientOptions } from '@anthropic-ai/sdk';
import { cpuMicrosOf, medianRatio, repeat } from '../measure.ts';
import { calls, streamedResponse } from '../meter-rig.ts';
import type { OpenPeer } from './peer.ts';

const ROUNDS = 31;
const WARM_UP_ROUNDS = 5;
const STREAMS_PER_ROUND = 60;

/** The stream by which the meter itself is measured. */
const OPTIONS: ClientOptions = { apiKey: 'bench', logLevel: 'off', fetch: async () => streamedResponse() };

export interface StreamCpu {
  /** CPU of a stream with the peer ÷ without, what the peer does later included. */
  streamCpuRatio: number;
  /** Without ÷ without. */
  bareAgainRatio: number;
}

/** Interleaved, and each round begins with another contestant: to be first or last is no merit. */
export async function streamCpuOf(
  peer: OpenPeer,
  bare: (options: ClientOptions) => Anthropic,
): Promise<StreamCpu> {
  const watched = streams(peer.client(OPTIONS));
  const contestants = {
    bare: streams(bare(OPTIONS)),
    peer: () => watched().then(async () => void (await peer.take())),
    again: streams(bare(OPTIONS)),
  };
  const names = ['bare', 'peer', 'again'] as const;
  for (const name of names) await repeat(WARM_UP_ROUNDS, contestants[name]);
  const micros = { bare: [] as number[], peer: [] as number[], again: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [place] of names.entries()) {
      const name = names[(round + place) % names.length] ?? 'bare';
      micros[name].push(await cpuMicrosOf(contestants[name]));
    }
  }
  return {
    streamCpuRatio: medianRatio(micros.peer, micros.bare),
    bareAgainRatio: medianRatio(micros.again, micros.bare),
  };
}

function streams(claude: Anthropic): () => Promise<void> {
  const { stream } = calls(claude);
  return () => repeat(STREAMS_PER_ROUND, stream);
}
