import type { BudgetGate } from '@tallygate/usage';
import { TallygateError } from '@tallygate/usage';
import { type ControlPlaneOptions, createControlPlane } from '../app.ts';
import { clock, type ServedWorld, servedWorld, TOKEN } from './served-world.ts';

export interface TestPlane extends ServedWorld {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** A control plane that is asked without a socket. Text is sent as it is, everything else as JSON, with the right token. */
export function testPlane(gate: BudgetGate, options: Partial<ControlPlaneOptions> = {}): TestPlane {
  const world = servedWorld(gate, options.runtime ?? {});
  const { runtime, logger } = world;
  const { app } = createControlPlane({ clock, logger, patienceMs: 50, ...options, runtime });
  return {
    ...world,
    get: async (path, headers = {}) => app.request(`http://127.0.0.1:4680${path}`, { headers }),
    post: async (path, body, headers = { authorization: `Bearer ${TOKEN}` }) =>
      app.request(`http://127.0.0.1:4680${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

/** Makes the ledger of a world answer every question as `fail` does. */
export function breakLedger({ history }: ServedWorld, fail: () => Promise<never> = ledgerAway): void {
  Object.assign(history, {
    spend: fail,
    counts: fail,
    lastReports: fail,
    lastConfigVersion: fail,
    settledTotals: fail,
  });
}

async function ledgerAway(): Promise<never> {
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });
}
