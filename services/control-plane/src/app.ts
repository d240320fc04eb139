import { type Clock, type Logger, silentLogger } from '@tallygate/usage';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { addressedHere, bearerRequired, bearerRequiredWhenForwarded } from './access.ts';
import { errorAnswers, routeUnknown } from './answers.ts';
import { STYLE_SOURCE } from './page/style.ts';
import { budgets } from './routes/budgets.ts';
import { healthz, readyz } from './routes/health.ts';
import { metrics } from './routes/metrics.ts';
import { overview } from './routes/overview.ts';
import type { RouteParts, ServedRuntime } from './routes/parts.ts';
import { reconciliation } from './routes/reconciliation.ts';
import { bodyWithinLimit, remoteCalls } from './routes/remote-calls.ts';
import { spend } from './routes/spend.ts';
import { usage } from './routes/usage.ts';

export interface ControlPlaneOptions {
  runtime: ServedRuntime;
  clock: Clock;
  logger?: Logger;
  /** What a write must carry. Default: the token of the runtime's data directory; with neither, every write is refused. */
  token?: string | null;
  /** How long the page and the readiness probe wait for gate and ledger. Default 5,000. */
  patienceMs?: number;
}

const PATIENCE_MS = 5_000;

/**
 * The HTTP face of a runtime, as one Hono app: an overview page, four routes to read, metrics, two probes, and the routes by which
 * other processes use this gate and ledger.
 *
 * Promise: nothing is written without the token; no answer is given to a name that is not this machine's; an error is
 * `{ error: { code, message, cure } }` and never a zero; neither tokens nor keys reach an answer or the log.
 */
export function createControlPlane(options: ControlPlaneOptions): { app: Hono } {
  const { runtime, clock, logger = silentLogger, patienceMs = PATIENCE_MS } = options;
  const parts: RouteParts = { runtime, clock, logger, patienceMs };
  const token = () => options.token ?? runtime.token;
  const app = new Hono();
  app.onError(errorAnswers(logger));
  app.notFound(routeUnknown);
  app.use(protectiveHeaders, neverStored, addressedHere);

  app.get('/healthz', healthz);
  app.get('/readyz', readyz(parts));
  const reader = bearerRequiredWhenForwarded(token);
  app.get('/', reader, overview(parts));
  app.get('/metrics', reader, metrics(parts));
  app.get('/v1/spend', reader, spend(parts));
  app.get('/v1/usage', reader, usage(parts));
  app.get('/v1/budgets', reader, budgets(parts));
  app.get('/v1/reconciliation', reader, reconciliation(parts));
  app.post('/v1/*', bearerRequired(token), bodyWithinLimit, remoteCalls(parts));
  return { app };
}

/** Nothing may be loaded, run, framed or sent from the page; its one style is known by its hash. */
const protectiveHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [STYLE_SOURCE],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // For the TLS proxy in front to decide: on loopback there is no TLS, and the name is everybody's.
  strictTransportSecurity: false,
});

/** Every answer is a balance of this moment. */
const neverStored: Parameters<Hono['use']>[1] = async (context, next) => {
  await next();
  context.header('cache-control', 'no-store');
};
