import { TallygateError } from '@tallygate/usage';
import type { TallygateRuntime } from 'tallygate';

/** What a load balancer asks before it sends anybody here. */
export interface Readiness {
  ready: boolean;
  gate: 'ok' | string;
  ledger: 'ok' | string;
}

const PATIENCE_MS = 5_000;

/** Asks both for something small. A part that does not answer in time is as bad as one that fails. */
export async function readinessOf(runtime: TallygateRuntime): Promise<Readiness> {
  const [gate, ledger] = await Promise.all([
    verdict('TALLYGATE_GATE_UNAVAILABLE', runtime.gate.configuration()),
    verdict(
      'TALLYGATE_LEDGER_UNAVAILABLE',
      runtime.remoteBackend.history.lastConfigVersion(runtime.organization),
    ),
  ]);
  return { ready: gate === 'ok' && ledger === 'ok', gate, ledger };
}

async function verdict(silence: string, question: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(silence), PATIENCE_MS);
  });
  const answer = question.then(
    () => 'ok',
    (error: unknown) => (TallygateError.isInstance(error) ? error.code : silence),
  );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
