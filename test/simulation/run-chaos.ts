import { once } from 'node:events';
import { startProgram } from '../integration/ledger/programs.ts';

/** Ten seconds are enough where the machine has time; a run goes on until every kind of fault has happened. */
export const CHAOS_TIMEOUT_MS = 600_000;

export interface ChaosRun {
  code: number | null;
  /** The document on stdout. */
  told: string;
  complaint: string;
  /** The kinds of fault that happened, in the order of the alphabet, as stderr counts them. */
  faults(): string[];
}

/** `chaos -- <kind>` for ten seconds, as people run it. */
export async function runChaos(kind: 'gate' | 'ledger', seed: string): Promise<ChaosRun> {
  const chaos = startProgram(new URL('../chaos/chaos-main.ts', import.meta.url), [
    ...[kind, '--seconds', '10', '--json', '--seed', seed],
  ]);
  let [told, complaint] = ['', ''];
  chaos.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  chaos.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(chaos, 'close');
  const faults = () => {
    const counted = [...complaint.matchAll(/^ *(\d+) × (.+)$/gm)];
    return counted.flatMap(([, count, fault]) => (Number(count) > 0 ? (fault ?? []) : [])).toSorted();
  };
  return { code, told, complaint, faults };
}
