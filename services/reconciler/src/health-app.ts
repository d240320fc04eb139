import { Hono } from 'hono';
import { metricsText } from './metrics.ts';
import type { ReconcilerHealth } from './reconciler-service.ts';

/**
 * `GET /health`: 200 while reports are made on time, 503 otherwise, with the reason in the body. `GET /metrics`: the same for
 * Prometheus. No secrets, no amounts.
 */
export function healthApp(health: () => ReconcilerHealth): Hono {
  const app = new Hono();
  app.get('/health', (c) => {
    const answer = health();
    const isWell = answer.status === 'ok' || answer.status === 'starting';
    c.header('cache-control', 'no-store');
    return c.json(answer, isWell ? 200 : 503);
  });
  app.get('/metrics', (c) =>
    c.body(metricsText(health()), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  return app;
}
